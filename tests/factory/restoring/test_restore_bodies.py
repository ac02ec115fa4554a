"""What a restore sends, made from what Azure shows with its read-only properties: valid to the schemas."""

from datetime import UTC, datetime
from typing import Any

import pytest

from factory.azure.machine_models import read_machine
from factory.manifest import MachineModel, Manifest, Part, read_machine_model
from factory.restore_plan import Live, RestorePlan, plan_restore
from tests.factory.azure import bodies
from tests.factory.azure.bodies import NIC, SUBNET
from tests.factory.azure.wire import COMPUTE, GROUP
from tests.localazure.schemas import published

pytestmark = pytest.mark.skipif(not published.FOLDER.is_dir(), reason=published.ABSENT)

NOW = datetime(2026, 3, 5, tzinfo=UTC)
PUBLIC = f"{GROUP}/providers/Microsoft.Network/publicIPAddresses/front"
KEY = f"{COMPUTE}/diskEncryptionSets/keys"
USER = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/app"
SIZES = "properties.hardwareProfile.vmSize"
"""The schema lists the sizes of its day; every size that a region offers is taken."""


def shown_disk(name: str) -> dict[str, Any]:
    """A disk as Azure shows it."""
    return {
        "id": f"{COMPUTE}/disks/{name}",
        "name": name,
        "type": "Microsoft.Compute/disks",
        "location": "westeurope",
        "managedBy": bodies.VM,
        "sku": {"name": "Premium_LRS", "tier": "Premium"},
        "zones": ["1"],
        "tags": {"team": "a"},
        "properties": {
            "osType": "Linux",
            "hyperVGeneration": "V2",
            "creationData": {"createOption": "FromImage", "imageReference": {"id": "/x"}},
            "diskSizeGB": 30,
            "diskSizeBytes": 32213303296,
            "diskIOPSReadWrite": 120,
            "diskMBpsReadWrite": 25,
            "tier": "P4",
            "encryption": {"type": "EncryptionAtRestWithCustomerKey", "diskEncryptionSetId": KEY},
            "networkAccessPolicy": "AllowAll",
            "publicNetworkAccess": "Enabled",
            "provisioningState": "Succeeded",
            "diskState": "Attached",
            "uniqueId": "u",
            "timeCreated": "2026-01-01T00:00:00+00:00",
        },
    }


def shown_interface() -> dict[str, Any]:
    """An interface as Azure shows it."""
    configuration = {
        "name": "ip",
        "id": f"{NIC}/ipConfigurations/ip",
        "etag": "W/1",
        "type": "Microsoft.Network/networkInterfaces/ipConfigurations",
        "properties": {
            "provisioningState": "Succeeded",
            "privateIPAddress": "10.0.0.9",
            "privateIPAllocationMethod": "Static",
            "privateIPAddressVersion": "IPv4",
            "publicIPAddress": {"id": PUBLIC, "properties": {"deleteOption": "Delete"}},
            "subnet": {"id": SUBNET},
            "primary": True,
            "applicationSecurityGroups": [
                {"id": f"{GROUP}/providers/Microsoft.Network/applicationSecurityGroups/a"}
            ],
        },
    }
    return {
        "id": NIC,
        "name": "nic",
        "etag": "W/1",
        "type": "Microsoft.Network/networkInterfaces",
        "location": "westeurope",
        "tags": {"team": "a"},
        "properties": {
            "provisioningState": "Succeeded",
            "resourceGuid": "g",
            "macAddress": "00-0D-3A-00-00-00",
            "primary": True,
            "virtualMachine": {"id": bodies.VM},
            "enableAcceleratedNetworking": True,
            "enableIPForwarding": False,
            "dnsSettings": {
                "dnsServers": ["10.0.0.1"],
                "appliedDnsServers": [],
                "internalDomainNameSuffix": "x",
            },
            "networkSecurityGroup": {"id": f"{GROUP}/providers/Microsoft.Network/networkSecurityGroups/n"},
            "ipConfigurations": [configuration],
            "nicType": "Standard",
            "auxiliaryMode": "None",
            "auxiliarySku": "None",
            "hostedWorkloads": [],
            "tapConfigurations": [],
        },
    }


def model() -> MachineModel:
    raw = bodies.machine(licenseType="RHEL_BYOS", timeCreated="2026-01-01T00:00:00+00:00", userData="eA==")
    raw["identity"] = {
        "type": "SystemAssigned, UserAssigned",
        "principalId": "p",
        "tenantId": "t",
        "userAssignedIdentities": {USER: {"principalId": "q", "clientId": "c"}},
    }
    storage = raw["properties"]["storageProfile"]
    names = [one["managedDisk"]["id"].rsplit("/", 1)[1] for one in (storage["osDisk"], *storage["dataDisks"])]
    return read_machine_model(
        read_machine(raw, "rg"),
        disks=[shown_disk(name) for name in names],
        interfaces=[shown_interface()],
        public_addresses={PUBLIC.lower(): {"id": PUBLIC, "properties": {"ipAddress": "203.0.113.7"}}},
        extensions=[],
    )


def plan(*, name: str | None = None, live: Live | None = None) -> RestorePlan:
    machine = model()
    manifest = Manifest(
        run_id="26030401020304ab",
        factory="golden",
        recipe="app",
        group="backup",
        taken=NOW,
        method="restore-point",
        consistency="FileSystemConsistent",
        machine=machine,
        parts=tuple(
            Part(
                lun=disk.lun,
                disk_id=disk.id,
                disk_name=disk.name,
                size_gb=disk.size_gb,
                sku=disk.sku,
                caching=disk.caching,
                source_id=f"{bodies.POINT}/diskRestorePoints/{disk.name}",
            )
            for disk in machine.disks
        ),
    )
    return plan_restore(manifest, live or Live(), restore_id="26030501020304cd", now=NOW, name=name)


def objections(kind: str, body: Any) -> list[tuple[str, str]]:
    return [one for one in published.complaints(kind, body) if one[0] != SIZES]


@pytest.mark.parametrize("name", [None, "second"])
def test_disks_interfaces_and_vm_are_valid(name: str | None) -> None:
    found = plan(name=name)
    for disk in found.disks:
        assert objections("Microsoft.Compute/disks", disk.body) == []
    for interface in found.interfaces:
        assert objections("Microsoft.Network/networkInterfaces", interface.body) == []
    assert objections("Microsoft.Compute/virtualMachines", found.body) == []


def test_what_was_set_on_a_disk_is_set_again_and_what_azure_wrote_is_not() -> None:
    properties = plan().disks[0].body["properties"]
    assert properties["encryption"]["diskEncryptionSetId"] == KEY
    assert properties["tier"] == "P4"
    assert "diskIOPSReadWrite" not in properties, "Azure shows it of every disk, and takes it of few"
    assert not {"diskState", "uniqueId", "timeCreated", "provisioningState", "osType"} & set(properties)


def test_the_vm_is_written_without_what_only_a_provisioning_can_have() -> None:
    body = plan().body
    assert not {"osProfile", "vmId", "timeCreated", "instanceView", "userData"} & set(body["properties"])
    assert body["properties"]["licenseType"] == "RHEL_BYOS"
    assert body["properties"]["securityProfile"]["securityType"] == "TrustedLaunch"
    assert body["identity"] == {"type": "SystemAssigned, UserAssigned", "userAssignedIdentities": {USER: {}}}
    assert (body["zones"], body["plan"]["product"]) == (["1"], "debian")
    assert "imageReference" not in body["properties"]["storageProfile"]
