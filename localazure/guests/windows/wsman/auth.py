"""Who speaks: NTLM and Negotiate, Basic over TLS, CredSSP, client certificates; and the messages they encrypt.

NTLM proves a password for one connection, so its state is the connection's. pyspnego's acceptor looks accounts
up in a file that an environment variable names; it gets one with the one account in question, under a lock.
"""

from __future__ import annotations

import base64
import os
import struct
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import spnego
from spnego._ntlm_raw.messages import Authenticate, AvId, NTClientChallengeV2
from spnego.channel_bindings import GssChannelBindings
from spnego.exceptions import SpnegoError

from localazure.guests.windows.machine.users import nt_hash
from localazure.guests.windows.wsman.client_certificates import HEADER
from localazure.guests.windows.wsman.credssp import Delegation, lines_of

Account = dict[str, Any]
_STORE = threading.Lock()
_NTLM = b"NTLMSSP\x00"
_BOUNDARY = b"--Encrypted Boundary"


@dataclass(frozen=True)
class Doors:
    """What the authenticator asks the machine: a usable account by its name, or by the certificate shown; all."""

    computer: str
    find: Callable[[str], Account | None]
    of_certificate: Callable[[], Account | None]
    all: Callable[[], list[Account]]


@dataclass(frozen=True)
class Policy:
    """What the machine's WSMan configuration allows."""

    basic: bool
    negotiate: bool
    credssp: bool
    certificate: bool
    hardening: str
    tls: bool

    def challenges(self) -> list[str]:
        """The headers of a 401."""
        found = ["Negotiate", "NTLM"] if self.negotiate else []
        found += ["CredSSP"] if self.credssp else []
        return found + (['Basic realm="WSMAN"'] if self.basic and self.tls else [])


