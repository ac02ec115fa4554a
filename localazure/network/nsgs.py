"""Network security groups: rules inline, each also a resource of its own."""

from __future__ import annotations

import uuid

from localazure.arm.calls import Call
from localazure.arm.store import Document
from localazure.arm.world import World

from . import errors, rules
from .kinds import Kind, Properties, ids
from .models import NIC, SUBNET, holders_of_group


def _read(call: Call, body: Document, existing: Document | None) -> Properties:
    given = body["properties"].get("securityRules") or []
    if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
        raise errors.bad(
            "InvalidRequestFormat", "Cannot parse the request: securityRules is a list of objects."
        )
    read = [rules.read_rule(call.rid, one.get("name"), one.get("properties")) for one in given]
    rules.check_priorities(read)
    old = existing["properties"] if existing else {}
    return {
        "resourceGuid": old.get("resourceGuid", str(uuid.uuid4())),
        "securityRules": read,
        "defaultSecurityRules": old.get("defaultSecurityRules") or rules.default_rules(call.rid),
    }


def _show(world: World, doc: Document) -> Document:
    """The group with where it is used."""
    for holder in holders_of_group(world, doc["id"]):
        found = world.store.get(holder)
        if found is None:
            continue
        member = {NIC: "networkInterfaces", SUBNET: "subnets"}[found["type"]]
        doc["properties"].setdefault(member, []).extend(ids([found["id"]]))
    return doc


def _check_unused(world: World, doc: Document) -> None:
    users = holders_of_group(world, doc["id"])
    if users:
        raise errors.group_in_use(doc["id"], users)


KIND = Kind(
    collection="networkSecurityGroups",
    time="network.nsg",
    read=_read,
    show=_show,
    check_unused=_check_unused,
)
