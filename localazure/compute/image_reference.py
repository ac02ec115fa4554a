"""What an `imageReference` means: marketplace image, managed image, gallery version, definition's latest."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from localazure.arm.errors import ArmError, not_implemented
from localazure.arm.ids import ResourceId
from localazure.compute import errors
from localazure.compute.ids import parent_of
from localazure.compute.image_contents import Contents, DataContent
from localazure.galleries import resolve

if TYPE_CHECKING:
    from localazure.arm.store import Document
    from localazure.arm.world import World
    from localazure.guests.base import MarketplaceImage

IMAGES = "Microsoft.Compute/images"
_ARTIFACTS = ("locations", "publishers", "artifacttypes", "offers", "skus", "versions")


@dataclass(frozen=True)
class Image:
    """An image that a machine or a disk is made from."""

    contents: Contents
    os_type: str
    os_state: str
    """Generalized or Specialized."""
    generation: str
    shown: dict[str, Any]
    """The reference as the VM's document shows it: as given, and the exact version."""
    creation: dict[str, Any]
    """The OS disk's creationData."""
    plan: dict[str, Any] | None = None
    security: frozenset[str] = field(default_factory=frozenset)
    """Values of the definition's SecurityType feature."""

    @property
    def os_content(self) -> str:
        """The OS disk's content."""
        return self.contents.os_content

    @property
    def os_size_gb(self) -> int:
        """The least that an OS disk must have."""
        return self.contents.os_size_gb

    @property
    def data(self) -> tuple[DataContent, ...]:
        """The data disks that every machine of the image gets."""
        return self.contents.data


def resolve_vm(world: World, reference: dict[str, Any], location: str, by: str) -> Image:
    """Resolve the reference of a VM's storage profile; `by` is the VM's id."""
    for elsewhere in ("communityGalleryImageId", "sharedGalleryImageId"):
        if reference.get(elsewhere):
            raise not_implemented(f"virtual machines from {elsewhere}")
    if reference.get("id"):
        return _by_id(world, str(reference["id"]), location, reference, by)
    for part in ("publisher", "offer", "sku", "version"):
        if not reference.get(part):
            raise errors.missing_parameter(f"imageReference.{part}")
    return _marketplace(world, reference, location)


def resolve_disk(world: World, reference: dict[str, Any], location: str) -> Image:
    """Resolve the reference in a disk's creationData: always an id."""
    if not reference.get("id"):
        raise errors.missing_parameter("creationData.imageReference.id")
    return _by_id(world, str(reference["id"]), location, {"id": reference["id"]}, str(reference["id"]))


def _by_id(world: World, text: str, location: str, shown: dict[str, Any], by: str) -> Image:
    try:
        rid = ResourceId.parse(text)
    except ValueError:
        raise errors.invalid_parameter(
            f"Id {text} is not a valid resource reference.", target="imageReference.id"
        ) from None
    kinds = tuple(kind.lower() for kind in rid.types)
    if rid.group is None and kinds == _ARTIFACTS:
        names = dict(zip(kinds, rid.names, strict=True))
        parts = {"publisher": "publishers", "offer": "offers", "sku": "skus", "version": "versions"}
        return _marketplace(world, {part: names[kind] for part, kind in parts.items()}, location)
    match rid.type.lower():
        case "microsoft.compute/images":
            return _managed(world, rid, location, shown, by)
        case "microsoft.compute/galleries/images":
            return _definition(world, rid, location, shown)
        case "microsoft.compute/galleries/images/versions":
            return _version_by_id(world, rid, location, shown)
    raise errors.invalid_parameter(
        "The value of parameter imageReference.id is invalid.", target="imageReference.id"
    )


