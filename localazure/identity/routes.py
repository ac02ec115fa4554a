"""The token service: client credentials by both versions of the protocol, and its discovery documents."""

from __future__ import annotations

import uuid
from typing import Any
from urllib.parse import parse_qs

from starlette.responses import Response

from localazure.arm.calls import Call
from localazure.arm.routing import route
from localazure.arm.wire import reply

from .assertions import RefusedAssertionError, check_assertion
from .models import Authority


class TokenError(Exception):
    """A refusal of the token service: `AADSTS…` (numbers and texts documented)."""

    def __init__(self, status: int, error: str, number: int, text: str) -> None:
        super().__init__(text)
        self.status, self.error, self.number, self.text = status, error, number, text


def _refusal(call: Call, error: TokenError) -> Response:
    trace, correlation = str(uuid.uuid4()), call.headers.get("client-request-id", str(uuid.uuid4()))
    moment = call.world.clock.now().strftime("%Y-%m-%d %H:%M:%SZ")
    return reply(
        {
            "error": error.error,
            "error_description": f"AADSTS{error.number}: {error.text} Trace ID: {trace} "
            f"Correlation ID: {correlation} Timestamp: {moment}",
            "error_codes": [error.number],
            "timestamp": moment,
            "trace_id": trace,
            "correlation_id": correlation,
            "error_uri": f"{call.base}/error?code={error.number}",
        },
        error.status,
    )


@route("POST", "/{tenant}/oauth2/v2.0/token", public=True)
async def token_v2(call: Call) -> Response:
    """A token for a scope that ends in `/.default`."""
    return _token(call, "scope")


@route("POST", "/{tenant}/oauth2/token", public=True)
async def token_v1(call: Call) -> Response:
    """A token for a resource."""
    return _token(call, "resource")


def _token(call: Call, asked_by: str) -> Response:
    form = {name: values[0] for name, values in parse_qs(call.body.decode("utf-8", "replace")).items()}
    authority = call.world.part(Authority)
    try:
        _check_client(call, authority, form)
        audience = _audience(form, asked_by)
    except TokenError as error:
        return _refusal(call, error)
    token, seconds = authority.issue(audience, form["client_id"])
    body: dict[str, Any] = {"token_type": "Bearer", "expires_in": seconds, "ext_expires_in": seconds}
    if asked_by == "resource":
        now = int(call.world.clock.epoch())
        body = {name: str(value) for name, value in body.items()}
        body |= {"expires_on": str(now + seconds), "not_before": str(now - 300), "resource": audience}
    return reply(body | {"access_token": token}, 200, {"Cache-Control": "no-store, no-cache"})


def _check_client(call: Call, authority: Authority, form: dict[str, str]) -> None:
    seed, tenant = authority.seed, call.path["tenant"]
    if tenant.lower() != seed.tenant:
        raise TokenError(
            400,
            "invalid_request",
            90002,
            f"Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing "
            "into "
            "the correct cloud.",
        )
    grant = form.get("grant_type")
    if grant is None:
        raise TokenError(
            400,
            "invalid_request",
            900144,
            "The request body must contain the following parameter: 'grant_type'.",
        )
    if grant != "client_credentials":
        raise TokenError(
            400,
            "unsupported_grant_type",
            70003,
            f"The app requested an unsupported grant type '{grant}'.",
        )
    client = form.get("client_id", "")
    if client.lower() != seed.client_id:
        raise TokenError(
            400,
            "unauthorized_client",
            700016,
            f"Application with identifier '{client}' was not found in the directory '{seed.tenant}'. This "
            "can "
            "happen if the application has not been installed by the administrator of the tenant or "
            "consented to "
            "by any user in the tenant. You may have sent your authentication request to the wrong tenant.",
        )
    if "client_assertion" in form:
        _check_assertion(call, form, client)
        return
    if "client_secret" not in form:
        raise TokenError(
            401,
            "invalid_client",
            7000218,
            "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
        )
    if not authority.knows_secret(form["client_secret"]):
        raise TokenError(
            401,
            "invalid_client",
            7000215,
            "Invalid client secret provided. Ensure the secret being sent in the request is the client "
            "secret "
            f"value, not the client secret ID, for a secret added to app '{client}'.",
        )


def _check_assertion(call: Call, form: dict[str, str], client: str) -> None:
    try:
        check_assertion(call.world.config.state, form, client, call.base)
    except RefusedAssertionError as error:
        raise TokenError(401, "invalid_client", error.number, error.text) from error


def _audience(form: dict[str, str], asked_by: str) -> str:
    asked = form.get(asked_by, "")
    if asked_by == "resource":
        if not asked:
            raise TokenError(
                400,
                "invalid_resource",
                500011,
                "The resource principal named '' was not found in the tenant.",
            )
        return asked
    wanted = [scope for scope in asked.split() if scope.endswith("/.default")]
    if len(wanted) != 1:
        raise TokenError(
            400,
            "invalid_scope",
            1002012,
            f"The provided value for scope {asked} is not valid. Client credential flows must have a scope "
            "value "
            "with /.default suffixed to the resource identifier (application ID URI).",
        )
    return wanted[0].removesuffix("/.default")


@route("GET", "/{tenant}/v2.0/.well-known/openid-configuration", public=True)
async def openid_configuration_v2(call: Call) -> Response:
    """Where the token service's parts are, version 2."""
    return reply(_configuration(call, "/v2.0", "/oauth2/v2.0"))


@route("GET", "/{tenant}/.well-known/openid-configuration", public=True)
async def openid_configuration(call: Call) -> Response:
    """Where the token service's parts are, version 1."""
    return reply(_configuration(call, "", "/oauth2"))


def _configuration(call: Call, issuer: str, oauth: str) -> dict[str, Any]:
    home = f"{call.base}/{call.path['tenant']}"
    return {
        "issuer": f"{home}{issuer}",
        "token_endpoint": f"{home}{oauth}/token",
        "authorization_endpoint": f"{home}{oauth}/authorize",
        "device_authorization_endpoint": f"{home}{oauth}/devicecode",
        "jwks_uri": f"{home}/discovery{issuer}/keys",
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
        "response_types_supported": ["code", "id_token", "token"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "tenant_region_scope": None,
        "cloud_instance_name": call.base.removeprefix("https://"),
    }


@route("GET", "/{tenant}/discovery/v2.0/keys", public=True)
@route("GET", "/{tenant}/discovery/keys", public=True)
async def signing_keys(call: Call) -> Response:
    """The public half of the signing key."""
    return reply({"keys": [call.world.part(Authority).public_jwk()]})


@route("GET", "/metadata/endpoints", public=True)
async def cloud_endpoints(call: Call) -> Response:
    """What a command line needs to know of this cloud: one object, never a list."""
    host = call.base.removeprefix("https://")
    return reply(
        {
            "name": "LocalAzure",
            "resourceManager": call.base,
            "authentication": {
                "loginEndpoint": call.base,
                "audiences": [call.base],
                "tenant": call.world.config.tenant,
                "identityProvider": "AAD",
            },
            "portal": call.base,
            "graph": call.base,
            "graphAudience": call.base,
            "suffixes": {"storage": host, "keyVaultDns": host},
        }
    )
