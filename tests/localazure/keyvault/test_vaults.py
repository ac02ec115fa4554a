"""Key vaults: softly deleted, opened by a token of their own, and what machines are given out of them."""

from __future__ import annotations

import base64
import datetime
from typing import Any
from uuid import uuid4

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID

from tests.localazure.machines import Yard, os_profile

VERSION = "7.4"


def vault_path(yard: Yard, name: str) -> str:
    return f"{yard.group}/providers/Microsoft.KeyVault/vaults/{name}"


def body(yard: Yard, location: str = "westeurope", **properties: Any) -> dict[str, Any]:
    given = {
        "tenantId": yard.cloud.facts["tenant"],
        "sku": {"family": "A", "name": "standard"},
        "accessPolicies": [],
        "enabledForDeployment": True,
    }
    return {"location": location, "properties": given | properties}


class Vault:
    """A vault, and raw requests to its own address with the challenge's token."""

    def __init__(self, yard: Yard, name: str = "", **more: Any) -> None:
        self.yard, self.name = yard, name or f"v{uuid4().hex[:10]}"
        self.path = vault_path(yard, self.name)
        answer = yard.wire("PUT", self.path, body(yard, **more))
        assert answer.status_code == 200, answer.text
        self.uri = answer.json()["properties"]["vaultUri"].rstrip("/")
        with yard.cloud.credential() as credential:
            self.token = credential.get_token(f"{self.challenge()['resource']}/.default").token

    def challenge(self) -> dict[str, str]:
        answer = requests.get(f"{self.uri}/secrets/x", verify=self.yard.cloud.ca, timeout=30)
        assert answer.status_code == 401
        parts = answer.headers["WWW-Authenticate"].removeprefix("Bearer ").split(", ")
        return {name: value.strip('"') for name, value in (part.split("=", 1) for part in parts)}

    def __call__(self, method: str, path: str, given: Any = None) -> requests.Response:
        return requests.request(
            method,
            f"{self.uri}/{path}?api-version={VERSION}",
            json=given,
            headers={"Authorization": f"Bearer {self.token}"},
            verify=self.yard.cloud.ca,
            timeout=30,
        )


def pfx(password: bytes | None = None) -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "box")])
    now = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(now).not_valid_after(now + datetime.timedelta(days=1))
    locked = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    certificate = builder.sign(key, hashes.SHA256())
    return base64.b64encode(
        pkcs12.serialize_key_and_certificates(None, key, certificate, None, locked)
    ).decode()


@pytest.fixture
def vault(yard: Yard) -> Vault:
    return Vault(yard)


def test_secrets_have_versions_and_lists_never_show_them(vault: Vault) -> None:
    assert vault.challenge()["authorization"].startswith(vault.yard.cloud.endpoint)
    first = vault("PUT", "secrets/admin", {"value": "one"}).json()
    second = vault("PUT", "secrets/admin", {"value": "two", "tags": {"a": "b"}}).json()
    assert first["id"] != second["id"]
    assert vault("GET", "secrets/admin").json()["value"] == "two"
    assert vault("GET", first["id"].removeprefix(f"{vault.uri}/")).json()["value"] == "one"
    listed = vault("GET", "secrets")
    assert [one["id"] for one in listed.json()["value"]] == [f"{vault.uri}/secrets/admin"]
    assert "two" not in listed.text
    assert vault("GET", "secrets/nothing").json()["error"]["code"] == "SecretNotFound"
    assert vault("PUT", "secrets/admin", {"text": "x"}).json()["error"]["code"] == "BadParameter"
    shown = vault.yard.wire("GET", vault.path)
    assert "two" not in shown.text
    assert "two" not in (vault.yard.cloud.state / "requests.jsonl").read_text()


def test_a_token_for_the_resource_manager_opens_no_vault(vault: Vault) -> None:
    vault.token = vault.yard.cloud.token()
    assert vault("GET", "secrets").status_code == 401


def test_an_imported_certificate_is_a_secret_without_its_password(vault: Vault) -> None:
    given = {"value": pfx(b"locked"), "pwd": "locked"}
    found = vault("POST", "certificates/winrm/import", given).json()
    secret = vault("GET", found["sid"].removeprefix(f"{vault.uri}/")).json()
    assert secret["contentType"] == "application/x-pkcs12"
    key, certificate, _ = pkcs12.load_key_and_certificates(base64.b64decode(secret["value"]), None)
    assert key is not None and certificate is not None
    thumbprint = base64.urlsafe_b64encode(certificate.fingerprint(hashes.SHA1())).decode().rstrip("=")
    assert vault("GET", "certificates/winrm").json()["x5t"] == thumbprint
    wrong = vault("POST", "certificates/other/import", given | {"pwd": "guess"})
    assert wrong.json()["error"]["code"] == "BadParameter"


