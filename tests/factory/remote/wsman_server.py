"""A WS-Management service for tests of the door: TLS, Basic, one shell after another, and every mishap.

It knows the seven messages that a shell needs and plays a script of answers; it runs nothing.
"""

import base64
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

SHELL = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
USER, PASSWORD = "builder", "correct horse"


@dataclass(frozen=True)
class Identity:
    """A certificate and its key as PEM."""

    certificate: str
    key: str


def make_identity(*, days: float = 1) -> Identity:
    """A self-signed certificate that ends in so many days; negative ones have ended."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "WIN-APP")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=10))
        .not_valid_after(now + timedelta(days=days))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return Identity(certificate.public_bytes(Encoding.PEM).decode(), private.decode())


@dataclass
class Ran:
    """A command that was run: its PowerShell text, decoded, and what came on its standard input."""

    text: str
    line: str
    stdin: bytes = b""
    input_ended: bool = False
    ended: bool = False


Reply = Callable[[Ran], tuple[bytes, bytes, int]]


@dataclass
class Service:
    """What the service does, and what it was asked."""

    reply: Reply = field(default=lambda _ran: (b"", b"", 0))
    quiet_receives: int = 0
    """So many times it says "nothing yet" before a command's output."""
    hang: bool = False
    """It says "nothing yet" for ever."""
    fault: tuple[int, str] | None = None
    """A WS-Management fault for every new shell and every output that is asked for: its code and reason."""
    drop: bool = False
    """It breaks the connection instead of telling a command's output."""
    status: int | None = None
    ran: list[Ran] = field(default_factory=list)
    connections: int = 0
    """TLS connections on which something was asked."""
    shells_open: int = 0
    requests: int = 0


@dataclass(frozen=True)
class Served:
    """A running service and where it listens."""

    service: Service
    port: int
    stop: Callable[[], None]
    go_deaf: Callable[[], None]
    """Listen no more, from this moment on; connections that are open stay."""


@contextmanager
def serve(identity: Identity, service: Service, folder: Path) -> Iterator[Served]:
    """Serve on a free port of the loopback address until the context ends."""
    certificate, key = folder / "cert.pem", folder / "key.pem"
    certificate.write_text(identity.certificate)
    key.write_text(identity.key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    handler = type("Handler", (_Handler,), {"service": service})
    server = _Server(("127.0.0.1", 0), handler, context)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()

    def stop() -> None:
        server.shutdown()
        server.server_close()
        thread.join()

    try:
        yield Served(
            service, server.server_address[1], stop, lambda: server.socket.shutdown(socket.SHUT_RDWR)
        )
    finally:
        stop()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, address: tuple[str, int], handler: type, context: ssl.SSLContext) -> None:
        self._context = context
        super().__init__(address, handler)

    def finish_request(self, request, client_address):  # type: ignore[no-untyped-def]
        """TLS in the connection's own thread: a client that only knocks must not hold up the next."""
        try:
            with self._context.wrap_socket(request, server_side=True) as wrapped:
                self.RequestHandlerClass(wrapped, client_address, self)  # type: ignore[arg-type]  # the class is made for each service
        except OSError:
            return

    def handle_error(self, request: object, client_address: object) -> None:
        """Connections that break are part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    service: Service
    protocol_version = "HTTP/1.1"
    known = False

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        return

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.service.requests += 1
        self.service.connections += not self.known
        self.known = True
        expected = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if self.headers.get("Authorization") != expected:
            self._answer("", 401)
        elif self.service.status:
            self._answer("no service", self.service.status)
        else:
            self._message(body)

    def _message(self, body: str) -> None:
        action = _one(r"<a:Action[^>]*>[^<]*/(\w+)<", body)
        message = _one(r"<a:MessageID>([^<]+)<", body)
        answer = getattr(self, f"_on_{action.lower()}")(body)
        if answer is not None:
            self._answer(_envelope(answer, message), 200)

    def _on_create(self, body: str) -> str | None:
        if self.service.fault:
            self._answer(_fault(*self.service.fault), 500)
            return None
        self.service.shells_open += 1
        return '<w:Selector xmlns:w="w" Name="ShellId">11111111-0000-0000-0000-000000000001</w:Selector>'

    def _on_delete(self, body: str) -> str:
        self.service.shells_open -= 1
        return ""

    def _on_command(self, body: str) -> str:
        line = _one(r"<rsp:Command>([^<]*)<", body)
        encoded = line.rpartition(" ")[2]
        self.service.ran.append(Ran(base64.b64decode(encoded).decode("utf-16-le"), line))
        return "<rsp:CommandId>22222222-0000-0000-0000-000000000002</rsp:CommandId>"

    def _on_send(self, body: str) -> str:
        ran = self.service.ran[-1]
        ran.stdin += base64.b64decode(_one(r"<rsp:Stream[^>]*>([^<]*)<", body))
        ran.input_ended = 'End="true"' in body
        return ""

    def _on_receive(self, body: str) -> str | None:
        service = self.service
        if service.fault:
            self._answer(_fault(*service.fault), 500)
            return None
        if service.drop:
            self.connection.close()
            self.close_connection = True
            return None
        if service.hang or service.quiet_receives > 0:
            service.quiet_receives -= 1
            time.sleep(0.02)
            self._answer(_fault(2150858793, "The operation timed out"), 500)
            return None
        out, err, status = service.reply(service.ran[-1])
        return (
            f'<rsp:Stream Name="stdout">{base64.b64encode(out).decode()}</rsp:Stream>'
            f'<rsp:Stream Name="stderr">{base64.b64encode(err).decode()}</rsp:Stream>'
            f'<rsp:CommandState State="{SHELL}/CommandState/Done">'
            f"<rsp:ExitCode>{status}</rsp:ExitCode></rsp:CommandState>"
        )

    def _on_signal(self, body: str) -> str:
        self.service.ran[-1].ended = True
        return ""

    def _answer(self, text: str, status: int) -> None:
        data = text.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        if status == 401:
            self.send_header("WWW-Authenticate", 'Basic realm="WSMAN"')
        self.end_headers()
        self.wfile.write(data)


def _one(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    assert found, f"{pattern} is not in {text}"
    return found.group(1)


def _envelope(body: str, message: str) -> str:
    return (
        '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" '
        'xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" '
        f'xmlns:rsp="{SHELL}"><s:Header><a:RelatesTo>{message}</a:RelatesTo></s:Header>'
        f"<s:Body>{body}</s:Body></s:Envelope>"
    )


def _fault(code: int, reason: str) -> str:
    return (
        '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><s:Fault>'
        "<s:Code><s:Value>s:Receiver</s:Value></s:Code>"
        f'<s:Reason><s:Text xml:lang="en-US">{reason}</s:Text></s:Reason><s:Detail>'
        f'<f:WSManFault xmlns:f="http://schemas.microsoft.com/wbem/wsman/1/wsmanfault" Code="{code}"/>'
        "</s:Detail></s:Fault></s:Body></s:Envelope>"
    )
