"""What a client may ask of virtual machines: bodies checked, and turned into documents."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from localazure.arm.envelope import check_name, new_document, read_resource
from localazure.arm.errors import not_implemented
from localazure.arm.spelling import spelled
from localazure.compute import errors, interfaces, os_profile, skus, storage_profile, vault_secrets
from localazure.compute.disk_plans import PlannedDisk, Planner
from localazure.compute.image_reference import Image, resolve_vm
from localazure.compute.machines import CREATING
from localazure.compute.zones import check_zones
from localazure.disks.models import TIERS, now

if TYPE_CHECKING:
    from localazure.arm.calls import Call
    from localazure.arm.store import Document

VM_NAME = r"[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9_])?"
_KNOWN = frozenset(
    [
        "hardwareProfile",
        "storageProfile",
        "osProfile",
        "networkProfile",
        "securityProfile",
        "diagnosticsProfile",
        "licenseType",
        "priority",
        "evictionPolicy",
        "billingProfile",
        "userData",
        "extensionsTimeBudget",
        "additionalCapabilities",
        "provisioningState",
        "vmId",
        "timeCreated",
        "instanceView",
        "scheduledEventsPolicy",
        "scheduledEventsProfile",
        "applicationProfile",
    ]
)
ENUMERATIONS = {
    "createOption": ("FromImage", "Empty", "Attach", "Copy", "Restore"),
    "caching": ("None", "ReadOnly", "ReadWrite"),
    "deleteOption": ("Delete", "Detach"),
    "storageAccountType": tuple(TIERS),
    "osType": ("Linux", "Windows"),
    "securityType": ("TrustedLaunch", "ConfidentialVM", "Standard"),
    "priority": ("Regular", "Low", "Spot"),
}
_ELSEWHERE = frozenset(
    [
        "availabilitySet",
        "virtualMachineScaleSet",
        "proximityPlacementGroup",
        "host",
        "hostGroup",
        "capacityReservation",
        "platformFaultDomain",
    ]
)


@dataclass(frozen=True)
class NewMachine:
    """A machine that may be created: its document and its disks."""

    doc: Document
    disks: list[PlannedDisk]


def read_new(call: Call) -> NewMachine:
    """Check the whole body of a PUT that creates; nothing has changed when it refuses."""
    check_name(call, VM_NAME, 64)
    body = read_resource(call)
    body["properties"] = spelled(body["properties"], ENUMERATIONS)
    doc, given, world = new_document(call, body), body["properties"], call.world
    _check_members(given)
    check_zones(doc, "virtualMachines", most=1)
    size = skus.find((given.get("hardwareProfile") or {}).get("vmSize"), doc["location"], doc["id"])
    storage = given.get("storageProfile")
    if not isinstance(storage, dict):
        raise errors.missing_parameter("storageProfile")
    reference = storage.get("imageReference")
    image = resolve_vm(world, reference, doc["location"], doc["id"]) if reference else None
    disks = Planner(world, call.rid, doc["location"], image, tuple(doc.get("zones") or ())).all(storage)
    _check_size(size, image, disks)
    generation = image.generation if image else _generation(call, disks)
    security = _security(given.get("securityProfile"), image, generation)
    _check_plan(body, image, disks)
    profile, secrets = _os_profile(call, given, image, doc["location"])
    nics = interfaces.read(world, call.rid, given.get("networkProfile"), doc["location"])
    skus.check_quota(world, call.rid.subscription, doc["location"], size)
    doc["properties"] = {
        "vmId": str(uuid.uuid4()),
        "hardwareProfile": {"vmSize": size.name},
        "storageProfile": _storage(disks, image, _os_type(call, storage, image, disks)),
        **({"osProfile": profile} if profile else {}),
        **security,
        "networkProfile": {"networkInterfaces": nics},
        **{key: given[key] for key in ("diagnosticsProfile", "licenseType", "priority") if given.get(key)},
        "provisioningState": CREATING,
        "timeCreated": now(world),
    }
    _identity(call, doc)
    doc |= {
        "_power": "none",
        "_generation": generation,
        "_provision": bool(profile),
        "_secrets": secrets,
    }
    if given.get("userData"):
        doc["_user_data"] = given["userData"]
    return NewMachine(doc, disks)


def _check_members(given: dict[str, Any]) -> None:
    for name, value in given.items():
        if name in _ELSEWHERE and value is not None:
            raise not_implemented(f"virtual machines with {name}")
        if name not in _KNOWN | _ELSEWHERE:
            raise errors.invalid_parameter(
                f"Could not find member '{name}' on object of type 'VMProperties'. Path 'properties.{name}'.",
                target=name,
            )
    if given.get("priority") not in (None, "Regular"):
        raise not_implemented("spot virtual machines")


def _check_size(size: skus.Size, image: Image | None, disks: list[PlannedDisk]) -> None:
    if image is not None and image.generation not in size.generations.split(","):
        raise errors.generation_unsupported(size.name, image.generation)
    if len(disks) - 1 > size.data_disks:
        raise errors.too_many_data_disks(size.data_disks)
    if not size.premium and any(disk.sku.startswith("Premium") for disk in disks):
        raise errors.invalid_parameter(
            "Requested operation cannot be performed because the VM size "
            f"{size.name} does not support the storage account type Premium_LRS of disk '{disks[0].name}'. "
            "Consider "
            "updating the VM to a size that supports Premium storage.",
            target="vmSize",
        )


def _generation(call: Call, disks: list[PlannedDisk]) -> str:
    disk = call.world.store.get(disks[0].id)
    return str(disk["properties"].get("hyperVGeneration", "V1")) if disk else "V1"


def _os_type(call: Call, storage: dict[str, Any], image: Image | None, disks: list[PlannedDisk]) -> str:
    asked = (storage.get("osDisk") or {}).get("osType")
    disk = None if image else call.world.store.get(disks[0].id)
    known = image.os_type if image else (disk["properties"].get("osType") if disk else None)
    if known is None and asked is None:
        raise errors.missing_parameter("osDisk.osType")
    if asked is not None and known is not None and asked != known:
        raise errors.invalid_parameter(
            "The value of parameter osDisk.osType is invalid.", target="osDisk.osType"
        )
    windows = any(one.os_type == "Windows" for one in call.world.guests.images())
    if (known or asked) != "Linux" and not windows:
        raise not_implemented("virtual machines with Windows (start the local Azure with '--guest windows')")
    return str(known or asked)


def _security(given: Any, image: Image | None, generation: str) -> dict[str, Any]:
    kind = (given or {}).get("securityType")
    if kind == "ConfidentialVM":
        raise not_implemented("confidential virtual machines")
    if kind not in (None, "Standard", "TrustedLaunch"):
        raise errors.invalid_parameter(
            "The value of parameter securityProfile.securityType is invalid.",
            target="securityProfile.securityType",
        )
    if image is not None:
        if "TrustedLaunch" in image.security and kind != "TrustedLaunch":
            raise errors.trusted_launch_only()
        supported = image.security & {"TrustedLaunch", "TrustedLaunchSupported"}
        if kind == "TrustedLaunch" and (generation != "V2" or not supported):
            raise errors.trusted_launch_unsupported()
    return {"securityProfile": given} if given else {}


def _check_plan(body: Document, image: Image | None, disks: list[PlannedDisk]) -> None:
    wanted = image.plan if image else None
    given: dict[str, Any] = body.get("plan") or {}
    if wanted and not given:
        raise errors.plan_required(disks[0].name)
    if wanted and any(
        str(given.get(key)).lower() != str(wanted.get(key)).lower() for key in ("name", "publisher")
    ):
        raise errors.invalid_parameter(
            "The purchase plan in the request does not match that of the image.", target="plan"
        )  # assumed text
    if given and image is not None and not wanted:
        raise errors.invalid_parameter(  # assumed text
            "The image has no purchase plan; plan information is not allowed in the request.", target="plan"
        )


def _os_profile(
    call: Call, given: dict[str, Any], image: Image | None, location: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Generalized images need one; specialized images and attached disks must not have one."""
    profile = given.get("osProfile")
    if image is None or image.os_state == "Specialized":
        if profile is not None:
            raise errors.parameter_not_allowed("osProfile")
        return {}, {}
    complete = os_profile.read_os_profile(profile, call.rid.name, image.os_type)
    vault_secrets.check_secrets(call.world, complete, location)
    return os_profile.split_secrets(complete)


def _storage(disks: list[PlannedDisk], image: Image | None, os_type: str) -> dict[str, Any]:
    storage: dict[str, Any] = {"imageReference": image.shown} if image else {}
    storage["osDisk"] = {"osType": os_type} | storage_profile.shown(disks[0])
    storage["dataDisks"] = [storage_profile.shown(disk) for disk in disks[1:]]
    return storage


def _identity(call: Call, doc: Document) -> None:
    """A system-assigned identity gets its principal; tokens for it come from the metadata service."""
    identity = doc.get("identity")
    if identity is None:
        return
    kinds = {kind.strip() for kind in str(identity.get("type", "None")).split(",")}
    if not kinds <= {"SystemAssigned", "UserAssigned", "None"}:
        raise errors.invalid_parameter(
            "The value of parameter identity.type is invalid.", target="identity.type"
        )
    if "SystemAssigned" in kinds:
        identity |= {"principalId": str(uuid.uuid4()), "tenantId": call.world.config.tenant}
