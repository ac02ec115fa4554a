"""See `data_disks_present`."""

from collections.abc import Iterator

from factory.guest.command import Output, sh_script
from factory.guest.units import Family, Stage, check
from factory.linux.context import Context
from factory.linux.facts import DISKS_PROBE, parse_disks


@check(Stage.AFTER_PROVISION, Family.LINUX, probe=sh_script(DISKS_PROBE), proof="namespace guest")
def data_disks_present(output: Output, context: Context) -> Iterator[str]:
    """The image's data disks are at their LUNs, with the file systems of the source's."""
    if context.expected is None:
        yield "it is not known which data disks the image holds"
        return
    found = {disk.lun: disk for disk in parse_disks(output.stdout.splitlines())}
    source = {disk.lun: disk for disk in context.expected.source.data_disks}
    for lun in context.expected.luns:
        if lun not in found:
            yield f"there is no data disk at LUN {lun}"
            continue
        wanted = {filesystem.uuid for filesystem in source[lun].filesystems} if lun in source else set()
        missing = wanted - {filesystem.uuid for filesystem in found[lun].filesystems}
        if missing:
            yield f"the data disk at LUN {lun} lacks the file system {', '.join(sorted(missing))}"
