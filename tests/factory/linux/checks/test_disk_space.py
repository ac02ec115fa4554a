"""There is room to work."""

from factory.guest.command import Output
from factory.linux.checks.disk_space import disk_space
from tests.factory.linux.known import context_of

RECORDED = """Filesystem     1024-blocks     Used Available Capacity Mounted on
overlay          264212084 24548264  81842648      24% /
/dev/sda3           999320   999320      1024     100% /var
"""


def test_room_enough_is_no_finding() -> None:
    assert disk_space(Output(0, "\n".join(RECORDED.splitlines()[:2])), context_of()) == []


def test_a_full_file_system_is_named_with_what_is_left() -> None:
    assert disk_space(Output(0, RECORDED), context_of()) == ["only 1 MiB are free on /var"]
