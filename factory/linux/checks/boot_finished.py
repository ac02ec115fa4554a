"""See `boot_finished`."""

from collections.abc import Iterator

from factory.guest.command import MINUTE, Output, sh_script
from factory.guest.units import Family, Stage, check


@check(
    Stage.AFTER_PROVISION,
    Family.LINUX,
    probe=sh_script("timeout 300 systemctl is-system-running --wait; true", timeout=6 * MINUTE).if_exists(
        "/run/systemd/system"
    ),
    proof="namespace guest",
)
def boot_finished(output: Output) -> Iterator[str]:
    """The boot comes to an end: no job of systemd waits for ever.

    `degraded` ended too; which unit failed is told by `failed_units`.
    """
    state = output.stdout.strip()
    if state not in ("running", "degraded"):
        yield f"systemd is still {state or 'silent'} after five minutes"
