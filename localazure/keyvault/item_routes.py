"""Secrets and certificates on the vault's own address, with tokens of its own audience."""

from __future__ import annotations

import base64
import binascii
from typing import Any, cast

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, pkcs12
from cryptography.hazmat.primitives.serialization.pkcs12 import PKCS12PrivateKeyTypes
from starlette.responses import Response

from localazure.arm.calls import Call
from localazure.arm.errors import ArmError
from localazure.arm.routing import route
from localazure.arm.store import Document
from localazure.arm.wire import page, reply
from localazure.identity.models import Authority
from localazure.keyvault import errors, vaults

_VAULT = "/keyvault/{vault}"
_AUDIENCE = "https://vault.azure.net"
_PFX = "application/x-pkcs12"


def _vault(call: Call) -> Document:
    """The vault of the path, for a caller with a token for vaults."""
    challenge = errors.unauthorized(f"{call.base}/{call.world.config.tenant}")
    try:
        claims = call.world.part(Authority).check(call.headers.get("authorization"), _AUDIENCE)
    except ArmError:
        raise challenge from None
    if str(claims["aud"]).rstrip("/") != _AUDIENCE:  # a token for the resource manager, say
        raise challenge
    vault = vaults.find(call.world, call.path["vault"])
    if vault is None:
        raise ArmError(404, "VaultNotFound", f"There is no vault {call.path['vault']}.")  # assumed text
    return vault


def _item_name(call: Call) -> str:
    name = call.path["name"].lower()
    if vaults.ITEM.fullmatch(name) is None:
        raise errors.bad_parameter(f"The request URI contains an invalid name: {call.path['name']}")
    return name


@route("PUT", _VAULT + "/secrets/{name}", public=True, bare=True)
async def set_secret(call: Call) -> Response:
    """A new version of a secret."""
    vault, name, body = _vault(call), _item_name(call), call.json
    if not isinstance(body.get("value"), str):
        raise errors.bad_parameter("The parameter value is missing or no string.")
    known = {
        key: body[key] for key in ("value", "contentType", "tags", "attributes") if body.get(key) is not None
    }
    return reply(vaults.put_item(call.world, vault, "secrets", name, known))


@route("GET", _VAULT + "/secrets/{name}", public=True, bare=True)
@route("GET", _VAULT + "/secrets/{name}/{version}", public=True, bare=True)
@route("GET", _VAULT + "/certificates/{name}", public=True, bare=True)
@route("GET", _VAULT + "/certificates/{name}/{version}", public=True, bare=True)
async def get_item(call: Call) -> Response:
    """A secret or certificate, current or of a version."""
    vault, name = _vault(call), _item_name(call)
    kind = call.canonical.split("/")[3]
    item = vaults.item_of(vault, kind, name, call.path.get("version", ""))
    if item is None:
        raise errors.item_not_found(kind.removesuffix("s"), name)
    return reply(item)


@route("GET", _VAULT + "/secrets", public=True, bare=True)
@route("GET", _VAULT + "/certificates", public=True, bare=True)
async def list_items(call: Call) -> Response:
    """All secrets or certificates without their values."""
    vault, kind = _vault(call), call.canonical.rstrip("/").split("/")[3]
    found = []
    for key, versions in sorted(vault.get("_items", {}).items()):
        if key.startswith(f"{kind}/"):
            shown = {
                k: v for k, v in versions[-1].items() if k in ("attributes", "contentType", "tags", "x5t")
            }
            found.append({"id": versions[-1]["id"].rpartition("/")[0]} | shown)
    return page(call, found)


@route("POST", _VAULT + "/certificates/{name}/import", public=True, bare=True)
async def import_certificate(call: Call) -> Response:
    """A certificate with its key, as PFX in base64; the secret of its name is what machines are given."""
    vault, name, body = _vault(call), _item_name(call), call.json
    pfx, x5t, cer = _read_pfx(body.get("value"), body.get("pwd"))
    secret = vaults.put_item(
        call.world, vault, "secrets", name, {"value": base64.b64encode(pfx).decode(), "contentType": _PFX}
    )
    item = {
        "sid": secret["id"],
        "x5t": x5t,
        "cer": cer,
        "contentType": _PFX,
        "policy": {"secret_props": {"contentType": _PFX}},
        **{key: body[key] for key in ("attributes", "tags") if body.get(key) is not None},
    }
    return reply(vaults.put_item(call.world, vault, "certificates", name, item))


def _read_pfx(value: Any, password: Any) -> tuple[bytes, str, str]:
    """The PFX without its password, the thumbprint and the certificate."""
    try:
        raw = base64.b64decode(value, validate=True)
        key, certificate, more = pkcs12.load_key_and_certificates(
            raw, password.encode() if password else None
        )
    except (TypeError, ValueError, AttributeError, binascii.Error):
        key, certificate = None, None
    if key is None or certificate is None:
        raise errors.bad_parameter(
            "The specified PKCS#12 X.509 certificate content can not be read. Please check if "
            "certificate is in "
            "valid PKCS#12 format."
        )
    plain = pkcs12.serialize_key_and_certificates(
        None,
        cast(PKCS12PrivateKeyTypes, key),  # it came out of such a file
        certificate,
        more,
        NoEncryption(),
    )
    thumbprint = certificate.fingerprint(hashes.SHA1())  # noqa: S303 - what Azure calls a certificate by
    der = base64.b64encode(certificate.public_bytes(Encoding.DER)).decode()
    return plain, base64.urlsafe_b64encode(thumbprint).decode().rstrip("="), der
