"""What a request does: identify, and the life of shells."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from localazure.guests.windows.machine.machine import Machine
from localazure.guests.windows.machine.process import Token
from localazure.guests.windows.wsman import soap
from localazure.guests.windows.wsman.shells import Shells
from localazure.guests.windows.wsman.soap import SHELL, TRANSFER, Fault, MalformedError, Request, read_request

HTTP_OK, HTTP_FAULT = 200, 500
_VENDOR = "Microsoft Corporation"


class Service:
    """WS-Management over one machine."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.shells = Shells(machine)

    @property
    def largest(self) -> int:
        """MaxEnvelopeSizekb in bytes."""
        return int(self.machine.document["winrm"]["max_envelope_kb"]) * 1024

    async def handle(self, data: bytes, token: Token | None) -> tuple[int, bytes]:
        """Answer one envelope; without a token only `Identify` without authentication is answered."""
        request: Request | None = None
        try:
            if len(data) > self.largest:
                raise soap.too_large(self.largest)
            try:
                request = read_request(data)
            except (MalformedError, ValueError) as error:
                raise soap.malformed(str(error)) from None
            if request.identify:
                return HTTP_OK, self._identify(request)
            if token is None or not token.elevated:
                raise soap.access_denied()
            return HTTP_OK, await self._dispatch(request, token)
        except Fault as fault:
            return HTTP_FAULT, fault.body(request, self.machine.computer_name)

    def _identify(self, request: Request) -> bytes:
        os = self.machine.os
        body = (
            f'<wsmid:IdentifyResponse xmlns:wsmid="{soap.IDENTITY}"><wsmid:ProtocolVersion>{soap.WSMAN}</wsmid:ProtocolVersion>'
            f"<wsmid:ProductVendor>{_VENDOR}</wsmid:ProductVendor><wsmid:ProductVersion>OS: 10.0.{os['build']} SP: 0.0 Stack: 3.0"
            "</wsmid:ProductVersion></wsmid:IdentifyResponse>"
        )
        return soap.answer(request, body, soap.IDENTITY)

    async def _dispatch(self, request: Request, token: Token) -> bytes:
        owner = token.name(self.machine.computer_name)
        if request.resource not in (soap.CMD, SHELL):
            raise soap.unknown_resource(request.resource)
        if request.action == f"{TRANSFER}/Create":
            return soap.answer(request, self.shells.create(request, owner, token))
        shells = self.shells
        verbs: dict[str, Callable[..., str | Awaitable[str]]] = {
            f"{TRANSFER}/Delete": lambda shell, _: shells.delete(shell),
            f"{TRANSFER}/Get": lambda shell, _: shells.shown(shell),
            f"{SHELL}/Command": shells.command,
            f"{SHELL}/Send": shells.send,
            f"{SHELL}/Signal": shells.signal,
            f"{SHELL}/Receive": shells.receive,
        }
        verb = verbs.get(request.action)
        if verb is None:
            raise soap.unknown_action(request.action)
        found = verb(shells.find(request, owner), request)
        return soap.answer(request, found if isinstance(found, str) else await found)
