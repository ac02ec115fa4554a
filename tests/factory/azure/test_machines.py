"""VMs: what is read of them, what is asked for, how states are waited for."""

from datetime import timedelta

import pytest

from factory.azure import machines
from factory.azure.client import Azure
from factory.azure.machine_bodies import attached_body, image_body, image_reference
from factory.azure.machine_models import Plan, SecurityProfile, read_machine
from factory.errors import ExtensionFailed, InvalidInput, NotFound, OperationNotAllowed, OperationTimedOut
from tests.factory.azure import bodies
from tests.factory.azure.bodies import NIC, VM
from tests.factory.azure.conftest import JumpingClock
from tests.factory.azure.wire import COMPUTE, Answer, Wire, fails, running, succeeded

SOON = timedelta(minutes=5)
TAGS = {"run": "r-1"}


def test_a_machine_is_read_with_all_that_a_backup_needs() -> None:
    machine = read_machine(bodies.machine(), "rg")
    assert (machine.id, machine.size, machine.os_type, machine.zones) == (
        VM,
        "Standard_D2s_v5",
        "Linux",
        ("1",),
    )
    assert [(disk.lun, disk.name, disk.size_gb, disk.sku, disk.caching) for disk in machine.disks] == [
        (None, "os", 30, "Premium_LRS", "ReadWrite"),
        (7, "data", 8, "Standard_LRS", "ReadOnly"),
    ]
    assert machine.interface_ids == (NIC,)
    assert machine.plan == Plan("acme", "debian", "hardened")
    assert machine.security == SecurityProfile("TrustedLaunch", True, True)
    assert (machine.generation, machine.power_state, machine.vm_id) == ("V2", "running", "0000-1")
    assert (machine.computer_name, machine.admin_username) == ("web", "azureuser")
    assert machine.raw["identity"]["principalId"] == "p"
    assert "raw" not in repr(machine)


@pytest.mark.parametrize(
    "statuses",
    [
        ("OSState/generalized", "ProvisioningState/succeeded", "PowerState/deallocated"),
        ("PowerState/deallocated", "SomethingNew/x", "ProvisioningState/succeeded", "OSState/generalized"),
    ],
)
def test_statuses_are_read_by_their_prefix_wherever_they_stand(statuses: tuple[str, ...]) -> None:
    machine = read_machine(bodies.machine(*statuses), "rg")
    assert machine.power_state == "deallocated"
    assert machine.generalized


def test_the_reason_of_a_failed_provisioning_is_read_from_its_status() -> None:
    code = "ProvisioningState/failed/OSProvisioningTimedOut"
    machine = read_machine(bodies.machine(code, provisioningState="Failed"), "rg")
    assert machine.provisioning_error == "OSProvisioningTimedOut"
    assert machine.power_state is None
    assert not machine.generalized


def test_an_ephemeral_disk_and_a_standard_vm_are_told_apart_from_others() -> None:
    body = bodies.machine()
    body["properties"]["storageProfile"]["osDisk"]["diffDiskSettings"] = {"option": "Local"}
    body["properties"]["securityProfile"] = {"securityType": "Standard"}
    machine = read_machine(body, "rg")
    assert machine.ephemeral
    assert machine.security_type is None


def test_a_clone_is_like_its_source_and_everything_on_it_goes_with_it() -> None:
    source = read_machine(bodies.machine(), "rg")
    body = attached_body(
        "westeurope",
        source,
        size="S",
        os_disk_id="/os2",
        data_disks={7: "/data2"},
        interface_id="/nic2",
        tags=TAGS,
    )
    properties = body["properties"]
    os_disk, (data,) = properties["storageProfile"]["osDisk"], properties["storageProfile"]["dataDisks"]
    assert (os_disk["createOption"], os_disk["osType"], os_disk["caching"]) == (
        "Attach",
        "Linux",
        "ReadWrite",
    )
    assert (data["lun"], data["caching"], data["managedDisk"]) == (7, "ReadOnly", {"id": "/data2"})
    (interface,) = properties["networkProfile"]["networkInterfaces"]
    options = [os_disk["deleteOption"], data["deleteOption"], interface["properties"]["deleteOption"]]
    assert options == ["Delete"] * 3
    assert properties["securityProfile"]["securityType"] == "TrustedLaunch"
    assert body["plan"] == {"publisher": "acme", "product": "debian", "name": "hardened"}
    assert "osProfile" not in properties, "Azure refuses one with attached disks"
    assert "zones" not in body, "copies of its disks are regional"


def test_a_machine_from_an_image_takes_a_key_and_no_password_and_every_disk_of_the_image() -> None:
    body = image_body(
        "westeurope",
        image=f"{COMPUTE}/galleries/g/images/i/versions/1.0.0",
        size="S",
        computer_name="probe",
        admin="tester",
        public_key="ssh-ed25519 AAAA",
        os_disk_name="probe-os",
        luns=(0, 7),
        interface_id="/nic",
        tags=TAGS,
        security=SecurityProfile(),
        plan=None,
    )
    properties = body["properties"]
    linux = properties["osProfile"]["linuxConfiguration"]
    assert linux["disablePasswordAuthentication"]
    assert linux["ssh"]["publicKeys"] == [
        {"path": "/home/tester/.ssh/authorized_keys", "keyData": "ssh-ed25519 AAAA"}
    ]
    assert "adminPassword" not in properties["osProfile"]
    assert [disk["lun"] for disk in properties["storageProfile"]["dataDisks"]] == [0, 7]
    assert "securityProfile" not in properties
    assert "plan" not in body


