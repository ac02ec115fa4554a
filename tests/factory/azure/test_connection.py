"""Where Azure is and who we are."""

import ssl
from collections.abc import Mapping
from pathlib import Path

import pytest
from azure.identity.aio import (
    CertificateCredential,
    ChainedTokenCredential,
    ClientSecretCredential,
    WorkloadIdentityCredential,
)

from factory import errors
from factory.azure import groups
from factory.azure.client import Azure
from factory.azure.connection import PUBLIC_ENDPOINT, Connection, build_credential
from factory.errors import InvalidInput, NotConfigured
from tests.factory.azure.conftest import JumpingClock
from tests.factory.azure.wire import GROUP, SUBSCRIPTION, Answer, Wire

TENANT = "72f988bf-0000-4000-8000-000000000002"
PRINCIPAL = {"AZURE_TENANT_ID": TENANT, "AZURE_CLIENT_ID": "app"}
SECRET = {**PRINCIPAL, "AZURE_CLIENT_SECRET": "hush-hush"}


def test_the_subscription_alone_means_the_public_cloud() -> None:
    connection = Connection.from_environment({"AZURE_SUBSCRIPTION_ID": SUBSCRIPTION})
    assert connection.endpoint == PUBLIC_ENDPOINT
    assert connection.scope == "https://management.azure.com/.default"
    assert connection.instance_discovery


def test_all_that_is_not_public_comes_from_the_environment(tmp_path: Path) -> None:
    bundle = tmp_path / "ca.pem"
    bundle.touch()
    connection = Connection.from_environment(
        {
            "AZURE_SUBSCRIPTION_ID": SUBSCRIPTION,
            "AZURE_TENANT_ID": TENANT,
            "AZURE_AUTHORITY_HOST": "https://127.0.0.1:1",
            "GOLDEN_ARM_ENDPOINT": "https://127.0.0.1:1/",
            "GOLDEN_CA_BUNDLE": str(bundle),
            "GOLDEN_INSTANCE_DISCOVERY": "false",
        }
    )
    assert connection == Connection(
        SUBSCRIPTION, TENANT, "https://127.0.0.1:1", "https://127.0.0.1:1", bundle, instance_discovery=False
    )
    assert connection.scope == "https://127.0.0.1:1/.default"


def test_without_a_subscription_the_error_names_the_variable() -> None:
    with pytest.raises(NotConfigured, match="AZURE_SUBSCRIPTION_ID"):
        Connection.from_environment({})


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:80", "management.azure.com", "https://"])
def test_a_token_never_travels_unencrypted(endpoint: str) -> None:
    with pytest.raises(InvalidInput, match="https"):
        Connection(SUBSCRIPTION, endpoint=endpoint)


def test_a_bundle_that_is_not_there_is_told_before_the_first_call() -> None:
    with pytest.raises(InvalidInput, match="GOLDEN_CA_BUNDLE"):
        Connection(SUBSCRIPTION, ca_bundle=Path("/nowhere/ca.pem"))


async def test_no_secret_is_in_what_a_connection_or_client_shows(tmp_path: Path) -> None:
    env = {"AZURE_SUBSCRIPTION_ID": SUBSCRIPTION, **SECRET}
    connection = Connection.from_environment(env)
    credential = build_credential(connection, env)
    async with Azure(connection, credential=credential) as azure:
        assert "hush" not in repr(connection) + repr(credential) + repr(azure) + str(vars(azure))


@pytest.mark.parametrize(
    ("env", "kind"),
    [
        (SECRET, ClientSecretCredential),
        ({**PRINCIPAL, "AZURE_FEDERATED_TOKEN_FILE": "/var/run/token"}, WorkloadIdentityCredential),
        ({"AZURE_CLIENT_ID": "identity"}, ChainedTokenCredential),
        ({}, ChainedTokenCredential),
    ],
)
async def test_what_the_environment_configures_decides_who_we_are(
    env: Mapping[str, str], kind: type[object]
) -> None:
    credential = build_credential(Connection(SUBSCRIPTION), env)
    assert type(credential) is kind
    await credential.close()


async def test_a_certificate_is_a_proof_too(certificate: tuple[Path, ssl.SSLContext], tmp_path: Path) -> None:
    both = tmp_path / "both.pem"
    both.write_bytes(certificate[0].read_bytes() + certificate[0].with_name("key.pem").read_bytes())
    credential = build_credential(
        Connection(SUBSCRIPTION), {**PRINCIPAL, "AZURE_CLIENT_CERTIFICATE_PATH": str(both)}
    )
    assert isinstance(credential, CertificateCredential)
    await credential.close()


