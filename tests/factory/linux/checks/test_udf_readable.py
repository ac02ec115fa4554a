"""The kernel may read the provisioning disc."""

from factory.guest.command import Output
from factory.linux.checks.udf_readable import udf_readable
from tests.factory.linux.known import context_of
from tests.factory.linux.tree import Tree


def test_silence_is_no_finding() -> None:
    assert udf_readable(Output(0), context_of()) == []


def test_a_hardening_guides_line_is_found(tree: Tree) -> None:
    folder = tree / "etc/modprobe.d"
    folder.mkdir()
    for line in ("install udf /bin/true", "blacklist udf", "install  udf  /bin/false"):
        (folder / "cis.conf").write_text(f"# hardened\n{line}\n")
        [finding] = tree.probe(udf_readable, context_of())
        assert "provisioning disc" in finding


def test_a_comment_or_another_module_is_not(tree: Tree) -> None:
    folder = tree / "etc/modprobe.d"
    folder.mkdir()
    (folder / "cis.conf").write_text(
        "# install udf /bin/true\nblacklist udf_other\ninstall squashfs /bin/true\n"
    )
    assert tree.probe(udf_readable, context_of()) == []
