"""The listener: TLS with the certificate that the guest made, HTTP/1.1, one authentication a connection."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import socket
import ssl
import struct
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import cast

import h11

from localazure.guests.inbound import allows
from localazure.guests.windows.machine.machine import Machine
from localazure.guests.windows.wsman import client_certificates
from localazure.guests.windows.wsman.auth import Account, Authenticator, Doors, Policy
from localazure.guests.windows.wsman.service import Service

log = logging.getLogger("localazure.windows")
_CHUNK = 1 << 16
_SOAP = "application/soap+xml;charset=UTF-8"
_RESET = struct.pack("ii", 1, 0)


class Listener:
    """One HTTPS listener of one machine."""

    def __init__(self, machine: Machine, service: Service, port: int, certificate: bytes, key: bytes) -> None:
        self._machine, self._service, self.port = machine, service, port
        self.certificate = certificate
        self._key = key
        self._server: asyncio.Server | None = None
        self._tls = self._context()
        self._connections: set[asyncio.Task[None]] = set()
        der = ssl.PEM_cert_to_DER_cert(certificate.decode())
        self._binding = hashlib.sha256(der).digest()
        self.drop: Callable[[], bool] = lambda: False
        """Asked before each answer: whether the network takes the connection now."""

    async def open(self) -> None:
        """Listen at the machine's address."""
        self._server = await asyncio.start_server(
            self._connected,
            self._machine.spec.address,
            self.port,
            ssl=self._tls,
            ssl_handshake_timeout=10,
            reuse_address=True,
        )

    def _context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        with tempfile.TemporaryDirectory() as directory:
            chain = Path(directory) / "chain.pem"
            chain.touch(mode=0o600)
            chain.write_bytes(self._key + self.certificate)
            context.load_cert_chain(chain)
        return context

    def ask_for_certificates(self, roots: str) -> None:
        """Ask clients for a certificate from now on, and believe those of these issuers (PEM).

        Windows asks by renegotiation, which there is in TLS 1.2 alone.
        """
        self._tls.maximum_version = ssl.TLSVersion.TLSv1_2
        self._tls.load_verify_locations(cadata=roots)
        self._tls.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        self._tls.verify_mode = ssl.CERT_OPTIONAL

    async def close(self, *, now: bool) -> None:
        """Stop listening; `now` also cuts the connections, as a machine does that goes down."""
        if self._server is not None:
            self._server.close()
            self._server = None
        if now:
            for task in list(self._connections):
                task.cancel()
            await asyncio.gather(*self._connections, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = cast(asyncio.Task[None], asyncio.current_task())
        self._connections.add(task)
        try:
            source = writer.get_extra_info("peername")[0]
            if not allows(self._machine.spec.inbound, source, self._machine.spec.address, self.port):
                self._cut(writer)
                return
            await _Connection(self, self._machine, self._service, reader, writer).serve()
        except (OSError, ssl.SSLError, asyncio.IncompleteReadError, h11.ProtocolError):
            pass
        except asyncio.CancelledError:
            self._cut(writer)
        finally:
            self._connections.discard(task)
            with contextlib.suppress(Exception):
                writer.transport.abort()

    @staticmethod
    def _cut(writer: asyncio.StreamWriter) -> None:
        """Reset the connection."""
        raw = writer.get_extra_info("socket")
        if raw is not None:
            with contextlib.suppress(OSError):
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        writer.transport.abort()

    @property
    def binding(self) -> bytes:
        """The tls-server-end-point of this listener."""
        return self._binding


class _Connection:
    """One client's connection."""

    def __init__(
        self,
        listener: Listener,
        machine: Machine,
        service: Service,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self._listener, self._machine, self._service = listener, machine, service
        self._reader, self._writer = reader, writer
        self._http = h11.Connection(h11.SERVER)
        tls = writer.get_extra_info("ssl_object")
        doors = Doors(
            machine.computer_name,
            self._account,
            lambda: self._usable(client_certificates.account_of(machine, tls.getpeercert(binary_form=True))),
            lambda: [one for one in list(machine.users.all.values()) if machine.users.usable(one)],
        )
        self._auth = Authenticator(doors, listener.binding)

    def _account(self, name: str) -> dict[str, object] | None:
        return self._usable(self._machine.users.get(name))

    def _usable(self, account: Account | None) -> Account | None:
        return account if account is not None and self._machine.users.usable(account) else None

    def _policy(self) -> Policy:
        auth = self._machine.document["winrm"]["auth"]
        return Policy(
            basic=auth["Basic"] == "true",
            negotiate=auth["Negotiate"] == "true",
            credssp=auth["CredSSP"] == "true",
            certificate=auth["Certificate"] == "true",
            hardening=auth["CbtHardeningLevel"],
            tls=True,
        )

    async def serve(self) -> None:
        """Answer requests until the client goes."""
        while True:
            request, body = await self._request()
            if request is None:
                return
            if self._listener.drop():
                Listener._cut(self._writer)
                return
            status, headers, data = await self._answer(request, body)
            await self._respond(status, headers, data)
            if self._http.our_state is h11.MUST_CLOSE or self._http.their_state is h11.CLOSED:
                return
            self._http.start_next_cycle()

    async def _event(self) -> object:
        while True:
            event = self._http.next_event()
            if event is not h11.NEED_DATA:
                return event
            if self._http.they_are_waiting_for_100_continue:
                self._writer.write(
                    self._http.send(h11.InformationalResponse(status_code=100, headers=[])) or b""
                )
            self._http.receive_data(await self._reader.read(_CHUNK))

    async def _request(self) -> tuple[h11.Request | None, bytes]:
        event = await self._event()
        if not isinstance(event, h11.Request):
            return None, b""
        body = bytearray()
        while isinstance(part := await self._event(), h11.Data):
            body += part.data
            if len(body) > 4 * self._service.largest:
                raise h11.RemoteProtocolError("the body is too large")
        return (event, bytes(body)) if isinstance(part, h11.EndOfMessage) else (None, b"")

    async def _answer(self, request: h11.Request, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        headers = {name.decode().lower(): value.decode("latin-1") for name, value in request.headers}
        if request.method != b"POST" or not request.target.decode().lower().startswith("/wsman"):
            return 404, [], b""
        if headers.get("wsmanidentify", "").lower() == "unauthenticated":
            status, data = await self._service.handle(body, None)
            return status, [("Content-Type", _SOAP)], data
        policy = self._policy()
        known, token = await asyncio.to_thread(self._auth.take, headers.get("authorization", ""), policy)
        if not known:
            challenges = [token] if token else policy.challenges()
            return 401, [("WWW-Authenticate", one) for one in challenges], b""
        extra = [("WWW-Authenticate", token)] if token else []
        return await self._served(headers, body, extra)

    async def _served(
        self, headers: dict[str, str], body: bytes, extra: list[tuple[str, str]]
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        account = cast(Account, self._auth.account)
        encrypted = headers.get("content-type", "").startswith("multipart/encrypted")
        if encrypted:
            body = self._auth.unwrap(body)
        if not body:
            return 200, extra, b""
        status, data = await self._service.handle(body, self._machine.token_of(account, network=True))
        kind = _SOAP
        if encrypted:
            data, kind = self._auth.wrap(data)
        return status, [*extra, ("Content-Type", kind)], data

    async def _respond(self, status: int, headers: list[tuple[str, str]], data: bytes) -> None:
        fields = [*headers, ("Server", "Microsoft-HTTPAPI/2.0"), ("Content-Length", str(len(data)))]
        out = (
            self._http.send(
                h11.Response(status_code=status, headers=[(n.encode(), v.encode()) for n, v in fields])
            )
            or b""
        )
        if data:
            out += self._http.send(h11.Data(data=data)) or b""
        out += self._http.send(h11.EndOfMessage()) or b""
        self._writer.write(out)
        await self._writer.drain()
