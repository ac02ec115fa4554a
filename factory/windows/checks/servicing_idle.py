"""See `servicing_idle`."""

from collections.abc import Iterator
from typing import Any

from factory.guest.units import Stage
from factory.windows.probe import Doubt, windows_check


@windows_check(
    Stage.BEFORE_GENERALIZE, __file__, remedy="let the update end (TiWorker gone), restart, and run again"
)
def servicing_idle(answer: dict[str, Any]) -> Iterator[str]:
    """Nothing is being serviced, and reserved storage is not in use.

    With an active scenario of reserved storage Sysprep fails with 0x800F0975 (documented). An installer that
    runs is told as a warning: it may be one that always runs.
    """
    if answer["active_scenario"]:
        yield f"reserved storage is in use (ReserveManager\\ActiveScenario is {answer['active_scenario']})"
    if answer["processes"]:
        yield Doubt(f"an installation is under way: {', '.join(sorted(set(answer['processes'])))}")
