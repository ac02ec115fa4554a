"""Envelopes: what a request asks, and how answers and faults are written."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass, field
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape, quoteattr

SOAP = "http://www.w3.org/2003/05/soap-envelope"
ADDRESSING = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
TRANSFER = "http://schemas.xmlsoap.org/ws/2004/09/transfer"
WSMAN = "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"
SHELL = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
IDENTITY = "http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd"
FAULT = "http://schemas.microsoft.com/wbem/wsman/1/wsmanfault"
CMD = SHELL + "/cmd"
_ANONYMOUS = ADDRESSING + "/role/anonymous"


class MalformedError(ValueError):
    """The body is no SOAP envelope of WS-Management."""


@dataclass(frozen=True)
class Request:
    """One request: its headers, and its body as a tree."""

    action: str
    resource: str
    message_id: str
    timeout: float
    max_envelope: int
    body: ET.Element
    selectors: dict[str, str] = field(default_factory=dict)
    options: dict[str, str] = field(default_factory=dict)
    identify: bool = False

    def text(self, name: str) -> str | None:
        """The text of the first element of the shell's namespace with a name."""
        found = self.body.find(f".//{{{SHELL}}}{name}")
        return found.text if found is not None else None

    def elements(self, name: str) -> list[ET.Element]:
        """All elements of the shell's namespace with a name."""
        return self.body.findall(f".//{{{SHELL}}}{name}")


def read_request(data: bytes) -> Request:
    """Read an envelope. One with a document type is refused: no client writes one."""
    if b"<!DOCTYPE" in data[:2048]:
        raise MalformedError("a document type")
    try:
        root = ET.fromstring(data)  # noqa: S314 - no document type, so no entities
    except ET.ParseError as error:
        raise MalformedError(str(error)) from None
    body = root.find(f"{{{SOAP}}}Body")
    if root.tag != f"{{{SOAP}}}Envelope" or body is None:
        raise MalformedError("no envelope")
    header = root.find(f"{{{SOAP}}}Header")
    header = header if header is not None else ET.Element("none")

    def named(tag: str, space: str) -> str:
        found = header.find(f"{{{space}}}{tag}")
        return (found.text or "").strip() if found is not None else ""

    pairs = {
        kind: {str(one.get("Name")): one.text or "" for one in header.iter(f"{{{WSMAN}}}{kind}")}
        for kind in ("Selector", "Option")
    }
    return Request(
        action=named("Action", ADDRESSING),
        resource=named("ResourceURI", WSMAN),
        message_id=named("MessageID", ADDRESSING),
        timeout=seconds(named("OperationTimeout", WSMAN) or "PT60S"),
        max_envelope=int(named("MaxEnvelopeSize", WSMAN) or 153600),
        body=body,
        selectors=pairs["Selector"],
        options=pairs["Option"],
        identify=body.find(f"{{{IDENTITY}}}Identify") is not None,
    )


def seconds(duration: str) -> float:
    """`PT20S`, `PT1M30.5S` in seconds."""
    found = re.fullmatch(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:([\d.]+)S)?)?", duration)
    if found is None:
        raise MalformedError(f"the duration {duration}")
    days, hours, minutes, rest = (float(part or 0) for part in found.groups())
    return days * 86400 + hours * 3600 + minutes * 60 + rest


def _envelope(action: str, relates_to: str, body: str) -> bytes:
    header = (
        f"<a:Action>{escape(action)}</a:Action><a:MessageID>uuid:{str(uuid.uuid4()).upper()}</a:MessageID>"
        f"<a:To>{_ANONYMOUS}</a:To><a:RelatesTo>{escape(relates_to)}</a:RelatesTo>"
    )
    return (
        f'<s:Envelope xml:lang="en-US" xmlns:s="{SOAP}" xmlns:a="{ADDRESSING}" xmlns:x="{TRANSFER}" xmlns:w="{WSMAN}" '
        f'xmlns:rsp="{SHELL}" xmlns:p="http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd">'
        f"<s:Header>{header}</s:Header><s:Body>{body}</s:Body></s:Envelope>"
    ).encode()


def answer(request: Request, body: str, action: str = "") -> bytes:
    """An answer to a request."""
    return _envelope(action or request.action + "Response", request.message_id, body)


