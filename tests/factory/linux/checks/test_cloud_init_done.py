"""cloud-init finished on the new machine, where it provisions."""

from factory.guest.command import Output
from factory.linux.checks.cloud_init_done import cloud_init_done
from tests.factory.linux.known import DEBIAN, UBUNTU, context_of

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
