"""Other ways to log in to WinRM than a password over NTLM, as scripts switch them on."""

from __future__ import annotations

from collections.abc import Iterator

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from localazure.guests.windows.powershell.cmdlet import Call, cmdlet
from localazure.guests.windows.powershell.convert import to_string
from localazure.guests.windows.powershell.gaps import ModelGap
from localazure.guests.windows.powershell.values import PSObject, Value
from localazure.guests.windows.wsman import client_certificates

_ROOTS = ("cert:\\localmachine\\root", "cert:\\localmachine\\trustedpeople")


@cmdlet("Import-Certificate", "FilePath:0 CertStoreLocation")
def import_certificate(call: Call) -> Iterator[Value]:
    """Trust a certificate from a file."""
    store = call.text("CertStoreLocation").lower().rstrip("\\")
    if store not in _ROOTS:
        raise ModelGap(f"Import-Certificate into {store}")
    path = call.machine.files.resolve(call.text("FilePath"), call.shell.directory)
    data = call.machine.files.read_bytes(path)
    if data.startswith(b"-----BEGIN"):
        data = x509.load_pem_x509_certificate(data).public_bytes(Encoding.DER)
    client_certificates.trust(call.machine, data)
    yield PSObject(
        "System.Security.Cryptography.X509Certificates.X509Certificate2",
        {"Thumbprint": client_certificates.thumbprint(x509.load_der_x509_certificate(data))},
        shown=("Thumbprint",),
    )


@cmdlet("Enable-WSManCredSSP", "Role:0 DelegateComputer Force:switch")
def enable_credssp(call: Call) -> Iterator[Value]:
    """Let the service take delegated passwords."""
    if call.text("Role").lower() != "server":
        raise ModelGap("Enable-WSManCredSSP for a client")
    call.machine.document["winrm"]["auth"]["CredSSP"] = "true"
    call.machine.changed()
    yield from ()


def new_mapping(call: Call) -> PSObject:
    """`New-Item WSMan:\\localhost\\ClientCertificate`."""
    login = call.get("Credential")
    if not isinstance(login, PSObject):
        raise call.fail("A credential is needed for a mapping of certificates.", identifier="WsManError")
    network = login.methods["GetNetworkCredential"]()
    subject, issuer = call.text("Subject"), call.text("Issuer")
    client_certificates.add_mapping(
        call.machine,
        subject=subject,
        issuer=issuer,
        user=to_string(network.get("UserName")),
        password=to_string(network.get("Password")),
    )
    return PSObject(
        "Microsoft.WSMan.Management.WSManConfigContainerElement",
        {"Name": f"ClientCertificate_{issuer[:8]}", "Keys": [f"Subject={subject}", f"Issuer={issuer}"]},
        shown=("Name", "Keys"),
    )