@pytest.mark.parametrize("missing", ["AZURE_TENANT_ID", "AZURE_CLIENT_ID"])
def test_half_a_service_principal_is_refused_by_the_name_of_the_other_half(missing: str) -> None:
    env = {name: value for name, value in SECRET.items() if name != missing}
    with pytest.raises(NotConfigured, match=missing):
        build_credential(Connection(SUBSCRIPTION), env)


async def test_the_secret_goes_to_the_authority_of_the_environment_and_nowhere_else(
    wire: Wire, certificate: tuple[Path, ssl.SSLContext]
) -> None:
    wire.on(
        "POST",
        f"/{TENANT}/oauth2/v2.0/token",
        Answer(200, {"access_token": "from-authority", "expires_in": 3600, "token_type": "Bearer"}),
    )
    wire.on("GET", "/resourceGroups/rg", Answer(200, {"id": GROUP, "name": "rg", "location": "w"}))
    env = {
        "AZURE_SUBSCRIPTION_ID": SUBSCRIPTION,
        **SECRET,
        "AZURE_AUTHORITY_HOST": wire.url,
        "GOLDEN_ARM_ENDPOINT": wire.url,
        "GOLDEN_CA_BUNDLE": str(certificate[0]),
        "GOLDEN_INSTANCE_DISCOVERY": "false",
    }
    connection = Connection.from_environment(env)
    async with Azure(connection, credential=build_credential(connection, env)) as azure:
        await groups.get_group(azure, "rg")
    asked, called = wire.requests
    assert f"scope={wire.url}".replace(":", "%3A").replace("/", "%2F")[:20] in asked.body
    assert called.headers["authorization"] == "Bearer from-authority"


async def test_a_refused_secret_is_an_authentication_error(
    wire: Wire, certificate: tuple[Path, ssl.SSLContext]
) -> None:
    wire.on(
        "POST",
        f"/{TENANT}/oauth2/v2.0/token",
        Answer(401, {"error": "invalid_client", "error_description": "AADSTS7000215: Invalid client secret"}),
    )
    connection = Connection(
        SUBSCRIPTION,
        endpoint=wire.url,
        authority_host=wire.url,
        ca_bundle=certificate[0],
        instance_discovery=False,
    )
    async with Azure(connection, credential=build_credential(connection, SECRET)) as azure:
        with pytest.raises(errors.AuthenticationFailed) as caught:
            await groups.get_group(azure, "rg")
    assert "AADSTS7000215" in caught.value.message
    assert "hush" not in str(caught.value)


async def test_where_nobody_is_logged_in_one_error_says_what_to_set(
    wire: Wire,
    certificate: tuple[Path, ssl.SSLContext],
    clock: JumpingClock,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    for name in ("IDENTITY_ENDPOINT", "MSI_ENDPOINT", "AZURE_POD_IDENTITY_AUTHORITY_HOST"):
        monkeypatch.delenv(name, raising=False)
    connection = Connection(SUBSCRIPTION, endpoint=wire.url, ca_bundle=certificate[0])
    async with Azure(connection, credential=build_credential(connection, {}), clock=clock) as azure:
        with pytest.raises(errors.AuthenticationFailed) as caught:
            await groups.get_group(azure, "rg")
    for word in ("AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET", "managed identity", "az login"):
        assert word in str(caught.value)
    assert not wire.requests


async def test_a_managed_identity_gives_the_token_where_no_principal_is_configured(
    wire: Wire, certificate: tuple[Path, ssl.SSLContext], monkeypatch: pytest.MonkeyPatch
) -> None:
    token = {
        "access_token": "from-identity",
        "expires_on": "4102444800",
        "token_type": "Bearer",
        "resource": "x",
    }
    wire.on("GET", "/msi/token", Answer(200, token))
    wire.on("GET", "/resourceGroups/rg", Answer(200, {"id": GROUP, "name": "rg", "location": "w"}))
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"{wire.url}/msi/token")
    monkeypatch.setenv("IDENTITY_HEADER", "header")
    connection = Connection(SUBSCRIPTION, endpoint=wire.url, ca_bundle=certificate[0])
    env = {"AZURE_CLIENT_ID": "user-assigned"}
    async with Azure(connection, credential=build_credential(connection, env)) as azure:
        await groups.get_group(azure, "rg")
    asked, called = wire.requests
    assert (asked.query["resource"], asked.query["client_id"]) == (wire.url, "user-assigned")
    assert called.headers["authorization"] == "Bearer from-identity"
