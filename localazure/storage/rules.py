"""What a client may ask of storage accounts: bodies checked against the provider's rules."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from localazure.arm.envelope import new_document, read_resource, read_tags
from localazure.arm.errors import invalid_content
from localazure.storage import accounts, errors

if TYPE_CHECKING:
    from localazure.arm.calls import Call
    from localazure.arm.store import Document

NAME = re.compile(r"[a-z0-9]{3,24}")
_LOCAL = ("Standard_LRS", "Standard_GRS", "Standard_RAGRS")
_ZONED = ("Standard_ZRS", "Standard_GZRS", "Standard_RAGZRS")
_PREMIUM = ("Premium_LRS", "Premium_ZRS")
KINDS: dict[str, tuple[str, ...]] = {
    "Storage": (*_LOCAL, "Standard_ZRS", "Premium_LRS"),
    "StorageV2": (*_LOCAL, *_ZONED, *_PREMIUM),
    "BlobStorage": _LOCAL,
    "BlockBlobStorage": _PREMIUM,
    "FileStorage": _PREMIUM,
}
"""Kinds of accounts and the redundancies that each has (documented: storage account overview)."""

_VALUES: dict[str, tuple[str, ...]] = {
    "accessTier": ("Hot", "Cool", "Premium", "Cold"),
    "minimumTlsVersion": ("TLS1_0", "TLS1_1", "TLS1_2", "TLS1_3"),
    "publicNetworkAccess": ("Enabled", "Disabled", "SecuredByPerimeter"),
    "largeFileSharesState": ("Disabled", "Enabled"),
    "allowedCopyScope": ("PrivateLink", "AAD"),
    "dnsEndpointType": ("Standard", "AzureDnsZone"),
}
_SWITCHES = frozenset(
    (
        *("allowBlobPublicAccess", "allowSharedKeyAccess", "supportsHttpsTrafficOnly", "isHnsEnabled"),
        *("defaultToOAuthAuthentication", "allowCrossTenantReplication", "isNfsV3Enabled", "isSftpEnabled"),
        *("isLocalUserEnabled", "enableExtendedGroups"),
    )
)
_OBJECTS = frozenset(
    (
        *("networkAcls", "encryption", "customDomain", "sasPolicy", "keyPolicy", "routingPreference"),
        *("azureFilesIdentityBasedAuthentication", "immutableStorageWithVersioning"),
        *("dualStackEndpointPreference",),
    )
)
_READ_ONLY = frozenset(
    (
        *("provisioningState", "primaryEndpoints", "primaryLocation", "statusOfPrimary", "creationTime"),
        *("keyCreationTime", "privateEndpointConnections", "secondaryLocation", "secondaryEndpoints"),
        *("statusOfSecondary", "lastGeoFailoverTime", "geoReplicationStats", "failoverInProgress"),
    )
)
_FIXED = ("isHnsEnabled", "dnsEndpointType")


def check_name(name: str) -> None:
    """The rule of account names."""
    if NAME.fullmatch(name) is None:
        raise errors.name_invalid(name)


def read_new(call: Call) -> Document:
    """An account to create."""
    check_name(call.path["name"])
    body = read_resource(call)
    elsewhere = accounts.find(call.world, call.path["name"])
    if elsewhere is not None and elsewhere["id"].lower() != call.rid.key:
        raise errors.taken_in_other_group(call.path["name"])
    doc = new_document(call, body)
    sku, kind = doc.get("sku", {}).get("name"), doc.get("kind")
    if sku is None:
        raise errors.required("sku.name")
    if kind is None:
        raise errors.required("kind")
    _check_kind(sku, kind)
    check_properties(doc["properties"])
    if kind == "BlobStorage" and "accessTier" not in doc["properties"]:
        raise errors.tier_required()
    return doc


def _check_kind(sku: Any, kind: Any) -> None:
    if not isinstance(kind, str) or kind not in KINDS:
        raise errors.bad_value("kind")
    if not isinstance(sku, str) or all(sku not in known for known in KINDS.values()):
        raise errors.bad_value("sku.name")
    if sku not in KINDS[kind]:
        raise errors.sku_of_kind(sku, kind)


def check_properties(properties: dict[str, Any]) -> None:
    """Every member is one that accounts have, with a value of its kind."""
    for name, value in properties.items():
        if name in _VALUES:
            if value not in _VALUES[name]:
                raise errors.bad_value(name)
        elif name in _SWITCHES or name in _OBJECTS:
            if not isinstance(value, bool if name in _SWITCHES else dict):
                raise invalid_content(f"Error converting value. Path 'properties.{name}'")
        elif name not in _READ_ONLY:
            raise invalid_content(
                f"Could not find member '{name}' on object of type 'StorageAccountProperties'. Path "
                f"'properties.{name}'"
            )


def changed(existing: Document, given: dict[str, Any], *, patch: bool) -> Document:
    """An account as a PUT or PATCH wants it, or the refusal."""
    properties = given.get("properties") or {}
    if not isinstance(properties, dict):
        raise invalid_content("Error converting value to type 'JObject'. Path 'properties'")
    check_properties(properties)
    for name in _FIXED:
        if name in properties and properties[name] != existing["properties"].get(name, properties[name]):
            raise errors.immutable(name)
    sku, kind = given.get("sku") or existing["sku"], given.get("kind") or existing["kind"]
    if not isinstance(sku, dict):
        raise invalid_content("Error converting value to type 'JObject'. Path 'sku'")
    if kind != existing["kind"] and (existing["kind"], kind) != ("Storage", "StorageV2"):
        raise errors.immutable("kind")
    _check_kind(sku.get("name"), kind)
    if sku["name"].split("_")[0] != existing["sku"]["tier"]:
        raise errors.immutable("sku.tier")
    existing["kind"], existing["sku"] = kind, {"name": sku["name"], "tier": existing["sku"]["tier"]}
    existing["properties"] |= {key: value for key, value in properties.items() if key not in _READ_ONLY}
    if given.get("tags") is not None or not patch:
        existing["tags"] = read_tags(given.get("tags"))
    return existing
