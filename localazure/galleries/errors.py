"""What the gallery service says when it refuses: the texts of Microsoft's page on shared images' problems.

The page shows texts without codes; the codes are assumed unless a report quotes them.
"""

from __future__ import annotations

from localazure.arm.errors import ArmError
from localazure.arm.ids import ResourceId


def invalid(message: str, *, target: str | None = None) -> ArmError:
    """A request that makes no sense by itself."""
    return ArmError(400, "InvalidParameter", message, target=target)


def gallery_name() -> ArmError:
    """Dashes are not for galleries."""
    return invalid(
        "Gallery name is invalid. Allowed characters are English alphanumeric characters, with "
        "underscores, and "
        "periods allowed in the middle, up to 80 characters total. All other special characters, including "
        "dashes, "
        "are disallowed.",
        target="galleryName",
    )


def gallery_not_unique(name: str, subscription: str) -> ArmError:
    """Galleries share one name space within a subscription."""
    return ArmError(
        409,
        "Conflict",
        f"The gallery name '{name}' is not unique within the subscription '{subscription}'. "
        "Please pick another gallery name.",
    )


def definition_name(name: str) -> ArmError:
    """The rule of the names of definitions."""
    return invalid(
        f"The entity name '{name}' is invalid according to its validation rule: "
        f"^[^\\_\\W][\\w-.\\_]{{0,79}}(?<![-.])$.",
        target="galleryImageName",
    )


def version_name() -> ArmError:
    """Three whole numbers."""
    return invalid(
        "The image version name is invalid. The image version name should follow "
        "Major(int).Minor(int).Patch(int) "
        "format, for e.g: 1.0.0, 2018.12.1 etc.",
        target="galleryImageVersionName",
    )


def parent_missing(parent: ResourceId) -> ArmError:
    """A definition without its gallery, a version without its definition."""
    names = "/".join(parent.names)
    return ArmError(
        404,
        "ParentResourceNotFound",
        f"Can not perform requested operation on nested resource. Parent resource '{names}' not found.",
    )


def nested_resources() -> ArmError:
    """Galleries go after their definitions, definitions after their versions."""
    return ArmError(
        409, "CannotDeleteResource", "Can not delete resource before nested resources are deleted."
    )


def property_change(path: str) -> ArmError:
    """An immutable property; `path` begins with galleryImage or galleryImageVersion."""
    return ArmError(
        409, "PropertyChangeNotAllowed", f"Changing property '{path}' is not allowed.", target=path
    )


def identifier(part: str, longest: int) -> ArmError:
    """Publisher, offer or SKU of a definition."""
    return invalid(
        f"Asset name galleryImage.properties.identifier.{part} is not valid. It cannot be empty. Allowed "
        "characters "
        "are uppercase or lowercase letters, digits, hyphen(-), period (.), underscore (_). Names are not "
        "allowed to "
        f"end with period(.). The length of the name cannot exceed {longest} characters.",
        target=f"galleryImage.properties.identifier.{part}",
    )


def identifier_taken(name: str, publisher: str, offer: str, sku: str) -> ArmError:
    """Another definition of the gallery has this triple."""
    return ArmError(
        409,
        "Conflict",
        f"Gallery image: {name} identified by (publisher:{publisher}, offer:{offer}, sku:{sku}) already "
        "exists. "
        "Choose a different publisher, offer, sku combination.",
    )


def minimum_over_maximum(what: str) -> ArmError:
    """Of the recommended machine."""
    return invalid(f"The minimum value of {what} must not be greater than the maximum value of {what}.")


def date(value: object, path: str) -> ArmError:
    """Not a date."""
    return invalid(
        f"Could not convert string to DateTimeOffset: {value}. Path 'properties.{path}'", target=path
    )


def end_of_life_past() -> ArmError:
    """A date that is over."""
    return invalid("EndOfLifeDate must be set to a future date.", target="endOfLifeDate")


def regions_without_home(regions: list[str], home: str) -> ArmError:
    """The version must be published where its source is."""
    return invalid(
        f"Gallery image version publishing profile regions {','.join(regions)} must contain the location "
        "of image "
        f"version {home}",
        target="galleryImageVersion.properties.publishingProfile.targetRegions",
    )


