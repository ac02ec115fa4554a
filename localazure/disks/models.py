"""Disks and snapshots as documents: what they are made of and what is read off them.

A disk's `diskState` is read off the present: it follows from who holds the disk, that machine's power state
and whether an access signature is out, and would otherwise grow stale with every power action.

Private members: `_content` (the host's content), `_access` (the signature that is out), `_copy` (a copy that
still goes on), `_upload` (of a disk that has no content yet: the bytes that are to be uploaded).
"""

from __future__ import annotations

import math
import uuid
from typing import TYPE_CHECKING, Any

from localazure.arm.clock import stamp

if TYPE_CHECKING:
    from localazure.arm.store import Document
    from localazure.arm.world import World

DISKS = "Microsoft.Compute/disks"
SNAPSHOTS = "Microsoft.Compute/snapshots"
LARGEST_GB = 32767

TIERS = {
    "Standard_LRS": "Standard",
    "StandardSSD_LRS": "Standard",
    "StandardSSD_ZRS": "Standard",
    "Premium_LRS": "Premium",
    "Premium_ZRS": "Premium",
    "PremiumV2_LRS": "Premium",
    "UltraSSD_LRS": "Ultra",
}
"""Kinds of disks and the tier that ARM shows beside each."""

SNAPSHOT_TIERS = {"Standard_LRS": "Standard", "Standard_ZRS": "Standard", "Premium_LRS": "Premium"}

# size in GB, performance tier, IOPS, MB/s (public price list)
_PREMIUM = (
    (4, "P1", 120, 25),
    (8, "P2", 120, 25),
    (16, "P3", 120, 25),
    (32, "P4", 120, 25),
    (64, "P6", 240, 50),
    (128, "P10", 500, 100),
    (256, "P15", 1100, 125),
    (512, "P20", 2300, 150),
    (1024, "P30", 5000, 200),
    (2048, "P40", 7500, 250),
    (4096, "P50", 7500, 250),
    (8192, "P60", 16000, 500),
    (16384, "P70", 18000, 750),
    (32767, "P80", 20000, 900),
)


def performance(sku: str, size_gb: int) -> dict[str, Any]:
    """The speed a disk of this kind and size has, as ARM shows it."""
    if sku.startswith("Premium_"):
        _, tier, iops, mbps = next(row for row in _PREMIUM if size_gb <= row[0])
        return {"diskIOPSReadWrite": iops, "diskMBpsReadWrite": mbps, "tier": tier}
    return {"diskIOPSReadWrite": 500, "diskMBpsReadWrite": 60}


def finish_disk(doc: Document, *, size_gb: int, content: str, now: str, **more: Any) -> Document:
    """Make the document of a disk that exists from the one that was accepted."""
    sku = doc.setdefault("sku", {"name": "Standard_LRS"})["name"]
    doc["sku"] = {"name": sku, "tier": TIERS[sku]}
    given = doc["properties"]
    speed = performance(sku, size_gb)
    doc["properties"] = {
        **{key: value for key, value in more.items() if value is not None},
        "creationData": given["creationData"],
        "diskSizeGB": size_gb,
        "diskIOPSReadWrite": speed["diskIOPSReadWrite"],
        "diskMBpsReadWrite": speed["diskMBpsReadWrite"],
        **_common(given),
        "timeCreated": now,
        "provisioningState": "Succeeded",
        "diskState": "Unattached",
        "diskSizeBytes": size_gb << 30,
        "uniqueId": str(uuid.uuid4()),
    }
    if "tier" in speed:
        doc["properties"]["tier"] = given.get("tier", speed["tier"])
    doc["_content"] = content
    return doc


