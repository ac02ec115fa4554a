"""See `failed_units`."""

from collections.abc import Iterator

from factory.guest.command import Output, sh
from factory.guest.units import Family, Stage, check


@check(
    Stage.AFTER_PROVISION,
    Family.LINUX,
    probe=sh("systemctl", "list-units", "--state=failed", "--plain", "--no-legend", "--no-pager").if_exists(
        "/run/systemd/system"
    ),
    after=("boot_finished", "cloud_init_done"),
    proof="namespace guest",
)
def failed_units(output: Output) -> Iterator[str]:
    """No unit of systemd failed. `systemctl is-system-running` says no more than `degraded` of the same."""
    for line in output.stdout.splitlines():
        words = line.strip().lstrip("●").split(None, 4)
        if words:
            title = f" ({words[4]})" if len(words) > 4 else ""
            yield f"{words[0]}{title} failed"
