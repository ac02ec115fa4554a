"""A tiny Azure to be told what to answer: a real HTTPS server, so that TLS and resets are real too."""

import ipaddress
import json
import re
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

SUBSCRIPTION = "5c5b5a59-0000-4000-8000-000000000001"
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg"
COMPUTE = f"{GROUP}/providers/Microsoft.Compute"


@dataclass(frozen=True)
class Answer:
    """One answer; `reset` breaks the connection instead."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    reset: bool = False


RESET = Answer(reset=True)


def fails(status: int, code: str, message: str = "no", **headers: str) -> Answer:
    """An error in ARM's shape."""
    return Answer(status, {"error": {"code": code, "message": message}}, headers)


@dataclass(frozen=True)
class Seen:
    """A request as it arrived."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any


class Wire:
    """Answers by method and path; the last answer of a script repeats. What was not scripted is a 501."""

    def __init__(self) -> None:
        self.requests: list[Seen] = []
        self.url = ""
        self._scripts: list[tuple[str, re.Pattern[str], list[Answer | Callable[[Seen], Answer]]]] = []

    def on(self, method: str, path: str, *answers: Answer | Callable[[Seen], Answer]) -> None:
        """Answer requests whose path ends so; later scripts win."""
        self._scripts.insert(0, (method, re.compile(path + "$", re.IGNORECASE), list(answers)))

    def serve_operation(self, *bodies: Answer, name: str = "op1") -> dict[str, str]:
        """Answer the status of an operation, and return the headers that lead to it."""
        compute = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Compute"
        path = f"{compute}/locations/westeurope/operations/{name}"
        self.on("GET", path, *bodies)
        address = f"{self.url}{path}?p=1&api-version=2026-03-01&s=signature"
        return {"Azure-AsyncOperation": address, "Location": f"{address}&monitor=true"}

    def sent(self, method: str, path: str = "") -> list[Seen]:
        """The requests of this method whose path ends so."""
        return [seen for seen in self.requests if seen.method == method and seen.path.endswith(path)]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Record and answer."""
        text = await request.text()
        is_json = text.startswith(("{", "["))
        seen = Seen(
            request.method,
            request.path,
            dict(request.query),
            {name.lower(): value for name, value in request.headers.items()},
            json.loads(text) if is_json else text,
        )
        self.requests.append(seen)
        answer = self._find(seen)
        if answer.reset:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        headers = {"x-ms-request-id": f"r{len(self.requests)}", **answer.headers}
        if isinstance(answer.body, bytes):
            return web.Response(status=answer.status, body=answer.body, headers=headers)
        if answer.body is None:
            return web.Response(status=answer.status, headers=headers)
        return web.json_response(answer.body, status=answer.status, headers=headers)

    def _find(self, seen: Seen) -> Answer:
        for method, pattern, answers in self._scripts:
            if method == seen.method and pattern.search(seen.path):
                answer = answers.pop(0) if len(answers) > 1 else answers[0]
                return answer(seen) if callable(answer) else answer
        return fails(501, "NotImplemented", f"{seen.method} {seen.path} was not scripted")


def running(status: str = "InProgress", **headers: str) -> Answer:
    """The body of an operation under way."""
    return Answer(200, {"status": status, "name": "op1"}, headers)


def succeeded() -> Answer:
    """The body of an operation that is done."""
    return Answer(200, {"status": "Succeeded", "name": "op1"})


def failed(code: str, message: str = "no") -> Answer:
    """The body of an operation that failed: HTTP 200, as on Azure."""
    return Answer(200, {"status": "Failed", "error": {"code": code, "message": message}})


def make_certificate(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """A certificate for 127.0.0.1 that is its own authority, and the server's TLS with it."""
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "factory test")])
    now = datetime.now(UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem, secret = folder / "ca.pem", folder / "key.pem"
    pem.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pem, secret)
    return pem, context
