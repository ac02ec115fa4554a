"""See `guest_agents`."""

from collections.abc import Iterator
from typing import Any

from factory.guest.units import Stage
from factory.windows.probe import windows_check

_NEEDED = ("RdAgent", "WindowsAzureGuestAgent")


@windows_check(
    (Stage.BEFORE_GENERALIZE, Stage.AFTER_PROVISION),
    __file__,
    remedy="install the VM agent, and set its services to Automatic",
)
def guest_agents(answer: dict[str, Any]) -> Iterator[str]:
    """Azure's agents are installed and run.

    They report a new machine as provisioned; Sysprep while they start or update themselves breaks them, so
    Azure's own scripts wait for them too (documented).
    """
    found = {service["name"]: service for service in answer["services"]}
    for name in _NEEDED:
        if name not in found:
            yield f"the service {name} is not there"
        elif found[name]["start_type"] == "Disabled":
            yield f"the service {name} is disabled"
        elif found[name]["status"] != "Running":
            yield f"the service {name} is {found[name]['status']}, not Running"
