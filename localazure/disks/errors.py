"""What the disk service says when it refuses. Sources are marked as in `compute.errors`."""

from __future__ import annotations

from localazure.arm.errors import ArmError, not_found
from localazure.arm.ids import ResourceId


def disk_attached(name: str, vm_id: str) -> ArmError:
    """[doc] In any power state of the machine."""
    return ArmError(409, "OperationNotAllowed", f"Disk {name} is attached to VM {vm_id}.")


def access_while_running(name: str, vm_id: str) -> ArmError:
    """[seen: AzureStorageExplorer#5994, #6654]."""
    return ArmError(
        409,
        "Conflict",
        f"Access not permitted because disk {name} is currently attached to running VM {vm_id}.",
    )


def active_access(name: str) -> ArmError:
    """[seen; code assumed] A shared access signature is out."""
    return ArmError(
        409,
        "OperationNotAllowed",
        f"There is an active shared access signature outstanding for disk {name}. Call EndGetAccess before "
        "attaching "
        "or deleting the disk.",
    )


def immutable(kind: str, name: str, prop: str) -> ArmError:
    """[seen] `kind` is disk or snapshot."""
    return ArmError(
        409,
        "PropertyChangeNotAllowed",
        f"Changing property '{prop}' is not allowed for existing {kind} '{name}'.",
        target=prop,
    )


def shrinking(current: int, requested: int) -> ArmError:
    """[seen; code assumed] Disks only grow; sizes in GB."""
    return ArmError(
        400,
        "ResizeDiskError",
        f"Disk size reduction is not supported. Current size is {current << 30} bytes, "
        f"requested size is {requested << 30} bytes.",
        target="disk.diskSizeGB",
    )


def resize_while_running(name: str, vm_id: str) -> ArmError:
    """[seen; code assumed]."""
    return ArmError(
        409,
        "OperationNotAllowed",
        f"Cannot resize disk {name} while it is attached to running VM {vm_id}. Resizing a disk of an "
        "Azure Virtual "
        "Machine requires the virtual machine to be deallocated. Please stop your VM and retry the "
        "operation.",
    )


def smaller_than_source(requested: int, source: int) -> ArmError:
    """[assumed] The new disk cannot hold what it is made from."""
    return ArmError(
        400,
        "BadRequest",
        f"The requested disk size {requested} GB is smaller than the size of the source, {source} GB.",
        target="disk.diskSizeGB",
    )


def source_region(source: str, theirs: str, ours: str) -> ArmError:
    """[assumed text] Copies stay in a region, except CopyStart of an incremental snapshot."""
    return ArmError(
        400,
        "BadRequest",
        f"The source resource {source} is in region {theirs}, which is different from the region {ours} of "
        "the "
        "resource to create.",
        target="creationData.sourceResourceId",
    )


def copy_start_needs_incremental(source: str) -> ArmError:
    """[doc, shortened] Between regions only incremental snapshots of incremental snapshots are copied."""
    return ArmError(
        400,
        "BadRequest",
        "CopyStart is only supported from an incremental snapshot to an incremental snapshot. Source: "
        f"{source}.",
        target="creationData.createOption",
    )


def source_not_complete(source: str) -> ArmError:
    """[assumed text] A snapshot whose background copy still runs."""
    return ArmError(
        409,
        "OperationNotAllowed",
        f"The source snapshot {source} is still being copied. Wait until its completionPercent is 100 and "
        "retry.",
    )


def copy_in_progress(name: str, user: str) -> ArmError:
    """[assumed text] The source of a running copy cannot go."""
    return ArmError(
        409,
        "OperationNotAllowed",
        f"Snapshot {name} cannot be deleted because it is the source of an ongoing copy to {user}.",
    )


def source_not_found(source: str) -> ArmError:
    """[doc] As ARM says it of any resource; the id tells which."""
    return not_found(ResourceId.parse(source))


def image_lun(lun: object) -> ArmError:
    """[doc] The image has no data disk there."""
    return ArmError(
        400, "InvalidParameter", "The value of parameter imageReference is invalid.", target=f"lun {lun}"
    )


def upload_size(size: int) -> ArmError:
    """[seen: AzureStorageExplorer#3029] The footer's 512 bytes come on top of whole MiB."""
    return ArmError(
        400,
        "BadRequest",
        f"The upload size in bytes {size} - 512 bytes for the VHD footer ({size - 512} in this case) "
        "must be a multiple of MiB.",
        target="creationData.uploadSizeBytes",
    )


def bad_footer(name: str, blob: str) -> ArmError:
    """[seen: AzureStorageExplorer#8800] At the end of an upload."""
    return ArmError(
        400,
        "InvalidVhd",
        f"The specified cookie value in VHD footer indicates that disk '{name}' with blob {blob} is not a "
        "supported VHD. Disk is expected to have cookie value 'conectix'.",
    )


def no_vhd() -> ArmError:
    """[seen: azure-cli#6179; code assumed] The blob of an import."""
    return ArmError(
        400, "InvalidParameter", "Only blobs formatted as VHDs can be imported.", target="sourceUri"
    )


def not_uploading(name: str) -> ArmError:
    """[assumed text] Write access is for disks that were created for an upload."""
    return ArmError(
        409,
        "OperationNotAllowed",
        f"Write access to disk {name} is not permitted: only a disk in state ReadyToUpload or "
        "ActiveUpload can be written.",
    )


def uploading(name: str) -> ArmError:
    """[assumed text] A disk that waits for its upload has nothing to read."""
    return ArmError(
        409,
        "OperationNotAllowed",
        f"Read access to disk {name} is not permitted while the disk is in state ReadyToUpload or "
        "ActiveUpload.",
    )
