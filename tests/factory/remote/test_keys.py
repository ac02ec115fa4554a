"""Keys live in memory and known host keys are all that is trusted."""

import subprocess
from pathlib import Path

from factory.remote.keys import HostKeys, make_key_pair


def test_two_keys_are_never_the_same() -> None:
    assert make_key_pair("a").public != make_key_pair("a").public


def test_the_private_key_is_in_no_representation() -> None:
    key = make_key_pair("golden run")
    assert "PRIVATE" not in f"{key} {key!r} {key.private}"
    assert key.public.endswith(" golden run")


def test_openssh_itself_gives_the_key_the_same_fingerprint(tmp_path: Path) -> None:
    key = make_key_pair("c")
    file = tmp_path / "key.pub"
    file.write_text(key.public)
    told = subprocess.run(["ssh-keygen", "-lf", file], check=True, capture_output=True, text=True).stdout
    assert HostKeys.from_public_keys([key.public]).fingerprints["ssh-ed25519"] == told.split()[1]


def test_a_key_of_another_type_is_not_accepted() -> None:
    known = HostKeys({"ssh-ed25519": "SHA256:x"})
    assert known.accepts("ssh-ed25519", "SHA256:x")
    assert not known.accepts("ssh-rsa", "SHA256:x")
    assert not known.accepts("ssh-ed25519", "SHA256:y")


def test_algorithms_of_known_keys_are_asked_for_first() -> None:
    offered = ("ssh-ed25519", "ecdsa-sha2-nistp256", "rsa-sha2-512", "rsa-sha2-256")
    known = HostKeys({"ssh-rsa": "SHA256:x"})
    assert known.preferred(offered) == (
        "rsa-sha2-512",
        "rsa-sha2-256",
        "ssh-ed25519",
        "ecdsa-sha2-nistp256",
    )


def test_lines_that_are_no_public_keys_are_passed_over() -> None:
    key = make_key_pair("c").public
    known = HostKeys.from_public_keys(["", "# comment", "ssh-rsa not*base64", "@@ end", key])
    assert list(known.fingerprints) == ["ssh-ed25519"]
