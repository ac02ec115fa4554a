"""See `pending_reboot`."""

from collections.abc import Iterator
from typing import Any

from factory.guest.units import Stage
from factory.windows.probe import windows_check

_PLACES = {
    "component_servicing": "component servicing waits for one (Component Based Servicing\\RebootPending)",
    "packages_pending": "packages wait for a restart (Component Based Servicing\\PackagesPending)",
    "windows_update": "Windows Update waits for a restart (Auto Update\\RebootRequired)",
    "update_services": "Windows Update has pending services (WindowsUpdate\\Services\\Pending)",
    "updates_volatile": "an update installer waits for a restart (UpdateExeVolatile)",
    "server_manager": "a role or feature waits for a restart (ServerManager\\CurrentRebootAttempts)",
    "join_domain": "a domain join waits for a restart (Netlogon\\JoinDomain)",
}


@windows_check((Stage.BEFORE_GENERALIZE, Stage.AFTER_PROVISION), __file__, remedy="restart the machine")
def pending_reboot(answer: dict[str, Any]) -> Iterator[str]:
    """No restart is pending, in any of the places where Windows notes one.

    Sysprep refuses with "There are one or more Windows updates that require a reboot", or generalizes a
    half-serviced system. Documented places; a mending operation, `restart`, exists.
    """
    for key, sentence in _PLACES.items():
        if answer[key]:
            yield sentence
    if answer["renamed"]:
        yield f"a new computer name waits for a restart ({answer['computer_name']})"