@dataclass(frozen=True)
class Fault(Exception):  # noqa: N818 - SOAP calls it so
    """A fault in WinRM's words."""

    code: int
    subcode: str
    message: str
    detail: str = ""
    sender: bool = False

    def body(self, request: Request | None, machine: str) -> bytes:
        """The envelope of the fault."""
        relates_to = request.message_id if request is not None else ""
        who = "s:Sender" if self.sender else "s:Receiver"
        extra = (
            f"<w:FaultDetail>{WSMAN.replace('wsman.xsd', 'faultDetail')}/{self.detail}</w:FaultDetail>"
            if self.detail
            else ""
        )
        body = (
            f"<s:Fault><s:Code><s:Value>{who}</s:Value><s:Subcode><s:Value>{self.subcode}</s:Value></s:Subcode></s:Code>"
            f'<s:Reason><s:Text xml:lang="en-US">{escape(self.message)} </s:Text></s:Reason><s:Detail>{extra}'
            f'<f:WSManFault xmlns:f="{FAULT}" Code="{self.code}" Machine={quoteattr(machine)}>'
            f"<f:Message>{escape(self.message)} </f:Message></f:WSManFault></s:Detail></s:Fault>"
        )
        return _envelope("http://schemas.dmtf.org/wbem/wsman/1/wsman/fault", relates_to, body)


def timed_out() -> Fault:
    """Nothing came within the operation's time: the client asks again."""
    return Fault(
        2150858793,
        "w:TimedOut",
        "The WS-Management service cannot complete the operation within the time specified in OperationTimeout. ",
        "OperationTimeout",
    )


def shell_not_found(shell: str) -> Fault:
    """[seen: WinRb/WinRM#253]."""
    return Fault(
        2150858843,
        "w:InvalidSelectors",
        f"The request for the Windows Remote Shell with ShellId {shell} failed because the shell was not found on the server. "
        "Possible causes are: the specified ShellId is incorrect or the shell no longer exists on the server. Provide the "
        "correct ShellId or create a new shell and retry the operation.",
        "UnexpectedSelectors",
        sender=True,
    )


def command_not_found() -> Fault:
    """A command of a shell that is not there."""
    return Fault(
        2150858843,
        "w:InvalidParameter",
        "The Windows Remote Shell received a request to perform an operation on a command identifier that does not exist. "
        "Either the command has completed execution or the client specified an invalid command identifier.",
        sender=True,
    )


def too_many_shells(most: int) -> Fault:
    """[seen: hashicorp/vagrant#7489]."""
    return Fault(
        2150859173,
        "w:QuotaLimit",
        f"The WS-Management service cannot process the request. This user is allowed a maximum number of {most} concurrent "
        "shells, which has been exceeded. Close existing shells or raise the quota for this user.",
    )


def too_many_processes(most: int) -> Fault:
    """The quota of processes in one shell."""
    return Fault(
        2150859171,
        "w:QuotaLimit",
        "The WS-Management service cannot process the request. The maximum number of concurrent commands per shell has been "
        f"exceeded ({most}). Retry the request later or raise the Maximum Commands per Shell quota.",
    )


def too_large(most: int) -> Fault:
    """A request larger than MaxEnvelopeSizekb."""
    return Fault(
        2150858823,
        "w:EncodingLimit",
        f"The size of the request exceeded the configured MaxEnvelopeSize quota: {most} bytes.",
        "MaxEnvelopeSizeExceeded",
    )


def access_denied() -> Fault:
    """The user may log in, and may not use remote shells."""
    return Fault(5, "w:AccessDenied", "Access is denied.", sender=True)


def unknown_resource(resource: str) -> Fault:
    """A resource that this server does not have, which for PowerShell's own says that it is not modelled."""
    return Fault(
        2150858752,
        "w:DestinationUnreachable" if not resource else "a:DestinationUnreachable",
        f"The WS-Management service cannot process the request. The resource URI ({resource}) was not found in the WS-Management "
        "catalog. The catalog contains the metadata that describes resources, or logical endpoints. [modelled Windows guest: "
        "only the shell of commands is modelled]",
        "InvalidResourceURI",
        sender=True,
    )


def unknown_action(action: str) -> Fault:
    """An action that the resource does not take."""
    return Fault(
        2150858755,
        "a:ActionNotSupported",
        f"The WS-Management service cannot process the request because the request contained an invalid action URI: {action}.",
        sender=True,
    )


def malformed(why: str) -> Fault:
    """A body that is not understood."""
    return Fault(
        2150858761,
        "w:SchemaValidationError",
        f"The WS-Management service cannot process a SOAP packet that is not well formed: {why}.",
        sender=True,
    )
