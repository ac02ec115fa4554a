"""Answers as Azure gives them, shortened: read from recordings of the real service."""

from typing import Any

from tests.factory.azure.wire import COMPUTE, GROUP

VM = f"{COMPUTE}/virtualMachines/vm"
NIC = f"{GROUP}/providers/Microsoft.Network/networkInterfaces/nic"
SUBNET = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/net/subnets/build"
DEFINITION = f"{COMPUTE}/galleries/gal/images/debian"
VERSION = f"{DEFINITION}/versions/1.0.0"
POINT = f"{COMPUTE}/restorePointCollections/col/restorePoints/p1"


def status(code: str, text: str = "") -> dict[str, Any]:
    return {"code": code, "level": "Info", "displayStatus": text, "time": "2026-11-22T10:00:00.1234567+00:00"}


def machine(*statuses: str, agent: str | None = "Ready", **properties: Any) -> dict[str, Any]:
    """A running Gen2 VM with one data disk, as `$expand=instanceView` shows it."""
    view: dict[str, Any] = {
        "hyperVGeneration": "V2",
        "statuses": [
            status(code) for code in statuses or ("ProvisioningState/succeeded", "PowerState/running")
        ],
    }
    if agent:
        view["vmAgent"] = {
            "vmAgentVersion": "2.15.0.1",
            "statuses": [{"code": "ProvisioningState/succeeded", "displayStatus": agent, "message": "said"}],
        }
    return {
        "id": VM,
        "name": "vm",
        "type": "Microsoft.Compute/virtualMachines",
        "location": "westeurope",
        "tags": {"team": "a"},
        "zones": ["1"],
        "plan": {"publisher": "acme", "product": "debian", "name": "hardened"},
        "identity": {"type": "SystemAssigned", "principalId": "p"},
        "properties": {
            "vmId": "0000-1",
            "hardwareProfile": {"vmSize": "Standard_D2s_v5"},
            "provisioningState": "Succeeded",
            "osProfile": {"computerName": "web", "adminUsername": "azureuser"},
            "securityProfile": {
                "securityType": "TrustedLaunch",
                "uefiSettings": {"secureBootEnabled": True, "vTpmEnabled": True},
            },
            "storageProfile": {
                "osDisk": {
                    "osType": "Linux",
                    "name": "os",
                    "createOption": "FromImage",
                    "caching": "ReadWrite",
                    "managedDisk": {"id": f"{COMPUTE}/disks/os", "storageAccountType": "Premium_LRS"},
                    "deleteOption": "Detach",
                    "diskSizeGB": 30,
                },
                "dataDisks": [
                    {
                        "lun": 7,
                        "name": "data",
                        "createOption": "Attach",
                        "caching": "ReadOnly",
                        "managedDisk": {"id": f"{COMPUTE}/disks/data", "storageAccountType": "Standard_LRS"},
                        "deleteOption": "Detach",
                        "diskSizeGB": 8,
                        "toBeDetached": False,
                    }
                ],
            },
            "networkProfile": {"networkInterfaces": [{"id": NIC, "properties": {"primary": True}}]},
            "instanceView": view,
            **properties,
        },
    }


def version(
    state: str = "Succeeded",
    aggregated: str = "Completed",
    regions: tuple[str, ...] = ("West Europe",),
    **more: Any,
) -> dict[str, Any]:
    """A version that is in all its regions."""
    targets = [
        {
            "name": name,
            "regionalReplicaCount": 1,
            "storageAccountType": "Standard_LRS",
            "excludeFromLatest": True,
            "encryption": {"osDiskImage": {"diskEncryptionSetId": "/des"}},
        }
        for name in regions
    ]
    summary = [
        {"region": name, "state": "Completed", "details": "", "progress": 100}
        for name in more.pop("there", regions)
    ]
    return {
        "id": VERSION,
        "name": "1.0.0",
        "location": "westeurope",
        "tags": {"run": "r-1"},
        "properties": {
            "provisioningState": state,
            "publishingProfile": {
                "targetRegions": targets,
                "replicaCount": 1,
                "excludeFromLatest": True,
                "publishedDate": "2026-11-22T10:00:00.1234567+00:00",
                "endOfLifeDate": "2027-01-01T00:00:00+00:00",
                "storageAccountType": "Standard_LRS",
            },
            "storageProfile": {
                "source": {"virtualMachineId": VM},
                "osDiskImage": {"sizeInGB": 30, "hostCaching": "ReadWrite"},
                "dataDiskImages": [{"lun": 7, "sizeInGB": 8, "hostCaching": "None"}],
            },
            "replicationStatus": {"aggregatedState": aggregated, "summary": summary},
            **more,
        },
    }


def snapshot(percent: float | None = 100.0, state: str = "Succeeded", **more: Any) -> dict[str, Any]:
    """An incremental snapshot."""
    properties = {
        "provisioningState": state,
        "diskSizeGB": 30,
        "incremental": True,
        "creationData": {"createOption": "Copy", "sourceResourceId": f"{COMPUTE}/disks/os"},
        "timeCreated": "2026-11-22T10:00:00.1234567+00:00",
        **more,
    }
    if percent is not None:
        properties["completionPercent"] = percent
    return {"id": f"{COMPUTE}/snapshots/s", "name": "s", "location": "westeurope", "properties": properties}


def restore_point(*percents: int | None, state: str = "Succeeded") -> dict[str, Any]:
    """A crash-consistent point of two disks."""

    def disk(name: str, **more: Any) -> dict[str, Any]:
        return {
            "name": name,
            "caching": "None",
            "diskSizeGB": 8,
            "managedDisk": {"id": f"{COMPUTE}/disks/{name}"},
            "diskRestorePoint": {"id": f"{POINT}/diskRestorePoints/{name}"},
            **more,
        }

    views = [
        {"id": f"{POINT}/diskRestorePoints/{name}", "replicationStatus": {"completionPercent": percent}}
        for name, percent in zip(("os", "data"), percents, strict=False)
    ]
    return {
        "id": POINT,
        "name": "p1",
        "properties": {
            "provisioningState": state,
            "consistencyMode": "CrashConsistent",
            "timeCreated": "2026-11-22T10:00:00.1234567+00:00",
            "sourceMetadata": {
                "storageProfile": {"osDisk": disk("os", osType="Linux"), "dataDisks": [disk("data", lun=7)]}
            },
            "instanceView": {"diskRestorePoints": views},
        },
    }
