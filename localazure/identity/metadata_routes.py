"""Managed identity, as a machine in the cloud gets its token: plain HTTP on a loopback port of its own.

Two forms: the metadata service's address (clients: `AZURE_POD_IDENTITY_AUTHORITY_HOST`), guarded by the
header `Metadata: true`, and an identity endpoint (`IDENTITY_ENDPOINT`), guarded by a secret header
(`IDENTITY_HEADER`).
"""

from __future__ import annotations

from starlette.responses import Response

from localazure.arm.calls import Call
from localazure.arm.routing import route
from localazure.arm.wire import reply

from .models import Authority


def _bad(status: int, error: str, text: str) -> Response:
    return reply({"error": error, "error_description": text}, status)


@route("GET", "/metadata/identity/oauth2/token", public=True, plain=True)
async def metadata_token(call: Call) -> Response:
    """The metadata service's form (documented: both errors)."""
    if call.headers.get("metadata", "").lower() != "true":
        return _bad(400, "invalid_request", "Required metadata header not specified")
    return _identity_token(call)


@route("GET", "/msi/token", public=True, plain=True)
async def endpoint_token(call: Call) -> Response:
    """The identity endpoint's form (documented)."""
    if not call.world.part(Authority).knows_header(call.headers.get("x-identity-header", "")):
        return _bad(401, "unauthorized", "The X-IDENTITY-HEADER is missing or wrong")
    return _identity_token(call)


def _identity_token(call: Call) -> Response:
    resource, authority = call.query.get("resource", ""), call.world.part(Authority)
    if not call.query.get("api-version"):
        return _bad(400, "invalid_request", "Required query variable 'api-version' is missing")
    if not resource:
        return _bad(400, "invalid_request", "Required query variable 'resource' is missing")
    wanted = call.query.get("client_id", authority.seed.identity_client_id)
    if wanted.lower() != authority.seed.identity_client_id:
        return _bad(400, "invalid_request", "Identity not found")
    token, seconds = authority.issue(resource, authority.seed.identity_client_id)
    now = int(call.world.clock.epoch())
    return reply(
        {
            "access_token": token,
            "client_id": authority.seed.identity_client_id,
            "expires_in": str(seconds),
            "expires_on": str(now + seconds),
            "ext_expires_in": str(seconds),
            "not_before": str(now),
            "resource": resource,
            "token_type": "Bearer",
        }
    )