class Authenticator:
    """The state of one connection."""

    def __init__(self, doors: Doors, binding: bytes | None) -> None:
        """`binding` is the tls-server-end-point of the certificate."""
        self._doors, self._find, self._binding = doors, doors.find, binding
        self._delegation: Delegation | None = None
        self._context: Any = None
        self._protocol = "Negotiate"
        self.account: Account | None = None

    def take(self, header: str, policy: Policy) -> tuple[bool, str | None]:
        """Read an Authorization header. Returns whether the client is known, and a token for it."""
        if not header:
            return self.account is not None and self._context is not None, None
        scheme, _, token = header.partition(" ")
        self.account = None
        if header == HEADER:
            self.account = self._doors.of_certificate() if policy.certificate and policy.tls else None
            return self.account is not None, None
        if scheme.lower() == "credssp" and policy.credssp:
            return self._delegated(token)
        if scheme.lower() == "basic" and policy.basic and policy.tls:
            return self._basic(token), None
        if scheme.lower() in ("negotiate", "ntlm") and policy.negotiate:
            self._protocol = scheme
            return self._step(token, policy)
        return False, None

    def _delegated(self, text: str) -> tuple[bool, str | None]:
        with _account_file(lines_of(self._doors.all(), self._doors.computer)):
            delegation = self._delegation or Delegation(self._find)
            try:
                reply = delegation.step(base64.b64decode(text, validate=True))
            except ValueError:
                return False, None
        self._delegation = None if delegation.ended else delegation
        self.account = self._context = delegation.account
        return self.account is not None, f"CredSSP {base64.b64encode(reply).decode()}" if reply else None

    def _basic(self, token: str) -> bool:
        try:
            user, _, password = base64.b64decode(token).decode().partition(":")
        except ValueError:
            return False
        account = self._find(user)
        if account is not None and account["password_hash"] == nt_hash(password):
            self.account = account
        self._context = None
        return self.account is not None

    def _step(self, text: str, policy: Policy) -> tuple[bool, str | None]:
        try:
            token = base64.b64decode(text, validate=True)
        except ValueError:
            return False, None
        proof = _proof(token)
        if proof is None:
            return False, self._negotiate(token)
        account = self._find(proof.user_name or "")
        if account is None or self._context is None or not self._bound(proof, policy):
            self._context = None
            return False, None
        reply = self._prove(token, proof, account)
        if self._context is None:
            return False, None
        self.account = account
        return True, self._answer(reply) if reply else None

    def _answer(self, token: bytes) -> str:
        return f"{self._protocol} {base64.b64encode(token).decode()}"

    def _negotiate(self, token: bytes) -> str | None:
        kind = "ntlm" if token.startswith(_NTLM) else "negotiate"
        options = (
            spnego.NegotiateOptions.use_ntlm if kind == "ntlm" else spnego.NegotiateOptions.use_negotiate
        )
        with _account_file([":nobody:x"]):
            try:
                self._context = spnego.server(protocol=kind, options=options)
                reply = self._context.step(token)
            except SpnegoError:
                self._context = None
                return None
        return self._answer(reply) if reply else None

    def _bound(self, proof: Authenticate, policy: Policy) -> bool:
        """Channel binding: what is given must be this channel's; Strict wants it given."""
        if self._binding is None or policy.hardening.lower() == "none":
            return True
        given = _bindings(proof)
        if not given or not any(given):
            return policy.hardening.lower() != "strict"
        return True

    def _prove(self, token: bytes, proof: Authenticate, account: Account) -> bytes | None:
        domain = f"{proof.domain_name}\\" if proof.domain_name else ""
        line = f"{domain}{proof.user_name}:0:{'0' * 32}:{account['password_hash']}:[U]:LCT-0"
        given = _bindings(proof)
        bindings = None
        if self._binding is not None and given and any(given):
            bindings = GssChannelBindings(application_data=b"tls-server-end-point:" + self._binding)
        with _account_file([line]):
            try:
                reply: bytes | None = self._context.step(token, channel_bindings=bindings)
            except SpnegoError:
                self._context = None
                return None
        if not self._context.complete:
            self._context = None
        return reply

    # Messages that the context encrypts.

    def unwrap(self, body: bytes) -> bytes:
        """Open a multipart/encrypted body."""
        payload = body.split(b"application/octet-stream\r\n", 1)[1]
        payload = payload[: payload.rindex(_BOUNDARY)]
        length = struct.unpack("<i", payload[:4])[0]
        return bytes(self._context.unwrap(payload[4 : 4 + length] + payload[4 + length :]).data)

    def wrap(self, body: bytes) -> tuple[bytes, str]:
        """Close an answer; returns it and its content type."""
        sealed = self._context.wrap_winrm(body)
        kind = b"application/HTTP-SPNEGO-session-encrypted"
        data = (
            _BOUNDARY
            + b"\r\n\tContent-Type: "
            + kind
            + b"\r\n\tOriginalContent: type=application/soap+xml;charset=UTF-8;Length="
            + str(len(body)).encode()
            + b"\r\n"
            + _BOUNDARY
            + b"\r\n\tContent-Type: application/octet-stream\r\n"
            + struct.pack("<i", len(sealed.header))
            + sealed.header
            + sealed.data
            + _BOUNDARY
            + b"--\r\n"
        )
        return data, f'multipart/encrypted;protocol="{kind.decode()}";boundary="Encrypted Boundary"'


def _proof(token: bytes) -> Authenticate | None:
    """The NTLM message with the proof, also inside of SPNEGO."""
    at = token.find(_NTLM + b"\x03\x00\x00\x00")
    if at < 0:
        return None
    try:
        return Authenticate.unpack(token[at:])
    except (ValueError, struct.error):
        return None


def _bindings(proof: Authenticate) -> bytes | None:
    if not proof.nt_challenge_response or len(proof.nt_challenge_response) <= 24:
        return None
    pairs = NTClientChallengeV2.unpack(proof.nt_challenge_response[16:]).av_pairs
    found = pairs.get(AvId.channel_bindings)
    return bytes(found) if found else None


class _account_file:  # noqa: N801 - used as a statement
    """A file of accounts for as long as one step of the acceptor takes."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines

    def __enter__(self) -> None:
        _STORE.acquire()
        self._file = tempfile.NamedTemporaryFile("w", delete=False)
        self._file.write("\n".join(self._lines))
        self._file.close()
        os.environ["NTLM_USER_FILE"] = self._file.name

    def __exit__(self, *_: object) -> None:
        os.environ.pop("NTLM_USER_FILE", None)
        Path(self._file.name).unlink()
        _STORE.release()
