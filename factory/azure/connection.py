"""Where Azure is and who we are: read from the environment, without any secret kept.

The variables are those that azure-identity and `az` users know, and a few of the factory's own for an
endpoint that is not the public one: Azure Stack, a sovereign cloud, or the local Azure.

| variable | meaning |
|---|---|
| AZURE_SUBSCRIPTION_ID | the subscription; always needed |
| AZURE_TENANT_ID, AZURE_CLIENT_ID | a service principal; the latter alone: a user-assigned identity |
| AZURE_CLIENT_SECRET | the service principal's proof: a secret, |
| AZURE_CLIENT_CERTIFICATE_PATH | or a certificate, |
| AZURE_FEDERATED_TOKEN_FILE | or a federated token (workload identity) |
| AZURE_AUTHORITY_HOST | who issues tokens, if not login.microsoftonline.com |
| GOLDEN_ARM_ENDPOINT | Azure Resource Manager, if not the public one; https only |
| GOLDEN_CA_BUNDLE | PEM file with the certificate authorities to trust for both |
| GOLDEN_INSTANCE_DISCOVERY | `false` for an authority that Microsoft does not know |
| GOLDEN_API_VERSIONS | see `api_versions.py` |
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import azure.identity
import azure.identity.aio
from azure.core.credentials import TokenCredential
from azure.core.credentials_async import AsyncTokenCredential

from factory.azure.api_versions import ApiVersions
from factory.errors import InvalidInput, NotConfigured

PUBLIC_ENDPOINT = "https://management.azure.com"


@dataclass(frozen=True)
class Connection:
    """One subscription at one endpoint. Holds no secret: it can be printed, logged and stored."""

    subscription_id: str
    tenant_id: str | None = None
    endpoint: str = PUBLIC_ENDPOINT
    authority_host: str | None = None
    ca_bundle: Path | None = None
    instance_discovery: bool = True
    api_versions: ApiVersions = field(default_factory=ApiVersions)

    def __post_init__(self) -> None:
        if urlsplit(self.endpoint).scheme != "https" or not urlsplit(self.endpoint).netloc:
            raise InvalidInput(
                f"the endpoint {self.endpoint!r} is not an https address",
                remedy="a token must not travel unencrypted: set GOLDEN_ARM_ENDPOINT to https://HOST[:PORT]",
            )
        if self.ca_bundle and not self.ca_bundle.is_file():
            raise InvalidInput(f"GOLDEN_CA_BUNDLE: there is no file {self.ca_bundle}")

    @classmethod
    def from_environment(cls, env: Mapping[str, str]) -> "Connection":
        """Read the variables of the table above; `NotConfigured` names what is missing."""
        subscription = env.get("AZURE_SUBSCRIPTION_ID", "").strip()
        if not subscription:
            raise NotConfigured(
                "no Azure subscription is set",
                remedy="set AZURE_SUBSCRIPTION_ID (az account show --query id), "
                "or start the local Azure and set what `golden local env` prints",
            )
        return cls(
            subscription_id=subscription,
            tenant_id=env.get("AZURE_TENANT_ID") or None,
            endpoint=(env.get("GOLDEN_ARM_ENDPOINT") or PUBLIC_ENDPOINT).rstrip("/"),
            authority_host=env.get("AZURE_AUTHORITY_HOST") or None,
            ca_bundle=Path(env["GOLDEN_CA_BUNDLE"]) if env.get("GOLDEN_CA_BUNDLE") else None,
            instance_discovery=_read_bool(env.get("GOLDEN_INSTANCE_DISCOVERY", "true")),
            api_versions=ApiVersions.from_environment(env),
        )

    @property
    def scope(self) -> str:
        """The scope to ask a token for: tokens are made out to the endpoint, in every cloud."""
        return f"{self.endpoint}/.default"


def build_credential(connection: Connection, env: Mapping[str, str]) -> AsyncTokenCredential:
    """Choose who we are, as `DefaultAzureCredential` would, without its surprises.

    A service principal that the environment configures is used alone: where it fails, its own error is told
    and nothing else is tried. Then workload identity, then a managed identity or the user logged in to
    `az`, whichever answers first. All of them renew their tokens by themselves, during a run too.
    """
    credential: AsyncTokenCredential = _build(azure.identity.aio, connection, env)
    return credential


def build_sync_credential(connection: Connection, env: Mapping[str, str]) -> TokenCredential:
    """The same, for clients that block."""
    credential: TokenCredential = _build(azure.identity, connection, env)
    return credential


def _build(kinds: Any, connection: Connection, env: Mapping[str, str]) -> Any:  # Any: one of two twin modules
    options = _identity_options(connection)
    principal = _principal(env)
    if principal and env.get("AZURE_CLIENT_SECRET"):
        return kinds.ClientSecretCredential(**principal, client_secret=env["AZURE_CLIENT_SECRET"], **options)
    if principal and env.get("AZURE_CLIENT_CERTIFICATE_PATH"):
        return kinds.CertificateCredential(
            **principal,
            certificate_path=env["AZURE_CLIENT_CERTIFICATE_PATH"],
            password=env.get("AZURE_CLIENT_CERTIFICATE_PASSWORD"),
            **options,
        )
    if principal:
        return kinds.WorkloadIdentityCredential(
            **principal, token_file_path=env["AZURE_FEDERATED_TOKEN_FILE"], **options
        )
    verify: dict[str, Any] = {"connection_verify": str(connection.ca_bundle)} if connection.ca_bundle else {}
    return kinds.ChainedTokenCredential(
        kinds.ManagedIdentityCredential(client_id=env.get("AZURE_CLIENT_ID") or None, **verify),
        kinds.AzureCliCredential(tenant_id=env.get("AZURE_TENANT_ID") or ""),
    )


_PROOFS = ("AZURE_CLIENT_SECRET", "AZURE_CLIENT_CERTIFICATE_PATH", "AZURE_FEDERATED_TOKEN_FILE")


def _principal(env: Mapping[str, str]) -> dict[str, str]:
    """Return tenant and client where a proof is set; `NotConfigured` where one of the two is missing."""
    proofs = [name for name in _PROOFS if env.get(name)]
    if not proofs:
        return {}
    missing = [name for name in ("AZURE_TENANT_ID", "AZURE_CLIENT_ID") if not env.get(name)]
    if missing:
        raise NotConfigured(
            f"{proofs[0]} is set, but not {' and '.join(missing)}", remedy=f"set {' and '.join(missing)}"
        )
    return {"tenant_id": env["AZURE_TENANT_ID"], "client_id": env["AZURE_CLIENT_ID"]}


def _identity_options(connection: Connection) -> dict[str, Any]:
    options: dict[str, Any] = {"disable_instance_discovery": not connection.instance_discovery}
    if connection.authority_host:
        options["authority"] = connection.authority_host
    if connection.ca_bundle:
        options["connection_verify"] = str(connection.ca_bundle)
    return options


def _read_bool(text: str) -> bool:
    return text.strip().lower() not in ("false", "0", "no", "off")