def finish_snapshot(doc: Document, *, size_gb: int, content: str, now: str, **more: Any) -> Document:
    """Make the document of a snapshot that exists from the one that was accepted."""
    sku = doc.setdefault("sku", {"name": "Standard_LRS"})["name"]
    doc["sku"] = {"name": sku, "tier": SNAPSHOT_TIERS[sku]}
    given = doc["properties"]
    doc["properties"] = {
        **{key: value for key, value in more.items() if value is not None},
        "creationData": given["creationData"],
        "diskSizeGB": size_gb,
        "incremental": bool(given.get("incremental", False)),
        **_common(given),
        "timeCreated": now,
        "provisioningState": "Succeeded",
        "diskState": "Unattached",
        "diskSizeBytes": size_gb << 30,
        "uniqueId": str(uuid.uuid4()),
    }
    doc["_content"] = content
    return doc


def _common(given: dict[str, Any]) -> dict[str, Any]:
    return {
        "encryption": given.get("encryption", {"type": "EncryptionAtRestWithPlatformKey"}),
        "networkAccessPolicy": given.get("networkAccessPolicy", "AllowAll"),
        "publicNetworkAccess": given.get("publicNetworkAccess", "Enabled"),
    }


def pending(doc: Document, *, new: bool) -> dict[str, Any]:
    """What a PUT or PATCH answers while the service works: recorded to be less than the resource.

    Of a snapshot that exists it is less again than of a new one.
    """
    properties = doc["properties"]
    body: dict[str, Any] = {} if doc["type"] == SNAPSHOTS else {"name": doc["name"]}
    body["location"] = doc["location"]
    body |= {key: doc[key] for key in ("tags", "sku", "zones") if doc.get(key)}
    keys = ("creationData", "diskSizeGB", "incremental") if new else ("creationData", "diskSizeGB")
    shown = {key: properties[key] for key in keys if key in properties}
    if doc["type"] == SNAPSHOTS and new:
        shown["publicNetworkAccess"] = properties.get("publicNetworkAccess", "Enabled")
    body["properties"] = shown | {"provisioningState": "Updating", "isArmResource": True}
    return body


def holder(world: World, disk: Document) -> Document | None:
    """The machine that the disk is attached to."""
    managed_by = disk.get("managedBy")
    return world.store.get(managed_by) if managed_by else None


def access_open(world: World, doc: Document) -> bool:
    """Whether a shared access signature is out and has not run out."""
    access = doc.get("_access")
    return access is not None and float(access["until"]) > world.clock.epoch()


def disk_state(world: World, doc: Document) -> str:
    """Unattached, Attached, Reserved (to a deallocated machine), ActiveSAS; two more while it is uploaded."""
    if "_upload" in doc:
        return "ActiveUpload" if access_open(world, doc) else "ReadyToUpload"
    if access_open(world, doc):
        return "ActiveSAS"
    vm = holder(world, doc)
    if vm is None:
        return "Unattached"
    return "Reserved" if vm.get("_power") == "deallocated" else "Attached"


def completion(world: World, doc: Document) -> float:
    """How far a snapshot's background copy is, in percent."""
    if "_copy_error" in doc:
        return float(doc["_copy_error"]["percent"])
    copy = doc.get("_copy")
    if copy is None:
        return 100.0
    seconds = world.time.seconds("snapshot.copy")
    done = (world.clock.epoch() - copy["began"]) / seconds if seconds > 0 else 1.0
    return 100.0 if done >= 1 else math.floor(max(0.0, done) * 100.0)


def show(world: World, doc: Document) -> Document:
    """The document with everything that is read off the present."""
    if doc["properties"].get("provisioningState") == "Succeeded":
        doc["properties"]["diskState"] = disk_state(world, doc)
        if doc["type"] == SNAPSHOTS and doc["properties"].get("incremental"):
            doc["properties"]["completionPercent"] = completion(world, doc)
        if (error := doc.get("_copy_error")) is not None:
            doc["properties"]["copyCompletionError"] = {
                key: error[key] for key in ("errorCode", "errorMessage")
            }
    return doc


def now(world: World) -> str:
    """The present as ARM writes it."""
    return stamp(world.clock.now())