def duplicate_regions() -> ArmError:
    """A region twice."""
    return invalid(
        "Duplicate regions are not allowed in target publishing regions.",
        target="galleryImageVersion.properties.publishingProfile.targetRegions",
    )


def region_kept(region: str) -> ArmError:
    """[assumed text] safetyProfile.allowDeletionOfReplicatedLocations is false."""
    return ArmError(
        409,
        "OperationNotAllowed",
        f"Removing the replicated location '{region}' is not allowed because "
        "safetyProfile.allowDeletionOfReplicatedLocations is set to false.",
    )


def source_count() -> ArmError:
    """None, or more than one kind."""
    return invalid(
        "The gallery artifact version source can only be specified either directly under storageProfile or "
        "within "
        "individual OS or data disks. One and only one source type (user image, snapshot, disk, virtual "
        "machine) can "
        "be provided."
    )


def source_not_found(source: str) -> ArmError:
    """Not there, or elsewhere."""
    return ArmError(
        404,
        "NotFound",
        f"Source {source} is not found. Please check source exists, and is in the same region as gallery "
        "image version "
        "being created.",
    )


def source_id(source: object, path: str) -> ArmError:
    """No resource id."""
    return invalid(
        f"Property id {source} at path 'properties.storageProfile.{path}' is invalid. Expect fully "
        "qualified resource "
        "Id that start with '/subscriptions/{subscriptionID}' or '/providers/{resourceProviderNamespace}/'."
    )


def source_kind(source: str) -> ArmError:
    """Of `storageProfile.source`."""
    return invalid(
        f"The source id: {source} must either be a managed image, virtual machine or another gallery image "
        "version"
    )


def disk_source_kind(source: str) -> ArmError:
    """Of a disk image's source."""
    return invalid(f"The source id: {source} must be a managed disk or snapshot.")


def os_state(source: str, parent: str, theirs: str) -> ArmError:
    """The definition says generalized and the source is not, or the other way round."""
    return invalid(
        f"Cannot create Gallery Image Version from: {source} since the OS State in the parent gallery image "
        f"({parent}) is not {theirs}."
    )


def generation(source: str, theirs: str, parent: str) -> ArmError:
    """Gen1 in Gen2, or the other way round."""
    return invalid(
        f"The resource with id '{source}' has a different Hypervisor generation ['{theirs}'] than the "
        "parent gallery "
        f"image Hypervisor generation ['{parent}']"
    )


def os_type(source: str, theirs: str, parent: str) -> ArmError:
    """Linux in Windows, or the other way round."""
    return invalid(
        f"The resource with id '{source}' has a different OS type ['{theirs}'] than the parent gallery "
        "image OS type "
        f"generation ['{parent}']"
    )


def duplicate_luns() -> ArmError:
    """A LUN twice."""
    return invalid(
        "Duplicated lun numbers have been detected in the input data disks. Lun number must be unique for "
        "each data disk."
    )


def duplicate_sources() -> ArmError:
    """A disk twice."""
    return invalid(
        "Duplicated source ids are found in the input disks. Source id should be unique for each disk."
    )


def same_os_and_data(source: str) -> ArmError:
    """One source as OS disk and as data disk."""
    return invalid(f"OSDiskImage and DataDiskImage cannot point to same blob {source}")


def trusted_launch_source(vm_id: str) -> ArmError:
    """[seen: packer-plugin-azure#304]."""
    return invalid(
        f"The security type 'TrustedLaunchSupported' is not supported for the source id '{vm_id}'. "
        "Currently only Vhd "
        "Blob, User Image and Gallery Image Version sources are supported for 'TrustedLaunchSupported' "
        "images."
    )


def too_large(size: int, most: int) -> ArmError:
    """Found while replicating."""
    return ArmError(
        409,
        "ReplicationFailed",
        "Replication failed in this region due to 'The GalleryImageVersion source resource size "
        f"{size} exceeds the max size {most} supported.'",
    )


def blocked_before_end_of_life(name: str, until: str) -> ArmError:
    """[doc: code; text assumed]."""
    return ArmError(
        409,
        "DeleteGalleryImageVersionBlockedBeforeEndOfLife",
        f"Gallery image version '{name}' cannot be deleted before its end of life date {until} because "
        "safetyProfile.blockDeletionBeforeEndOfLife is set.",
    )
