"""Disks: overlay layers and block devices that can be copied while the machine runs."""

from __future__ import annotations

import pytest

from localazure.guests.base import DataDisk, GuestError
from localazure.guests.namespace.host import NamespaceHost
from tests.localazure.guests.conftest import Lab, until

pytestmark = pytest.mark.guest

MAKE_DATA = """
mkfs.ext4 -q /dev/disk/azure/scsi1/lun3
uuid=$(blkid -o value -s UUID /dev/sdc)
mkdir -p /data
echo "UUID=$uuid /data ext4 defaults 0 2" >> /etc/fstab
mount /data
echo precious > /data/file
"""


async def test_a_data_disk_is_a_block_device_that_is_mounted_from_fstab_at_the_next_boot(lab: Lab) -> None:
    content = await lab.host.create_empty(1)
    disk = DataDisk(3, content, 1, "data")
    guest = await (await lab.boot(data=(disk,))).ready()
    await guest.sudo(MAKE_DATA)
    assert (await guest.ssh("lsblk -bno NAME,SIZE,TYPE")).split() == ["sdc", str(1 << 30), "disk"]
    assert (await guest.ssh("readlink -f /dev/disk/azure/scsi1/lun3")).strip() == "/dev/sdc"

    await lab.host.power_off(guest.id, graceful=True)
    again = await lab.boot(guest.spec.os_disk, key=guest.key, provision=False, data=(disk,))

    assert await again.ssh("cat /data/file; findmnt -no FSTYPE /data") == "precious\next4\n"


async def test_a_file_system_made_by_a_guest_is_named_in_its_dev_as_udev_would(lab: Lab) -> None:
    disk = DataDisk(0, await lab.host.create_empty(1), 1, "data")
    guest = await (await lab.boot(data=(disk,))).ready()
    await guest.sudo("mkfs.ext4 -q -L first /dev/sdc")
    await guest.sudo("until test -e /dev/disk/by-label/first; do sleep 0.1; done")
    uuid = (await guest.sudo("blkid -o value -s UUID /dev/sdc")).strip()
    assert (await guest.ssh(f"readlink -f /dev/disk/by-uuid/{uuid}")).strip() == "/dev/sdc"
    await guest.sudo(
        "mkfs.ext4 -q -F -L second /dev/sdc; until test -e /dev/disk/by-label/second; do sleep 0.1; done"
    )
    assert (await guest.ssh("ls /dev/disk/by-label")).split() == ["second"]


async def test_an_fstab_entry_for_a_disk_that_is_not_there_keeps_the_machine_from_booting(lab: Lab) -> None:
    disk = DataDisk(3, await lab.host.create_empty(1), 1, "data")
    guest = await (await lab.boot(data=(disk,))).ready()
    await guest.sudo(MAKE_DATA)
    await lab.host.power_off(guest.id, graceful=True)

    without = await lab.boot(guest.spec.os_disk, provision=False)

    with pytest.raises(AssertionError, match="agent"):
        await until(lambda: without.report().agent_status is not None, 5, "agent")
    assert b"emergency" in lab.host.serial_log(without.id).lower()


async def test_disks_copied_together_from_a_running_machine_fit_together_and_stay_independent(
    lab: Lab,
) -> None:
    disk = DataDisk(0, await lab.host.create_empty(1), 1, "data")
    guest = await (await lab.boot(data=(disk,))).ready()
    await guest.sudo(MAKE_DATA.replace("lun3", "lun0"))
    # A writer that numbers both disks: the data disk first, the OS disk after it.
    step = "i=$((i+1)); for d in /data /root; do echo $i > $d/new; mv $d/new $d/n; done"
    writer = f"i=0; while :; do {step}; done"
    await guest.sudo(f"nohup sh -c '{writer}' > /dev/null 2>&1 & until test -e /root/n; do sleep 0.1; done")

    os_copy, data_copy = await lab.host.copy([guest.spec.os_disk, disk.content])
    later = await guest.sudo("cat /root/n /data/n")
    await guest.sudo("echo gone > /data/file; rm -rf /usr/games; sync")

    copied = DataDisk(0, data_copy, 1, "copy")
    second = await lab.boot(os_copy, key=guest.key, provision=False, data=(copied,))
    on_os, on_data, file = (await second.sudo("cat /root/n /data/n /data/file")).split()
    assert int(on_data) - int(on_os) in (0, 1), (on_os, on_data)
    assert int(on_os) <= int(later.split()[0])
    assert file == "precious"
    await lab.host.power_off(second.id, graceful=False)
    assert (await guest.ssh("cat /data/file")).strip() == "gone", "the source went on undisturbed"


async def test_a_file_that_was_deleted_stays_deleted_in_a_copy_of_a_copy(lab: Lab) -> None:
    guest = await (await lab.boot()).ready()
    await guest.sudo(
        "rm /etc/debian_version; rm -r /usr/share/common-licenses; mkdir /usr/share/common-licenses"
    )
    await lab.host.power_off(guest.id, graceful=True)

    [once] = await lab.host.copy([guest.spec.os_disk])
    await lab.host.discard(guest.spec.os_disk)
    [twice] = await lab.host.copy([once])
    await lab.host.discard(once)

    second = await lab.boot(twice, key=guest.key, provision=False)
    assert (
        await second.ssh("ls /usr/share/common-licenses | wc -l; test -e /etc/debian_version || echo no")
    ).split() == [
        "0",
        "no",
    ]


async def test_a_disk_in_use_is_not_discarded(lab: Lab) -> None:
    guest = await lab.boot()
    with pytest.raises(GuestError, match="in use"):
        await lab.host.discard(guest.spec.os_disk)


async def test_a_data_disk_takes_the_room_of_what_is_on_it(lab: Lab) -> None:
    disk = DataDisk(0, await lab.host.create_empty(64), 64, "data")
    guest = await (await lab.boot(data=(disk,))).ready()
    await guest.sudo("mkfs.ext4 -q -E nodiscard,lazy_itable_init=1 /dev/sdc; sync")
    [copy] = await lab.host.copy([disk.content])
    assert lab.host.used_bytes(copy) < 200 << 20


async def test_a_state_directory_may_have_an_awkward_name(_image: None, tmp_path) -> None:  # type: ignore[no-untyped-def]
    state = tmp_path / "state, of: affairs"
    lab = Lab(NamespaceHost(state), state, tmp_path)
    try:
        assert await (await lab.boot()).ready()
    finally:
        await lab.host.shutdown()
