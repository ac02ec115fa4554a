"""Proofs without a secret, by the real identity library."""

from __future__ import annotations

from pathlib import Path

import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import CertificateCredential, WorkloadIdentityCredential

from localazure.identity.assertions import CERTIFICATE, FEDERATED_TOKEN, federated_token
from tests.localazure.conftest import LocalCloud


def workload(cloud: LocalCloud, token: Path) -> WorkloadIdentityCredential:
    return WorkloadIdentityCredential(
        tenant_id=cloud.facts["tenant"],
        client_id=cloud.facts["client_id"],
        token_file_path=str(token),
        authority=cloud.endpoint,
        disable_instance_discovery=True,
        connection_verify=cloud.ca,
    )


def certificate(cloud: LocalCloud, path: Path) -> CertificateCredential:
    return CertificateCredential(
        cloud.facts["tenant"],
        cloud.facts["client_id"],
        certificate_path=str(path),
        authority=cloud.endpoint,
        disable_instance_discovery=True,
        connection_verify=cloud.ca,
    )


def test_the_clients_certificate_gets_a_token(cloud: LocalCloud) -> None:
    with certificate(cloud, cloud.state / CERTIFICATE) as credential:
        assert credential.get_token(f"{cloud.endpoint}/.default").token


def test_another_certificate_is_no_proof(cloud: LocalCloud, tmp_path: Path) -> None:
    from localazure.identity.assertions import _make_certificate

    _make_certificate(tmp_path / "other.pem")
    with (
        certificate(cloud, tmp_path / "other.pem") as credential,
        pytest.raises(ClientAuthenticationError, match="AADSTS700027"),
    ):
        credential.get_token(f"{cloud.endpoint}/.default")


def test_a_federated_token_gets_a_token(cloud: LocalCloud) -> None:
    with workload(cloud, cloud.state / FEDERATED_TOKEN) as credential:
        assert credential.get_token(f"{cloud.endpoint}/.default").token


@pytest.mark.parametrize(
    ("changes", "number"),
    [({"seconds": -1}, 700024), ({"subject": "system:serviceaccount:other:worker"}, 700213)],
)
def test_a_federated_token_that_proves_nothing_is_refused(
    cloud: LocalCloud, tmp_path: Path, changes: dict[str, object], number: int
) -> None:
    token = tmp_path / "token"
    token.write_text(federated_token(cloud.state, **changes))  # type: ignore[arg-type]  # two kinds of change
    with (
        workload(cloud, token) as credential,
        pytest.raises(ClientAuthenticationError, match=f"AADSTS{number}"),
    ):
        credential.get_token(f"{cloud.endpoint}/.default")