def test_an_image_is_named_by_id_or_urn() -> None:
    assert image_reference("/subscriptions/x") == {"id": "/subscriptions/x"}
    assert image_reference("Debian:debian-12:12-gen2:latest") == {
        "publisher": "Debian",
        "offer": "debian-12",
        "sku": "12-gen2",
        "version": "latest",
    }
    with pytest.raises(InvalidInput):
        image_reference("debian-12")


async def test_a_power_action_is_waited_for(azure: Azure, wire: Wire, clock: JumpingClock) -> None:
    headers = wire.serve_operation(running(), succeeded())
    wire.on("POST", "/deallocate", Answer(202, None, headers))
    await machines.deallocate(azure, VM, deadline=SOON)
    assert clock.sleeps == [1.0]


@pytest.mark.parametrize(
    ("verb", "path"),
    [(machines.start, "/start"), (machines.restart, "/restart"), (machines.power_off, "/powerOff")],
)
async def test_each_power_action_goes_to_its_own_address(
    azure: Azure, wire: Wire, verb: object, path: str
) -> None:
    wire.on("POST", path, Answer(202, None, wire.serve_operation(succeeded())))
    await verb(azure, VM, deadline=SOON)  # type: ignore[operator]  # three functions of one shape
    assert wire.sent("POST", path)


async def test_generalizing_a_running_machine_names_the_remedy(azure: Azure, wire: Wire) -> None:
    text = "Operation 'generalize' is not allowed on VM 'vm' since the VM is running."
    wire.on("POST", "/generalize", fails(409, "OperationNotAllowed", text))
    with pytest.raises(OperationNotAllowed, match="deallocate the VM"):
        await machines.generalize(azure, VM)


async def test_deleting_a_machine_that_is_not_there_is_fine(azure: Azure, wire: Wire) -> None:
    wire.on("DELETE", "/virtualMachines/vm", fails(404, "ResourceNotFound"))
    await machines.delete_machine(azure, VM, deadline=SOON)


async def test_a_machine_that_is_not_there_is_not_found(azure: Azure, wire: Wire) -> None:
    wire.on("GET", "/virtualMachines/vm", fails(404, "ResourceNotFound", "was not found"))
    with pytest.raises(NotFound, match="cannot read VM vm"):
        await machines.get_machine(azure, VM)


async def test_the_agent_is_waited_for_until_it_is_ready(
    azure: Azure, wire: Wire, clock: JumpingClock
) -> None:
    heard: list[str] = []
    looks = [bodies.machine(agent=None), bodies.machine(agent="Not Ready"), bodies.machine()]
    wire.on("GET", "/virtualMachines/vm", *(Answer(200, look) for look in looks))
    agent = await machines.wait_for_agent(azure, VM, deadline=SOON, progress=heard.append)
    assert (agent.version, agent.ready) == ("2.15.0.1", True)
    assert heard == ["agent: no report", "agent: Not Ready"]
    assert len(clock.sleeps) == 2


async def test_an_agent_that_never_comes_ends_the_wait_with_its_last_word(
    azure: Azure, wire: Wire, clock: JumpingClock
) -> None:
    wire.on("GET", "/virtualMachines/vm", Answer(200, bodies.machine(agent="Not Ready")))
    with pytest.raises(OperationTimedOut, match="Not Ready"):
        await machines.wait_for_agent(azure, VM, deadline=timedelta(seconds=12))
    assert clock.seconds == 12


async def test_nobody_waits_for_the_agent_of_a_machine_that_is_off(azure: Azure, wire: Wire) -> None:
    wire.on("GET", "/virtualMachines/vm", Answer(200, bodies.machine("PowerState/stopped", agent=None)))
    with pytest.raises(ExtensionFailed, match="stopped"):
        await machines.wait_for_agent(azure, VM, deadline=SOON)


async def test_the_serial_log_is_its_last_lines(azure: Azure, wire: Wire) -> None:
    blob = {"serialConsoleLogBlobUri": f"{wire.url}/logs/serial?sig=s", "consoleScreenshotBlobUri": "x"}
    wire.on("POST", "/retrieveBootDiagnosticsData", Answer(200, blob))
    wire.on("GET", "/logs/serial", Answer(200, b"one\ntwo\nthree \xff\n"))
    assert await machines.serial_log(azure, VM, lines=2) == "two\nthree �"


async def test_a_machine_without_a_serial_log_has_an_empty_one(azure: Azure, wire: Wire) -> None:
    wire.on("POST", "/retrieveBootDiagnosticsData", Answer(200, {}))
    assert await machines.serial_log(azure, VM) == ""


async def test_delete_options_are_set_on_every_disk_and_interface_and_read_back(
    azure: Azure, wire: Wire
) -> None:
    wire.on("GET", "/virtualMachines/vm", Answer(200, bodies.machine()))
    wire.on("PATCH", "/virtualMachines/vm", Answer(200, bodies.machine()))
    await machines.set_delete_options(azure, VM, "Delete", deadline=SOON)
    (patch,) = wire.sent("PATCH")
    properties = patch.body["properties"]
    (disk,) = properties["storageProfile"]["dataDisks"]
    (interface,) = properties["networkProfile"]["networkInterfaces"]
    assert properties["storageProfile"]["osDisk"] == {"deleteOption": "Delete"}
    assert (disk["lun"], disk["deleteOption"], disk["createOption"]) == (7, "Delete", "Attach")
    assert interface == {"id": NIC, "properties": {"primary": True, "deleteOption": "Delete"}}
    assert wire.requests[-1].method == "GET"
