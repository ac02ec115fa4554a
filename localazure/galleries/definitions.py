"""Galleries and image definitions: what may be in them, and what may change."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

from localazure.arm.errors import not_implemented
from localazure.compute.errors import missing_parameter
from localazure.galleries import errors
from localazure.galleries.resolve import DEFINITIONS, GALLERIES

if TYPE_CHECKING:
    from localazure.arm.calls import Call
    from localazure.arm.store import Document
    from localazure.arm.world import World

_GALLERY = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.]{0,78}[A-Za-z0-9])?")
_DEFINITION = re.compile(r"[A-Za-z0-9][\w.-]{0,79}(?<![-._])", re.ASCII)
_IDENTIFIER = re.compile(r"[A-Za-z0-9._-]*[A-Za-z0-9_-]")
_LONGEST = {"publisher": 128, "offer": 64, "sku": 64}
_IMMUTABLE = ("osType", "osState", "hyperVGeneration", "architecture")
_OPTIONAL = [
    "description",
    "eula",
    "privacyStatementUri",
    "releaseNoteUri",
    "endOfLifeDate",
    "recommended",
    "disallowed",
    "purchasePlan",
    "features",
]
_CHOICES = {
    "osType": ("Linux", "Windows"),
    "osState": ("Generalized", "Specialized"),
    "hyperVGeneration": ("V1", "V2"),
    "architecture": ("x64", "Arm64"),
}
_SECURITY = (
    "None",
    "Standard",
    "TrustedLaunch",
    "TrustedLaunchSupported",
    "ConfidentialVM",
    "ConfidentialVMSupported",
    "TrustedLaunchAndConfidentialVmSupported",
)


def check_gallery_name(call: Call) -> None:
    """The name rule, and that no other group of the subscription has a gallery of this name."""
    if _GALLERY.fullmatch(call.rid.name) is None:
        raise errors.gallery_name()
    for other in call.world.store.list(GALLERIES, subscription=call.rid.subscription):
        if other["name"].lower() == call.rid.name.lower() and other["id"].lower() != call.rid.key:
            raise errors.gallery_not_unique(call.rid.name, call.rid.subscription)


def gallery_properties(call: Call, given: dict[str, Any]) -> dict[str, Any]:
    """A gallery's properties, complete."""
    sharing = (given.get("sharingProfile") or {}).get("permissions", "Private")
    if sharing != "Private":
        raise not_implemented(f"galleries shared as {sharing}")
    shown = {key: given[key] for key in ("description",) if key in given}
    shown["identifier"] = {"uniqueName": f"{call.rid.subscription}-{call.rid.name.upper()}"}
    policy = {"isSoftDeleteEnabled": False} | (given.get("softDeletePolicy") or {})
    return shown | {"softDeletePolicy": policy}


def check_definition_name(call: Call) -> None:
    """The name rule of definitions."""
    if _DEFINITION.fullmatch(call.rid.name) is None:
        raise errors.definition_name(call.rid.name)


def definition_properties(call: Call, given: dict[str, Any]) -> dict[str, Any]:
    """A new definition's properties, checked and complete."""
    for name in ("osType", "osState", "identifier"):
        if not given.get(name):
            raise missing_parameter(f"galleryImage.properties.{name}")
    shown: dict[str, Any] = {
        "hyperVGeneration": given.get("hyperVGeneration") or "V1",
        "architecture": given.get("architecture") or "x64",
        "osType": given["osType"],
        "osState": given["osState"],
    }
    for name, choices in _CHOICES.items():
        if shown[name] not in choices:
            raise errors.invalid(
                f"The value '{shown[name]}' of parameter galleryImage.properties.{name} is invalid.",
                target=f"galleryImage.properties.{name}",
            )
    shown["identifier"] = _identifier(call, given["identifier"])
    shown |= {name: given[name] for name in _OPTIONAL if given.get(name) is not None}
    check_optional(call.world, shown)
    return shown


def _identifier(call: Call, given: Any) -> dict[str, str]:
    shown = {}
    for part, longest in _LONGEST.items():
        value = given.get(part) if isinstance(given, dict) else None
        if not isinstance(value, str) or len(value) > longest or _IDENTIFIER.fullmatch(value) is None:
            raise errors.identifier(part, longest)
        shown[part] = value
    lowered = {part: value.lower() for part, value in shown.items()}
    for other in call.world.store.list(DEFINITIONS, parent=call.rid.parent):
        theirs = {part: value.lower() for part, value in other["properties"]["identifier"].items()}
        if theirs == lowered and other["id"].lower() != call.rid.key:
            raise errors.identifier_taken(other["name"], **shown)
    return shown


def check_optional(world: World, given: dict[str, Any]) -> None:
    """The optional properties of a definition."""
    recommended = given.get("recommended") or {}
    for name in ("vCPUs", "memory"):
        bounds = recommended.get(name) or {}
        if "min" in bounds and "max" in bounds and bounds["min"] > bounds["max"]:
            raise errors.minimum_over_maximum(name)
    if given.get("endOfLifeDate") is not None:
        future_date(world, given["endOfLifeDate"])
    for feature in given.get("features") or []:
        if feature.get("name") == "SecurityType" and feature.get("value") not in _SECURITY:
            raise errors.invalid(
                f"The value '{feature.get('value')}' of feature SecurityType is invalid.",
                target="galleryImage.properties.features",
            )


def future_date(world: World, text: Any) -> datetime:
    """An end of life: a date, and not yet over."""
    try:
        moment = datetime.fromisoformat(str(text).replace("Z", "+00:00"))
    except ValueError:
        raise errors.date(text, "endOfLifeDate") from None
    now = world.clock.now()
    if (moment if moment.tzinfo else moment.replace(tzinfo=now.tzinfo)) <= now:
        raise errors.end_of_life_past()
    return moment


def changed_definition(world: World, doc: Document, given: dict[str, Any]) -> dict[str, Any]:
    """An existing definition's properties after a change, or the refusal."""
    had = doc["properties"]
    for name in _IMMUTABLE:
        if given.get(name) is not None and given[name] != had[name]:
            raise errors.property_change(f"galleryImage.properties.{name}")
    for part, value in (given.get("identifier") or {}).items():
        if value != had["identifier"].get(part):
            raise errors.property_change(f"galleryImage.properties.identifier.{part}")
    if given.get("purchasePlan") is not None and given["purchasePlan"] != had.get("purchasePlan"):
        raise errors.property_change("galleryImage.properties.purchasePlan")
    after: dict[str, Any] = had | {name: given[name] for name in _OPTIONAL if given.get(name) is not None}
    changed = {name: given[name] for name in _OPTIONAL if given.get(name) not in (None, had.get(name))}
    check_optional(world, changed)
    return after