def _managed(world: World, rid: ResourceId, location: str, shown: dict[str, Any], by: str) -> Image:
    doc = world.store.get(rid)
    if doc is None or doc["location"] != location:
        raise errors.reference_not_found(rid.text, by)
    if "_contents" not in doc:
        raise errors.operation_not_allowed(
            f"The image {rid.text} is not in the Succeeded provisioning state."
        )
    os_disk = doc["properties"]["storageProfile"]["osDisk"]
    return Image(
        contents=Contents.from_dict(doc["_contents"]),
        os_type=os_disk["osType"],
        os_state=os_disk["osState"],
        generation=doc["properties"].get("hyperVGeneration", "V1"),
        shown={"id": doc["id"]} | {k: v for k, v in shown.items() if k == "exactVersion"},
        creation={"createOption": "FromImage", "imageReference": {"id": doc["id"]}},
    )


def _definition(world: World, rid: ResourceId, location: str, shown: dict[str, Any]) -> Image:
    definition = world.store.get(rid)
    if definition is None:
        raise _gallery_image_not_found(rid.text)
    doc = resolve.latest(world, rid, location)
    if doc is None:
        raise errors.no_latest_version(definition["id"])
    return _version(world, doc, definition, location, {"id": definition["id"]})


def _version_by_id(world: World, rid: ResourceId, location: str, shown: dict[str, Any]) -> Image:
    parent = parent_of(rid)
    definition = world.store.get(parent)
    if rid.name.lower() == "latest" and definition is not None:
        return _definition(world, parent, location, shown)
    doc = world.store.get(rid)
    if doc is None or definition is None:
        raise _gallery_image_not_found(rid.text)
    return _version(world, doc, definition, location, {"id": doc["id"]})


def _gallery_image_not_found(text: str) -> ArmError:
    return ArmError(
        404,
        "GalleryImageNotFound",
        f"The gallery image {text} is not available in this subscription or does not exist.",  # assumed text
        target="imageReference",
    )


def _version(
    world: World, doc: Document, definition: Document, location: str, shown: dict[str, Any]
) -> Image:
    if not resolve.usable_in(world, doc, location):
        raise errors.not_in_region(doc["id"], location)
    properties = definition["properties"]
    features = properties.get("features", [])
    security = {one["value"] for one in features if one["name"] == "SecurityType"}
    return Image(
        contents=Contents.from_dict(doc["_contents"]),
        os_type=properties["osType"],
        os_state=properties["osState"],
        generation=properties["hyperVGeneration"],
        shown=shown | {"exactVersion": doc["name"]},
        creation={"createOption": "FromImage", "galleryImageReference": {"id": doc["id"]}},
        plan=properties.get("purchasePlan"),
        security=frozenset(security),
    )


def marketplace_versions(world: World, publisher: str, offer: str, sku: str) -> list[MarketplaceImage]:
    """The host's images of one SKU, the oldest first."""
    wanted = (publisher.lower(), offer.lower(), sku.lower())
    found = [
        i for i in world.guests.images() if (i.publisher.lower(), i.offer.lower(), i.sku.lower()) == wanted
    ]
    return sorted(found, key=lambda image: resolve.version_key(image.version))


def _marketplace(world: World, reference: dict[str, Any], location: str) -> Image:
    publisher, offer, sku, version = (str(reference[k]) for k in ("publisher", "offer", "sku", "version"))
    found = marketplace_versions(world, publisher, offer, sku)
    if version.lower() != "latest":
        found = [image for image in found if image.version == version]
    if not found:
        raise errors.platform_image_not_found(publisher, offer, sku, version)
    image = found[-1]
    place = (
        f"/Subscriptions/{world.config.subscription}/Providers/Microsoft.Compute/Locations/{location}"
        f"/Publishers/{image.publisher}/ArtifactTypes/VMImage/Offers/{image.offer}/Skus/{image.sku}"
        f"/Versions/{image.version}"
    )
    return Image(
        contents=Contents(image.content, image.size_gb),
        os_type=image.os_type,
        os_state="Generalized",
        generation=image.generation,
        shown={
            "publisher": publisher,
            "offer": offer,
            "sku": sku,
            "version": version,
            "exactVersion": image.version,
        },
        creation={"createOption": "FromImage", "imageReference": {"id": place}},
    )
