"""What QEMU is asked for, and the order that travels to a machine's supervisor."""

from pathlib import Path

from localazure.guests.base import DataDisk, MachineSpec, OsProfile, Rule
from localazure.guests.qemu.command import Order, RunningDisk, Wiring, command

SPEC = MachineSpec(
    machine_id="a2cde5aa-ecc6-45c2-b22c-76aa757837e5",
    name="build,01",
    os_disk="os-content",
    address="127.16.0.4",
    data_disks=(DataDisk(5, "data-content", 1, "data"),),
    inbound=(Rule("ssh", 100, "Allow", ports=("22",)),),
    provisioning=OsProfile("build01", "azureuser", admin_password="S3cret", public_keys=(("/p", "k"),)),
)
ORDER = Order(
    spec=SPEC,
    disks=(
        RunningDisk("os", "os-content", "/disks/a,b.qcow2", "qcow2"),
        RunningDisk("lun5", "data-content", "/disks/data", "raw", 5, 1),
    ),
    accelerator="tcg",
    generation="V1",
    ports=(22, 2222),
)
WIRING = Wiring(7, 9, Path("monitor"), Path("dvd.iso"), None)


def words(order: Order = ORDER, wiring: Wiring = WIRING) -> list[str]:
    return command(order, wiring, "000D3A112233")


def test_an_order_arrives_as_it_was_sent() -> None:
    assert Order.from_json(ORDER.to_json()) == ORDER


def test_the_password_is_on_no_command_line() -> None:
    assert not any("S3cret" in word for word in words())


def test_the_machine_shows_azures_chassis_and_its_own_id() -> None:
    tables = [word for word in words() if word.startswith("type=")]
    assert any("asset=7783-7084-3265-9085-8269-3286-77" in table for table in tables)
    assert any(f"uuid={SPEC.machine_id}" in table for table in tables)


def test_the_translator_does_not_show() -> None:
    assert "max,tcg-cpuid=off,erms=off" in words()


def test_a_data_disk_is_at_its_lun_with_azures_vendor() -> None:
    [disk] = [word for word in words() if word.startswith("scsi-hd")]
    assert "lun=5" in disk
    assert "vendor=Msft,product=Virtual Disk" in disk


def test_a_comma_in_a_name_ends_no_option() -> None:
    assert "build,,01" in words()
    assert any("file=/disks/a,,b.qcow2," in word for word in words())


def test_a_specialized_machine_has_no_dvd() -> None:
    bare = Wiring(7, 9, Path("monitor"), None, None)
    assert not any("ide-cd" in word for word in words(wiring=bare))
    assert any("ide-cd" in word for word in words())
