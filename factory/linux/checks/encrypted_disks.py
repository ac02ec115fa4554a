"""See `encrypted_disks`."""

from collections.abc import Iterator

from factory.guest.command import Output, sh
from factory.guest.units import Family, Stage, check


@check(Stage.BEFORE_GENERALIZE, Family.LINUX, probe=sh("cat", "/proc/self/mounts"), proof="documented")
def encrypted_disks(output: Output) -> Iterator[str]:
    """No disk is encrypted from inside by Azure Disk Encryption.

    The key belongs to the old machine, and Azure refuses to make an image of it. Encryption at host and disk
    encryption sets are outside of the guest and no hindrance.
    """
    for line in output.stdout.splitlines():
        device, target = [*line.split(), "", ""][:2]
        if device == "/dev/mapper/osencrypt" or target.startswith("/mnt/azure_bek_disk"):
            yield f"{target} is part of Azure Disk Encryption ({device}): decrypt the disks first"
