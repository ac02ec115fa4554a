"""Tokens by the real identity library: client secret, environment, and both forms of managed identity."""

from __future__ import annotations

from pathlib import Path

import jwt
import pytest
import requests
from azure.core.exceptions import ClientAuthenticationError, ResourceNotFoundError
from azure.identity import ClientSecretCredential, EnvironmentCredential, ManagedIdentityCredential
from azure.identity.aio import ClientSecretCredential as AsyncClientSecretCredential
from azure.identity.aio import DefaultAzureCredential as AsyncDefaultAzureCredential
from azure.mgmt.network.aio import NetworkManagementClient

from tests.localazure.conftest import LocalCloud


def claims(token: str) -> dict[str, object]:
    found: dict[str, object] = jwt.decode(token, options={"verify_signature": False})
    return found


def test_a_client_secret_gets_a_token_that_the_published_key_verifies(cloud: LocalCloud) -> None:
    tenant = cloud.facts["tenant"]
    home = requests.get(f"{cloud.endpoint}/{tenant}/v2.0/.well-known/openid-configuration", verify=cloud.ca)
    keys = requests.get(home.json()["jwks_uri"], verify=cloud.ca).json()["keys"]
    key = jwt.PyJWK(keys[0])

    found = jwt.decode(cloud.token(), key, audience=cloud.endpoint, algorithms=["RS256"])

    assert (found["tid"], found["appid"]) == (tenant, cloud.facts["client_id"])
    assert found["exp"] - found["iat"] == 3600


def test_a_wrong_secret_is_aadsts7000215(cloud: LocalCloud) -> None:
    wrong = ClientSecretCredential(
        cloud.facts["tenant"],
        cloud.facts["client_id"],
        "wrong",
        authority=cloud.endpoint,
        disable_instance_discovery=True,
        connection_verify=cloud.ca,
    )
    with wrong, pytest.raises(ClientAuthenticationError, match="AADSTS7000215"):
        wrong.get_token(f"{cloud.endpoint}/.default")


@pytest.mark.parametrize(
    ("change", "status", "number"),
    [
        ({"client_secret": "wrong"}, 401, 7000215),
        ({"client_id": "0"}, 400, 700016),
        ({"grant_type": "password"}, 400, 70003),
        ({"grant_type": None}, 400, 900144),
        ({"client_secret": None}, 401, 7000218),
        ({"scope": "no-default"}, 400, 1002012),
    ],
)
def test_refusals_carry_their_number(
    cloud: LocalCloud, change: dict[str, str | None], status: int, number: int
) -> None:
    form: dict[str, str | None] = {
        "grant_type": "client_credentials",
        "client_id": cloud.facts["client_id"],
        "client_secret": cloud.secret,
        "scope": f"{cloud.endpoint}/.default",
    }
    form |= change
    url = f"{cloud.endpoint}/{cloud.facts['tenant']}/oauth2/v2.0/token"
    refused = requests.post(url, {k: v for k, v in form.items() if v is not None}, verify=cloud.ca)
    assert refused.status_code == status
    assert refused.json()["error_codes"] == [number]
    assert refused.json()["error_description"].startswith(f"AADSTS{number}: ")
    assert cloud.secret not in refused.text


def test_another_tenant_is_unknown(cloud: LocalCloud) -> None:
    refused = requests.post(f"{cloud.endpoint}/elsewhere/oauth2/v2.0/token", {}, verify=cloud.ca)
    assert (refused.status_code, refused.json()["error_codes"]) == (400, [90002])


def test_the_older_protocol_answers_with_strings(cloud: LocalCloud) -> None:
    answer = requests.post(
        f"{cloud.endpoint}/{cloud.facts['tenant']}/oauth2/token",
        {
            "grant_type": "client_credentials",
            "client_id": cloud.facts["client_id"],
            "client_secret": cloud.secret,
            "resource": "https://management.azure.com/",
        },
        verify=cloud.ca,
    ).json()
    assert answer["resource"] == "https://management.azure.com/"
    assert answer["expires_in"] == "3600"
    assert claims(answer["access_token"])["aud"] == "https://management.azure.com/"


