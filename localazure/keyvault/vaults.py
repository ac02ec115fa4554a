"""Vaults and what is in them, as documents.

A vault's items are kept with it: `_items` maps `secrets/<name>` to its versions, the last one being current.
A deleted vault is a document of another type until it is purged: its name is not free.
"""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from localazure.arm.store import Document
    from localazure.arm.world import World

VAULTS = "Microsoft.KeyVault/vaults"
DELETED = "Microsoft.KeyVault/deletedVaults"
NAME = re.compile(r"(?=.{3,24}$)[A-Za-z](?:-?[A-Za-z0-9])*")
ITEM = re.compile(r"[A-Za-z0-9-]{1,127}")


def address(world: World, name: str) -> str:
    """Where a vault's items are; on Azure the vault is in the host's name, here it is in the path."""
    return f"{world.config.endpoint}/keyvault/{name}"


def find(world: World, name: str, kind: str = VAULTS) -> Document | None:
    """A vault by its name, which is unique."""
    return next((doc for doc in world.store.list(kind) if doc["name"].lower() == name.lower()), None)


def put_item(world: World, vault: Document, kind: str, name: str, item: dict[str, Any]) -> dict[str, Any]:
    """Add a version of an item; what clients see of it."""
    now, version = int(world.clock.epoch()), uuid.uuid4().hex
    given = item.pop("attributes", None) or {}
    item["attributes"] = (
        {"enabled": True} | given | {"created": now, "updated": now, "recoveryLevel": "Recoverable"}
    )
    item["id"] = f"{address(world, vault['name'])}/{kind}/{name}/{version}"
    vault.setdefault("_items", {}).setdefault(f"{kind}/{name}", []).append(item)
    world.store.put(vault)
    return item


def item_of(vault: Document, kind: str, name: str, version: str = "") -> dict[str, Any] | None:
    """An item's current or named version."""
    versions: list[dict[str, Any]] = vault.get("_items", {}).get(f"{kind}/{name.lower()}", [])
    if not version:
        return versions[-1] if versions else None
    return next((one for one in versions if one["id"].endswith(f"/{version}")), None)


def _read(world: World, url: str) -> tuple[str, list[str]]:
    """The vault that an address is of, by our notation or Azure's, and the rest of its path."""
    parts = urlsplit(url)
    steps = parts.path.strip("/").split("/")
    if f"{parts.scheme}://{parts.netloc}" == world.config.endpoint and steps[0] == "keyvault":
        return (steps[1] if len(steps) > 1 else ""), steps[2:]
    return (parts.hostname or "").partition(".")[0], steps


def is_of(world: World, vault: Document, url: str) -> bool:
    """Whether an address is one of this vault."""
    return vault["type"] == VAULTS and _read(world, url)[0].lower() == str(vault["name"]).lower()


def secret_behind(world: World, vault: Document, url: str) -> dict[str, Any] | None:
    """The secret, of the version, that the address of a machine's certificate names."""
    _, steps = _read(world, url)
    if len(steps) != 3 or steps[0] != "secrets":
        return None
    return item_of(vault, "secrets", steps[1], steps[2])
