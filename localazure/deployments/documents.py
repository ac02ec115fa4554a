"""Deployments as ARM shows them (shapes as in recorded traffic), and what of a run is kept beside that."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from localazure.arm.clock import stamp
from localazure.arm.ids import ResourceId
from localazure.arm.store import Document
from localazure.arm.world import World

from .language.hashing import murmur64
from .planning import Plan, Planned

TYPE = "Microsoft.Resources/deployments"
ACCEPTED, RUNNING, SUCCEEDED, FAILED, CANCELED = "Accepted", "Running", "Succeeded", "Failed", "Canceled"
ENDED = frozenset((SUCCEEDED, FAILED, CANCELED))


def moment(world: World) -> str:
    """`2023-05-25T06:51:22.6776659Z`."""
    return stamp(world.clock.now()).replace("+00:00", "Z")


def duration(begun: str, ended: str) -> str:
    """ISO 8601: `PT1M31.8772148S`."""
    first, last = (datetime.fromisoformat(one[:26] + "+00:00") for one in (begun, ended))
    seconds = max(0.0, (last - first).total_seconds())
    hours, rest = divmod(seconds, 3600)
    minutes, rest = divmod(rest, 60)
    parts = (f"{int(hours)}H" if hours else "") + (f"{int(minutes)}M" if hours or minutes else "")
    return f"PT{parts}{rest:.7f}".rstrip("0").rstrip(".") + "S"


def template_hash(template: Any) -> str:
    """A number of 64 bits that names the template (Azure's own canonical form is unknown)."""
    return str(murmur64(json.dumps(template, sort_keys=True, separators=(",", ":")).encode()))


def shown_reference(rid: ResourceId) -> dict[str, Any]:
    """How `dependencies` and operations name a resource."""
    return {"id": rid.text, "resourceType": rid.type, "resourceName": "/".join(rid.names)}


def dependencies(plan: Plan) -> list[dict[str, Any]]:
    """Every resource that waits for others, with them."""
    return [
        {"dependsOn": [shown_reference(need) for need in one.needs]} | shown_reference(one.rid)
        for one in plan.wanted
        if one.needs
    ]


def providers(plan: Plan, locations: dict[str, str | None]) -> list[dict[str, Any]]:
    """Namespaces and types of the template, in its order, with where."""
    found: dict[str, dict[str, list[str | None]]] = {}
    for one in plan.wanted:
        provider, _, kind = one.rid.type.partition("/")
        places = found.setdefault(provider, {}).setdefault(kind, [])
        if locations[one.key] not in places:
            places.append(locations[one.key])
    return [
        {
            "namespace": provider,
            "resourceTypes": [{"resourceType": kind, "locations": places} for kind, places in kinds.items()],
        }
        for provider, kinds in found.items()
    ]


def output_resources(plan: Plan) -> list[dict[str, str]]:
    """What was deployed, by id (recorded order)."""
    return [{"id": one.rid.text} for one in sorted(plan.wanted, key=lambda one: one.rid.text)]


def steps_of(doc: Document) -> dict[str, dict[str, Any]]:
    """What the run did, by resource key."""
    found: dict[str, dict[str, Any]] = doc.setdefault("_steps", {})
    return found


def new_step(world: World, planned: Planned, number: str) -> dict[str, Any]:
    """A resource that the run begins with."""
    return {
        "state": RUNNING,
        "begun": moment(world),
        "number": number,
        "target": shown_reference(planned.rid),
        "operation": None,
    }


def shown_step(deployment: Document, step: dict[str, Any], world: World) -> dict[str, Any]:
    """One operation of a deployment."""
    ended = step.get("ended") or moment(world)
    properties: dict[str, Any] = {
        "provisioningOperation": "Create",
        "provisioningState": step["state"],
        "timestamp": ended,
        "duration": duration(step["begun"], ended),
        "trackingId": step["tracking"] if "tracking" in step else deployment["_tracking"],
        "targetResource": step["target"],
    }
    if step.get("code"):
        properties["statusCode"] = step["code"]
    if step.get("error"):
        properties["statusMessage"] = _message(step["error"])
    return {
        "id": f"{deployment['id']}/operations/{step['number']}",
        "operationId": step["number"],
        "properties": properties,
    }


def _message(error: dict[str, Any]) -> Any:
    """The resource's own answer, which `details` carries as text."""
    try:
        return json.loads(error["message"])
    except ValueError:
        return {"error": error}
