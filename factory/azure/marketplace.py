"""Marketplace images: from "latest" to an exact version, with the plan that comes with it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from factory.azure.client import Azure
from factory.azure.machine_models import Plan
from factory.azure.wire import dig, plain
from factory.errors import AzureFault, InvalidInput, NotFound

LATEST = "latest"


@dataclass(frozen=True)
class Urn:
    """`publisher:offer:sku:version`."""

    publisher: str
    offer: str
    sku: str
    version: str = LATEST

    @classmethod
    def parse(cls, text: str) -> "Urn":
        """Take a URN apart; `InvalidInput` where it is none."""
        parts = text.split(":")
        if len(parts) != 4 or not all(parts):
            raise InvalidInput(
                f"{text!r} is not a marketplace image",
                remedy="write publisher:offer:sku:version (az vm image list --all --publisher NAME)",
            )
        return cls(*parts)

    def __str__(self) -> str:
        return ":".join((self.publisher, self.offer, self.sku, self.version))


@dataclass(frozen=True)
class MarketplaceImage:
    """An exact marketplace image. `plan` must be on every VM and definition made from it."""

    urn: Urn
    os_type: str | None = None
    generation: str | None = None
    architecture: str | None = None
    plan: Plan | None = None
    features: Mapping[str, str] = field(default_factory=dict)
    deprecation: str | None = None


async def resolve_version(azure: Azure, location: str, urn: Urn) -> MarketplaceImage:
    """Find the image, "latest" as the highest version there is now. Raises `NotFound`.

    A run resolves once and says the exact version from then on: two builds of "latest" may differ.
    """
    if urn.version == LATEST:
        urn = replace(urn, version=await _newest(azure, location, urn))
    what = f"read marketplace image {urn}"
    get = azure.compute.virtual_machine_images.get
    body = plain(await azure.call(what, get, location, urn.publisher, urn.offer, urn.sku, urn.version))
    properties = body.get("properties") or {}
    plan = properties.get("plan")
    features = properties.get("features") or ()
    return MarketplaceImage(
        urn=urn,
        os_type=dig(properties, "osDiskImage", "operatingSystem"),
        generation=properties.get("hyperVGeneration"),
        architecture=properties.get("architecture"),
        plan=Plan(plan["publisher"], plan["product"], plan["name"]) if plan else None,
        features={entry["name"]: entry["value"] for entry in features},
        deprecation=dig(properties, "imageDeprecationStatus", "imageState"),
    )


async def list_images(azure: Azure, location: str, publisher: str) -> list[Urn]:
    """The latest image of every offer and SKU of a publisher; none where there is no such publisher."""
    images = azure.compute.virtual_machine_images
    offers = await azure.find(f"list the offers of {publisher}", images.list_offers, location, publisher)
    found = []
    for offer in [str(entry.name) for entry in offers or ()]:
        what = f"list the SKUs of {publisher}:{offer}"
        skus = await azure.call(what, images.list_skus, location, publisher, offer)
        found += [Urn(publisher, offer, str(sku.name)) for sku in skus]
    return found


async def _newest(azure: Azure, location: str, urn: Urn) -> str:
    what = f"list the versions of {urn.publisher}:{urn.offer}:{urn.sku}"
    method = azure.compute.virtual_machine_images.list
    found = await azure.call(what, method, location, urn.publisher, urn.offer, urn.sku)
    names = [str(entry.name) for entry in found]
    if not names:
        raise NotFound(what, AzureFault(text=f"it has no version in {location}"))
    return max(names, key=sort_key)


def sort_key(version: str) -> tuple[int, ...]:
    """Versions are numbers between dots; as text 0.20260101.10 would come before 0.20260101.9."""
    return tuple(int(part) if part.isdigit() else -1 for part in version.split("."))
