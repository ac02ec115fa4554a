"""See `activation`."""

from collections.abc import Iterator
from typing import Any

from factory.guest.units import Stage
from factory.windows.probe import Doubt, windows_check

_STATUS = {
    0: "unlicensed",
    1: "licensed",
    2: "in its out-of-box grace period",
    3: "in its out-of-tolerance grace period",
    4: "not genuine",
    5: "in notification mode",
    6: "in its extended grace period",
}
_LICENSED, _GRACE = 1, 2


@windows_check(Stage.AFTER_PROVISION, __file__)
def activation(answer: dict[str, Any]) -> Iterator[str]:
    """Windows is activated, or still has time to be.

    Azure's machines are activated by its key management service, which the build network may not let them
    reach: so what is not licensed is told, as a warning, and only "not genuine" is a finding.
    """
    for product in answer["products"]:
        status = _STATUS.get(product["status"], f"in an unknown state ({product['status']})")
        if product["status"] == 4:
            yield f"{product['name']} is {status}"
        elif product["status"] not in (_LICENSED, _GRACE):
            yield Doubt(f"{product['name']} is {status}")
    if not answer["products"]:
        yield Doubt("no edition of Windows has a product key")
