"""See `data_disks_present`."""

from collections.abc import Iterator
from typing import Any

from factory.guest.units import Stage
from factory.windows.context import Context
from factory.windows.probe import windows_check


@windows_check(Stage.AFTER_PROVISION, __file__, remedy="diskpart: san policy=OnlineAll, before Sysprep")
def data_disks_present(answer: dict[str, Any], context: Context) -> Iterator[str]:
    """The data disks are there, online, with their volumes."""
    if context.expected is None:
        yield "it is not known which data disks the machine should have"
        return
    for lun in sorted(set(context.expected.luns) - set(answer["luns"])):
        yield f"the data disk at LUN {lun} is not there"
    for number in answer["offline"]:
        yield f"disk {number} is offline (SAN policy)"
    if context.expected.luns:
        labels = {volume.label for volume in context.expected.source.volumes if volume.label}
        for label in sorted(labels - set(answer["volumes"])):
            yield f"the volume {label!r} of the source is not there"
