"""cloud-init finished on the new machine, where it provisions."""

import pytest

from factory.guest.command import Output, sh_script
from factory.linux.checks.cloud_init_done import PROBE, cloud_init_done
from tests.factory.linux.known import DEBIAN, UBUNTU, context_of
from tests.factory.linux.tree import Tree

RECORDED = """status: done
boot_status_code: enabled-by-generator
last_update: Mon, 23 Nov 2026 01:10:02 +0000
detail:
DataSourceAzure [seed=/dev/sr0]
"""


def test_done_is_no_finding() -> None:
    assert cloud_init_done(Output(0, RECORDED), context_of(UBUNTU)) == []


def test_an_error_is_found_with_its_detail() -> None:
    failed = "status: error\ndetail:\nno such datasource\n"
    assert cloud_init_done(Output(0, failed), context_of(UBUNTU)) == [
        "cloud-init's status is error: no such datasource"
    ]


def test_silence_is_a_finding() -> None:
    assert cloud_init_done(Output(0), context_of(UBUNTU)) == ["cloud-init's status is not known"]


def test_where_the_agent_provisions_cloud_init_may_be_disabled() -> None:
    disabled = context_of(DEBIAN, cloud_init="22.4.2")
    assert cloud_init_done(Output(0, "status: disabled\n"), disabled) == []


def test_where_there_is_no_cloud_init_it_does_not_apply() -> None:
    assert cloud_init_done(Output(0, skipped=True), context_of(UBUNTU)) == []


@pytest.mark.parametrize(
    ("result", "said"),
    [
        pytest.param(
            '{\n "v1": {\n  "datasource": "Azure",\n  "errors": []\n }\n}\n', "status: done\n", id="done"
        ),
        pytest.param('{\n "v1": {\n  "errors": [\n   "boom"\n  ]\n }\n}\n', "", id="with errors"),
        pytest.param(None, "", id="still at work"),
    ],
)
def test_its_own_result_says_done_and_everything_else_is_asked_of_it(
    tree: Tree, result: str | None, said: str
) -> None:
    (tree / "run/cloud-init").mkdir()
    if result:
        (tree / "run/cloud-init/result.json").write_text(result)
    [output] = tree.do(sh_script(PROBE))
    assert output.stdout == said, "where cloud-init is not installed it says nothing"