def test_the_environment_credential_works(cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (
        ("AZURE_TENANT_ID", cloud.facts["tenant"]),
        ("AZURE_CLIENT_ID", cloud.facts["client_id"]),
        ("AZURE_CLIENT_SECRET", cloud.secret),
        ("AZURE_AUTHORITY_HOST", cloud.endpoint),
    ):
        monkeypatch.setenv(name, value)
    with EnvironmentCredential(disable_instance_discovery=True, connection_verify=cloud.ca) as credential:
        assert claims(credential.get_token(f"{cloud.endpoint}/.default").token)["aud"] == cloud.endpoint


def test_managed_identity_by_the_identity_endpoint(
    cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    header = Path(cloud.facts["identity_header_file"]).read_text()
    monkeypatch.setenv("IDENTITY_ENDPOINT", cloud.facts["identity_endpoint"])
    monkeypatch.setenv("IDENTITY_HEADER", header)
    with ManagedIdentityCredential() as credential:
        token = credential.get_token(f"{cloud.endpoint}/.default").token
    answer = requests.get(
        f"{cloud.endpoint}/subscriptions?api-version=2022-12-01",
        headers={"Authorization": f"Bearer {token}"},
        verify=cloud.ca,
    )
    assert [one["subscriptionId"] for one in answer.json()["value"]] == [cloud.subscription]

    monkeypatch.setenv("IDENTITY_HEADER", "wrong")
    with ManagedIdentityCredential() as credential, pytest.raises(ClientAuthenticationError):
        credential.get_token(f"{cloud.endpoint}/.default")


async def test_default_credential_finds_the_metadata_service(
    cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("IDENTITY_ENDPOINT", "IDENTITY_HEADER", "AZURE_CLIENT_ID", "AZURE_TENANT_ID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", cloud.facts["metadata"])
    async with AsyncDefaultAzureCredential() as credential:
        token = (await credential.get_token(f"{cloud.endpoint}/.default")).token
    assert claims(token)["tid"] == cloud.facts["tenant"]


def test_the_metadata_service_wants_its_header_and_knows_no_other_identity(cloud: LocalCloud) -> None:
    url = f"{cloud.facts['metadata']}/metadata/identity/oauth2/token"
    query = {"api-version": "2018-02-01", "resource": cloud.endpoint}
    without = requests.get(url, query)
    other = requests.get(url, query | {"client_id": "someone"}, headers={"Metadata": "true"})
    named = requests.get(
        url, query | {"client_id": cloud.facts["identity_client_id"]}, headers={"Metadata": "true"}
    )
    assert named.json()["client_id"] == cloud.facts["identity_client_id"]
    assert (without.status_code, without.json()["error"]) == (400, "invalid_request")
    assert (other.status_code, other.json()["error_description"]) == (400, "Identity not found")


def test_the_plain_port_serves_identity_alone_and_the_other_never_identity(cloud: LocalCloud) -> None:
    plain = requests.get(f"{cloud.facts['metadata']}/subscriptions?api-version=2022-12-01")
    assert plain.status_code == 401
    token = cloud.token()
    answer = requests.get(
        f"{cloud.endpoint}/msi/token?resource=x&api-version=2019-08-01",
        headers={"Authorization": f"Bearer {token}"},
        verify=cloud.ca,
    )
    assert answer.status_code == 501


async def test_the_asynchronous_clients_work(cloud: LocalCloud) -> None:
    credential = AsyncClientSecretCredential(
        cloud.facts["tenant"],
        cloud.facts["client_id"],
        cloud.secret,
        authority=cloud.endpoint,
        disable_instance_discovery=True,
        connection_verify=cloud.ca,
    )
    async with (
        credential,
        NetworkManagementClient(credential, cloud.subscription, **cloud.client_options()) as client,
    ):
        with pytest.raises(ResourceNotFoundError) as refused:
            [one async for one in client.virtual_networks.list("nowhere")]
    assert refused.value.error is not None
    assert refused.value.error.code == "ResourceGroupNotFound"


def test_the_clouds_endpoints_are_one_object(cloud: LocalCloud) -> None:
    answer = requests.get(
        f"{cloud.endpoint}/metadata/endpoints?api-version=2022-09-01", verify=cloud.ca
    ).json()
    assert answer["resourceManager"] == cloud.endpoint
    assert answer["authentication"]["audiences"] == [cloud.endpoint]
