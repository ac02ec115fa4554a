"""The REST bodies of the VMs that the factory makes. Pure: they can be read and tested without Azure.

Everything hanging on such a VM (disks, interface) is deleted with it: `deleteOption` Delete.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import SecretStr

from factory.azure.machine_models import Machine, Plan, SecurityProfile
from factory.azure.wire import Json
from factory.errors import InvalidInput


def attached_body(
    location: str,
    like: Machine,
    *,
    size: str,
    os_disk_id: str,
    data_disks: Mapping[int, str],
    interface_id: str,
    tags: Mapping[str, str],
) -> dict[str, Any]:
    """A VM on ready disks, like another one: its OS type, caching, security profile and plan.

    Not its zones (the copies of its disks are regional), and no `osProfile`: with attached disks there is no
    provisioning, and Azure refuses one.
    """
    caching = {disk.lun: disk.caching or "None" for disk in like.disks}
    os_disk = {
        "createOption": "Attach",
        "osType": like.os_type,
        "caching": caching[None],
        "managedDisk": {"id": os_disk_id},
        "deleteOption": "Delete",
    }
    attached = [
        {
            "lun": lun,
            "createOption": "Attach",
            "caching": caching.get(lun, "None"),
            "managedDisk": {"id": disk_id},
            "deleteOption": "Delete",
        }
        for lun, disk_id in sorted(data_disks.items())
    ]
    storage: dict[str, Any] = {"osDisk": os_disk, "dataDisks": attached}
    return _body(
        location, size, storage, interface_id=interface_id, tags=tags, security=like.security, plan=like.plan
    )


def image_body(
    location: str,
    *,
    image: str,
    size: str,
    computer_name: str,
    admin: str,
    public_key: str | None = None,
    password: SecretStr | None = None,
    os_disk_name: str,
    luns: Sequence[int],
    interface_id: str,
    tags: Mapping[str, str],
    security: SecurityProfile,
    plan: Plan | None,
) -> dict[str, Any]:
    """A VM that Azure provisions from an image: own name, one administrator, with a key or a password.

    A key makes it a Linux VM without passwords, a password a Windows VM.
    """
    storage: dict[str, Any] = {
        "imageReference": image_reference(image),
        "osDisk": {"createOption": "FromImage", "name": os_disk_name, "deleteOption": "Delete"},
        "dataDisks": [{"lun": lun, "createOption": "FromImage", "deleteOption": "Delete"} for lun in luns],
    }
    body = _body(location, size, storage, interface_id=interface_id, tags=tags, security=security, plan=plan)
    body["properties"]["osProfile"] = {
        "computerName": computer_name,
        "adminUsername": admin,
        **(_windows(password) if password else _linux(admin, public_key or "")),
    }
    return body


def _linux(admin: str, public_key: str) -> dict[str, Any]:
    key = {"path": f"/home/{admin}/.ssh/authorized_keys", "keyData": public_key}
    configuration = {
        "disablePasswordAuthentication": True,
        "ssh": {"publicKeys": [key]},
        "provisionVMAgent": True,
    }
    return {"linuxConfiguration": configuration}


def _windows(password: SecretStr) -> dict[str, Any]:
    """Without automatic updates: they would restart a machine that is being looked at."""
    configuration = {"provisionVMAgent": True, "enableAutomaticUpdates": False}
    return {"adminPassword": password.get_secret_value(), "windowsConfiguration": configuration}


def image_reference(image: str) -> dict[str, str]:
    """Write an image's resource id, or a marketplace URN (publisher:offer:sku:version), as Azure wants it."""
    if image.startswith("/"):
        return {"id": image}
    parts = image.split(":")
    if len(parts) != 4 or not all(parts):
        raise InvalidInput(
            f"{image!r} names no image", remedy="use a resource id or publisher:offer:sku:version"
        )
    return dict(zip(("publisher", "offer", "sku", "version"), parts, strict=True))


def _body(
    location: str,
    size: str,
    storage: dict[str, Any],
    *,
    interface_id: str,
    tags: Mapping[str, str],
    security: SecurityProfile,
    plan: Plan | None,
) -> dict[str, Any]:
    interface = {"id": interface_id, "properties": {"primary": True, "deleteOption": "Delete"}}
    properties: dict[str, Any] = {
        "hardwareProfile": {"vmSize": size},
        "storageProfile": storage,
        "networkProfile": {"networkInterfaces": [interface]},
        "diagnosticsProfile": {"bootDiagnostics": {"enabled": True}},
    }
    if profile := _security_body(security):
        properties["securityProfile"] = profile
    body: dict[str, Any] = {"location": location, "tags": dict(tags), "properties": properties}
    if plan:
        body["plan"] = {"publisher": plan.publisher, "product": plan.product, "name": plan.name}
    return body


def _security_body(security: SecurityProfile) -> Json:
    body: dict[str, Any] = {}
    if security.encryption_at_host is not None:
        body["encryptionAtHost"] = security.encryption_at_host
    if security.type:
        body["securityType"] = security.type
        body["uefiSettings"] = {
            "secureBootEnabled": bool(security.secure_boot),
            "vTpmEnabled": bool(security.vtpm),
        }
    return body
