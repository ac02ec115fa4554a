"""Storage accounts as documents: what exists, their keys and endpoints.

Private members: `_keys` (two, each with its creation time).
"""

from __future__ import annotations

import base64
import secrets
from typing import TYPE_CHECKING, Any

from localazure.arm.clock import stamp
from localazure.storage.azurite import Azurite

if TYPE_CHECKING:
    from localazure.arm.store import Document
    from localazure.arm.world import World

ACCOUNTS = "Microsoft.Storage/storageAccounts"
CONTAINERS = "Microsoft.Storage/storageAccounts/blobServices/containers"
KEY_NAMES = ("key1", "key2")


def new_key(world: World, name: str) -> dict[str, str]:
    """A key as listKeys shows it: 64 random bytes."""
    return {
        "creationTime": stamp(world.clock.now()),
        "keyName": name,
        "value": base64.b64encode(secrets.token_bytes(64)).decode(),
        "permissions": "FULL",
    }


def finish(world: World, doc: Document) -> Document:
    """Make the document of an account that exists from the one that was accepted."""
    given, name = doc["properties"], doc["name"]
    kind, now = doc["kind"], stamp(world.clock.now())
    doc["sku"] = {"name": doc["sku"]["name"], "tier": doc["sku"]["name"].split("_")[0]}
    doc["properties"] = {
        "keyCreationTime": {f"key{n}": now for n in (1, 2)},
        "privateEndpointConnections": [],
        "minimumTlsVersion": given.get("minimumTlsVersion", "TLS1_0"),
        "allowBlobPublicAccess": bool(given.get("allowBlobPublicAccess", False)),
        **{key: given[key] for key in _KEPT if key in given},
        "networkAcls": given.get("networkAcls")
        or {"bypass": "AzureServices", "virtualNetworkRules": [], "ipRules": [], "defaultAction": "Allow"},
        "supportsHttpsTrafficOnly": bool(given.get("supportsHttpsTrafficOnly", True)),
        "encryption": given.get("encryption")
        or {
            "services": {
                service: {"keyType": "Account", "enabled": True, "lastEnabledTime": now}
                for service in ("file", "blob")
            },
            "keySource": "Microsoft.Storage",
        },
        **({"accessTier": given.get("accessTier", "Hot")} if kind in ("StorageV2", "BlobStorage") else {}),
        "provisioningState": "Succeeded",
        "creationTime": now,
        "primaryEndpoints": {"blob": f"{world.part(Azurite).endpoint}/{name}/"},
        "primaryLocation": doc["location"],
        "statusOfPrimary": "available",
    }
    doc["_keys"] = [new_key(world, key) for key in KEY_NAMES]
    return doc


_KEPT = (
    *("publicNetworkAccess", "allowSharedKeyAccess", "defaultToOAuthAuthentication", "dnsEndpointType"),
    *("allowCrossTenantReplication", "isHnsEnabled", "largeFileSharesState", "allowedCopyScope"),
)


def keys_of(doc: Document) -> tuple[str, str]:
    """The values of both keys."""
    first, second = (str(key["value"]) for key in doc["_keys"])
    return first, second


def find(world: World, name: str) -> Document | None:
    """An account by its name, which is unique."""
    return next((doc for doc in world.store.list(ACCOUNTS) if doc["name"] == name.lower()), None)


def publish(world: World) -> None:
    """Let the blob service know who may come."""
    named = {doc["name"]: keys_of(doc) for doc in world.store.list(ACCOUNTS) if "_keys" in doc}
    world.part(Azurite).publish(named)


def shown_keys(doc: Document) -> dict[str, Any]:
    """The body of listKeys."""
    return {"keys": doc["_keys"]}