def test_a_deleted_vault_keeps_its_name_until_it_is_purged(yard: Yard, vault: Vault) -> None:
    wire = yard.wire
    assert wire("DELETE", vault.path).status_code == 200
    assert wire("DELETE", vault.path).status_code == 204
    assert yard.refused(wire("PUT", vault.path, body(yard)))[:2] == (409, "ConflictError")
    deleted = (
        f"/subscriptions/{yard.cloud.subscription}/providers/Microsoft.KeyVault/locations/westeurope/"
        f"deletedVaults/{vault.name}"
    )
    assert wire("GET", deleted).json()["properties"]["vaultId"] == vault.path
    assert wire("POST", f"{deleted}/purge").status_code == 200
    assert wire("PUT", vault.path, body(yard)).status_code == 200


def test_purge_protection_is_for_ever(yard: Yard) -> None:
    vault = Vault(yard, enablePurgeProtection=True)
    without = body(yard, enablePurgeProtection=False)
    assert yard.refused(yard.wire("PUT", vault.path, without))[:2] == (400, "BadRequest")
    assert yard.wire("PUT", vault.path, body(yard)).json()["properties"]["enablePurgeProtection"] is True
    yard.wire("DELETE", vault.path)
    deleted = (
        f"/subscriptions/{yard.cloud.subscription}/providers/Microsoft.KeyVault/locations/westeurope/"
        f"deletedVaults/{vault.name}"
    )
    assert yard.refused(yard.wire("POST", f"{deleted}/purge"))[:2] == (405, "MethodNotAllowed")


@pytest.mark.parametrize(
    ("name", "change", "code"),
    [
        ("1vault", {}, "VaultNameNotValid"),
        ("a--b", {}, "VaultNameNotValid"),
        ("vault-", {}, "VaultNameNotValid"),
        ("good-name", {"tenantId": None}, "BadRequest"),
        ("good-name", {"sku": None}, "BadRequest"),
        ("good-name", {"accessPolicies": None}, "BadRequest"),
    ],
)
def test_a_bad_vault_is_refused(yard: Yard, name: str, change: dict[str, Any], code: str) -> None:
    found = yard.refused(yard.wire("PUT", vault_path(yard, name), body(yard, **change)))
    assert found[:2] == (400, code)
    assert yard.wire("GET", vault_path(yard, name)).status_code == 404


def test_a_machine_is_given_certificates_that_are_there_and_no_others(yard: Yard, vault: Vault) -> None:
    url = vault("POST", "certificates/box/import", {"value": pfx()}).json()["sid"]
    plain = vault("PUT", "secrets/word", {"value": "no certificate"}).json()["id"]
    closed = Vault(yard, enabledForDeployment=False)
    far = Vault(yard, location="eastus")
    theirs = {
        one: one("POST", "certificates/box/import", {"value": pfx()}).json()["sid"] for one in (closed, far)
    }

    def refused(source: Vault, certificate: str) -> tuple[int, str]:
        group = {
            "sourceVault": {"id": source.path},
            "vaultCertificates": [{"certificateUrl": certificate}],
        }
        machine = yard.machine_body(osProfile=os_profile() | {"secrets": [group]})
        return yard.refused(yard.wire("PUT", yard.path("virtualMachines", "vm"), machine))[:2]

    assert refused(closed, theirs[closed]) == (403, "KeyVaultAccessForbidden")
    assert refused(vault, theirs[closed]) == (403, "KeyVaultAccessForbidden")
    assert refused(far, theirs[far]) == (400, "KeyVaultAndVMInDifferentRegions")
    assert refused(vault, url.rpartition("/")[0]) == (404, "SecretNotFound")
    assert refused(vault, plain) == (400, "CertificateImproperlyFormatted")
    assert yard.wire("GET", yard.path("virtualMachines", "vm")).status_code == 404
    group = {"sourceVault": {"id": vault.path}, "vaultCertificates": [{"certificateUrl": url}]}
    yard.machine("vm", osProfile=os_profile() | {"secrets": [group]})
