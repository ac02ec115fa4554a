"""Image versions on the wire."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from starlette.responses import Response

from localazure.arm.calls import Call
from localazure.arm.envelope import new_document, normal_location, read_resource, read_tags
from localazure.arm.errors import not_found, not_implemented
from localazure.arm.routing import route
from localazure.arm.store import Document
from localazure.arm.wire import no_content, ok, page
from localazure.compute.ids import parent_of
from localazure.galleries import errors, jobs, publishing, resolve, sources
from localazure.galleries.resolve import VERSIONS
from localazure.galleries.routes import DEFINITION, GALLERY, existing, idle, parent, start

_VERSION = DEFINITION + "/versions/{version}"
_NAME = re.compile(r"([0-9]+)\.([0-9]+)\.([0-9]+)")
_LARGEST = (1 << 31) - 1
_SAFETY = ("allowDeletionOfReplicatedLocations", "blockDeletionBeforeEndOfLife")


def _check_name(name: str) -> None:
    match = _NAME.fullmatch(name)
    if match is None or any(int(part) > _LARGEST for part in match.groups()):
        raise errors.version_name()


@route("PUT", _VERSION)
async def put(call: Call) -> Response:
    """Create a version, or change how it is published."""
    _check_name(call.rid.name)
    definition = parent(call)
    body = read_resource(call)
    idle(call)
    had = call.world.store.get(call.rid)
    if had is not None:
        return _change(call, had, body["properties"], body["tags"])
    location, given = body["location"], body["properties"]
    profile = publishing.new_profile(call.world, location, given.get("publishingProfile") or {})
    found = sources.read(call.world, definition, location, given.get("storageProfile"))
    doc = new_document(call, body)
    doc["properties"] = {"publishingProfile": profile, "storageProfile": found.shown}
    if given.get("safetyProfile"):
        doc["properties"]["safetyProfile"] = _safety({}, given["safetyProfile"])
    doc["properties"]["provisioningState"] = "Creating"
    call.world.store.put(doc)
    return start(call, jobs.CREATE_VERSION, doc, {"contents": found.contents.as_dict()}, new=True)


def _safety(had: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = {"reportedForPolicyViolation": False} | had
    return shown | {key: bool(given[key]) for key in _SAFETY if given.get(key) is not None}


@route("PATCH", _VERSION)
async def patch(call: Call) -> Response:
    """Change how a version is published."""
    doc = call.world.store.get(call.rid)
    if doc is None:
        raise not_found(call.rid)
    idle(call)
    tags = read_tags(call.json["tags"]) if call.json.get("tags") is not None else None
    return _change(call, doc, call.json.get("properties") or {}, tags)


def _change(call: Call, doc: Document, given: dict[str, Any], tags: dict[str, str] | None) -> Response:
    restore = bool(given.get("restore"))
    if "_soft_deleted" in doc and not restore:
        raise not_found(call.rid)
    sources.same(doc, given.get("storageProfile"))
    after: dict[str, Any] = {}
    safety = doc["properties"].get("safetyProfile", {})
    if given.get("safetyProfile"):
        safety = after["safetyProfile"] = _safety(safety, given["safetyProfile"])
    profile = given.get("publishingProfile") or {}
    after["publishingProfile"] = publishing.changed_profile(call.world, doc, profile, safety)
    if tags is not None:
        doc["tags"] = tags
    doc["properties"]["provisioningState"] = "Updating"
    call.world.store.put(doc)
    shown = doc | {"properties": doc["properties"] | after}
    return start(call, jobs.UPDATE_VERSION, shown, {"after": after, "restore": restore}, new=False)


def _view(call: Call, doc: Document) -> Document:
    expand = {part.strip().lower() for part in call.query.get("$expand", "").split(",")} - {""}
    if expand - {"replicationstatus"}:
        raise not_implemented(f"image versions expanded by {call.query['$expand']}")
    if expand:
        doc["properties"]["replicationStatus"] = replication_status(call, doc)
    return doc


def replication_status(call: Call, doc: Document) -> dict[str, Any]:
    """How far the replicas are, region by region."""
    everywhere = doc["properties"]["provisioningState"] == "Failed" and "_failed_regions" not in doc
    summary = []
    for target in doc["properties"]["publishingProfile"]["targetRegions"]:
        reason = doc.get("_failed_regions", {}).get(normal_location(target["name"]))
        failed = everywhere or reason is not None
        progress = resolve.progress(call.world, doc, target["name"]) if not failed else 0
        state = "Failed" if failed else "Completed" if progress == 100 else "Replicating"
        details = (reason or doc.get("_error", {}).get("message", "")) if failed else ""
        summary.append({"region": target["name"], "state": state, "details": details, "progress": progress})
    done = all(one["state"] == "Completed" for one in summary)
    broken = any(one["state"] == "Failed" for one in summary)
    return {
        "aggregatedState": "Failed" if broken else "Completed" if done else "InProgress",
        "summary": summary,
    }


@route("GET", _VERSION)
async def get(call: Call) -> Response:
    """One version, with `$expand=ReplicationStatus` how far it is."""
    return ok(_view(call, existing(call)))


@route("GET", DEFINITION + "/versions")
async def list_versions(call: Call) -> Response:
    """All versions of a definition."""
    existing(call)
    return page(call, resolve.versions(call.world, call.rid))


@route("DELETE", _VERSION)
async def delete(call: Call) -> Response:
    """Delete a version; softly where the gallery says so, unless that is bypassed."""
    doc = call.world.store.get(call.rid)
    bypass = call.query.get("bypassSoftDelete", "false").lower() == "true"
    if doc is None or ("_soft_deleted" in doc and not bypass):
        return no_content()
    idle(call)
    _check_end_of_life(call, doc)
    gallery = call.world.store.get(parent_of(parent_of(call.rid)))
    policy = gallery["properties"]["softDeletePolicy"] if gallery else {}
    doc["properties"]["provisioningState"] = "Deleting"
    call.world.store.put(doc)
    soft = bool(policy.get("isSoftDeleteEnabled")) and not bypass
    return start(call, jobs.DELETE, doc, {"duration": "version.delete", "soft": soft}, new=None)


def _check_end_of_life(call: Call, doc: Document) -> None:
    until = doc["properties"]["publishingProfile"].get("endOfLifeDate")
    if not doc["properties"].get("safetyProfile", {}).get("blockDeletionBeforeEndOfLife") or until is None:
        return
    now = call.world.clock.now()
    moment = datetime.fromisoformat(str(until).replace("Z", "+00:00"))
    if (moment if moment.tzinfo else moment.replace(tzinfo=now.tzinfo)) > now:
        raise errors.blocked_before_end_of_life(doc["name"], until)


@route("GET", GALLERY + "/softdeletedartifacttypes/{kind}/artifacts/{image}/versions")
async def list_soft_deleted(call: Call) -> Response:
    """Versions of a definition that can still be brought back."""
    if call.path["kind"].lower() != "images":
        raise not_implemented(f"soft-deleted {call.path['kind']}")
    gallery = call.rid.parent if call.rid.types[-1].lower() != "galleries" else call.rid
    while gallery is not None and gallery.type.lower() != "microsoft.compute/galleries":
        gallery = gallery.parent
    if gallery is None or gallery not in call.world.store:
        raise not_found(call.rid)
    definition = gallery.child("images", call.path["image"])
    found = [doc for doc in call.world.store.list(VERSIONS, parent=definition) if "_soft_deleted" in doc]
    return page(call, [_soft_deleted(doc) for doc in found])


def _soft_deleted(doc: Document) -> Document:
    return {
        "name": doc["name"],
        "id": doc["id"],
        "type": "Microsoft.Compute/galleries/softDeletedArtifactTypes/artifacts/versions",  # assumed
        "location": doc["location"],
        "properties": {
            "resourceArmId": doc["id"],
            "softDeletedArtifactType": "Images",
            "softDeletedTime": datetime.fromtimestamp(doc["_soft_deleted"]).astimezone().isoformat(),
        },
    }
