"""Who may call: one tenant with a client (secret) and a managed identity; tokens signed by our own key."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from localazure.arm.errors import ArmError
from localazure.arm.store import Store
from localazure.arm.world import World
from localazure.identity.assertions import ensure_proofs
from localazure.tls import write_secret

_AUDIENCES = ("https://management.azure.com", "https://management.core.windows.net")


@dataclass(frozen=True)
class Seed:
    """The identities of a state directory, random, made once."""

    tenant: str
    subscription: str
    client_id: str
    object_id: str
    identity_client_id: str
    identity_object_id: str
    partition: str


def ensure_seed(store: Store, state: Path) -> Seed:
    """The seed of this state, with its secrets in files that only we can read."""
    known = store.fact("seed")
    if known is None:
        known = {name: str(uuid.uuid4()) for name in Seed.__dataclass_fields__}
        store.set_fact("seed", known)
    for name in ("client-secret", "identity-header"):
        if not (state / name).exists():
            write_secret(state / name, secrets.token_urlsafe(32).encode())
    if not (state / "token.key").exists():
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        write_secret(
            state / "token.key",
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            ),
        )
    ensure_proofs(state)
    return Seed(**known)


class Authority:
    """Issues and checks tokens."""

    def __init__(self, world: World) -> None:
        state = world.config.state
        self._world = world
        self.seed = Seed(**world.store.fact("seed"))
        self._key = serialization.load_pem_private_key((state / "token.key").read_bytes(), None)
        self._secret = (state / "client-secret").read_text()
        self._header = (state / "identity-header").read_text()
        self.key_id = "local-1"

    def knows_secret(self, secret: str) -> bool:
        """Whether this is the client's secret."""
        return secrets.compare_digest(secret.encode(), self._secret.encode())

    def knows_header(self, header: str) -> bool:
        """Whether this is the value that the managed identity's endpoint expects."""
        return secrets.compare_digest(header.encode(), self._header.encode())

    def issue(self, audience: str, client_id: str, *, seconds: int | None = None) -> tuple[str, int]:
        """A token and the seconds it lives."""
        lives = self._world.config.token_seconds if seconds is None else seconds
        now = int(self._world.clock.epoch())
        oid = self.seed.object_id if client_id == self.seed.client_id else self.seed.identity_object_id
        issuer = f"https://sts.windows.net/{self.seed.tenant}/"
        claims = {
            "aud": audience,
            "iss": issuer,
            "iat": now,
            "nbf": now - 300,
            "exp": now + lives,
            "appid": client_id,
            "appidacr": "1",
            "idp": issuer,
            "idtyp": "app",
            "oid": oid,
            "sub": oid,
            "tid": self.seed.tenant,
            "uti": secrets.token_urlsafe(16),
            "ver": "1.0",
        }
        assert isinstance(self._key, rsa.RSAPrivateKey)  # noqa: S101 - we wrote the file
        return jwt.encode(claims, self._key, "RS256", headers={"kid": self.key_id, "x5t": self.key_id}), lives

    def public_jwk(self) -> dict[str, Any]:
        """The public key, for the discovery document."""
        assert isinstance(self._key, rsa.RSAPrivateKey)  # noqa: S101 - we wrote the file
        found: dict[str, Any] = jwt.algorithms.RSAAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        return found | {"use": "sig", "kid": self.key_id, "x5t": self.key_id, "alg": "RS256"}

    def check(self, header: str | None, base: str) -> Mapping[str, Any]:
        """The claims of a bearer token, or 401 as the resource manager says it."""
        if not header:
            raise self._refused(
                "AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing."
            )
        kind, _, token = header.partition(" ")
        if kind.lower() != "bearer" or not token.strip():
            raise self._refused(
                "AuthenticationFailedInvalidHeader",
                "Authentication failed. The 'Authorization' header is provided in an invalid format.",
            )
        claims = self._decode(token.strip())
        allowed = {*_AUDIENCES, self._world.config.endpoint, base}
        if str(claims["aud"]).rstrip("/") not in allowed:
            raise self._refused(
                "InvalidAuthenticationTokenAudience",
                f"The access token has been obtained for wrong audience or resource '{claims['aud']}'. It "
                f"should exactly match with one of the allowed audiences '{','.join(sorted(allowed))}'.",
            )
        return claims

    def _decode(self, token: str) -> Mapping[str, Any]:
        assert isinstance(self._key, rsa.RSAPrivateKey)  # noqa: S101 - we wrote the file
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                self._key.public_key(),
                ["RS256"],
                options={"verify_aud": False, "verify_nbf": False, "verify_iat": False, "verify_exp": False},
            )
        except jwt.InvalidTokenError:
            raise self._refused("InvalidAuthenticationToken", "The access token is invalid.") from None
        now = self._world.clock.epoch()
        if claims["exp"] <= now:
            raise self._refused(
                "ExpiredAuthenticationToken",
                f"The access token expiry UTC time '{_moment(claims['exp'])}' is earlier than current UTC "
                "time "
                f"'{_moment(now)}'.",
            )
        if claims["tid"] != self.seed.tenant:
            raise self._refused(
                "InvalidAuthenticationTokenTenant", "The access token is from the wrong issuer."
            )
        return claims

    def _refused(self, code: str, message: str) -> ArmError:
        """401 with the challenge that clients look for (codes documented, texts partly assumed)."""
        challenge = (
            f'Bearer authorization_uri="{self._world.config.endpoint}/{self.seed.tenant}", '
            f'error="invalid_token", error_description="{message}"'
        )
        return ArmError(401, code, message, headers={"WWW-Authenticate": challenge})


def _moment(epoch: float) -> str:
    return datetime.fromtimestamp(epoch, UTC).strftime("%m/%d/%Y %I:%M:%S %p")
