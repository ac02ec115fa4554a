"""Route tables and NAT gateways: kept, shown, referred to by subnets. They route nothing."""

from __future__ import annotations

import uuid

from localazure.arm.calls import Call
from localazure.arm.store import Document
from localazure.arm.world import World

from . import errors
from .kinds import Kind, Properties, Read, ids, read_reference
from .models import ADDRESS
from .vnets import subnets_with


def _read_table(call: Call, body: Document, existing: Document | None) -> Properties:
    given = body["properties"]
    routes = [
        {
            "name": one["name"],
            "id": call.rid.child("routes", one["name"]).text,
            "properties": {"provisioningState": "Succeeded"} | one.get("properties", {}),
        }
        for one in given.get("routes") or []
    ]
    return {
        "resourceGuid": _guid(existing),
        "disableBgpRoutePropagation": bool(given.get("disableBgpRoutePropagation", False)),
        "routes": routes,
    }


def _read_gateway(call: Call, body: Document, existing: Document | None) -> Properties:
    given = body["properties"]
    found = [
        read_reference(
            call.world,
            one,
            ADDRESS,
            by=call.rid,
            path=f"publicIpAddresses[{index}]",
            location=body["location"],
        )["id"]
        for index, one in enumerate(given.get("publicIpAddresses") or [])
    ]
    return {
        "resourceGuid": _guid(existing),
        "idleTimeoutInMinutes": given.get("idleTimeoutInMinutes", 4),
        "publicIpAddresses": ids(found),
    }


def _guid(existing: Document | None) -> str:
    found: str = existing["properties"]["resourceGuid"] if existing else str(uuid.uuid4())
    return found


def _kind(collection: str, member: str, word: str, read: Read, envelope: tuple[str, ...] = ()) -> Kind:
    def show(world: World, doc: Document) -> Document:
        users = subnets_with(world, member, doc["id"])
        if users:
            doc["properties"]["subnets"] = ids(users)
        return doc

    def check_unused(world: World, doc: Document) -> None:
        users = subnets_with(world, member, doc["id"])
        if users:
            raise errors.resource_in_use(word, doc["id"], users)

    return Kind(
        collection=collection,
        time="network.nsg",
        read=read,
        show=show,
        check_unused=check_unused,
        envelope=envelope,
    )


TABLES = _kind("routeTables", "routeTable", "RouteTable", _read_table)
GATEWAYS = _kind("natGateways", "natGateway", "NatGateway", _read_gateway, ("sku", "zones"))
