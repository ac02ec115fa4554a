"""Values of .NET types that are not Python's own: how they are made, cast to, matched and written as JSON."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import uuid
from typing import TYPE_CHECKING, Any

from localazure.guests.windows.powershell.convert import (
    short_type,
    to_int,
    to_list,
    to_string,
)
from localazure.guests.windows.powershell.gaps import ModelGap
from localazure.guests.windows.powershell.operators import match_table, regex
from localazure.guests.windows.powershell.values import (
    CaseDict,
    DotNetType,
    Hashtable,
    PSObject,
    Value,
    is_list,
)

if TYPE_CHECKING:
    pass


def as_bytes(value: Value) -> bytes:
    """A byte array, which scripts often hold as an array of numbers."""
    if isinstance(value, bytes | bytearray):
        return bytes(value)
    return bytes(to_int(one) & 0xFF for one in to_list(value))


def hasher(name: str) -> PSObject:
    """`[Security.Cryptography.SHA256]::Create()`."""
    return PSObject(
        f"System.Security.Cryptography.{name.upper()}",
        {},
        methods={
            "ComputeHash": lambda data: list(hashlib.new(name.lower(), as_bytes(data)).digest()),
            "Dispose": lambda: None,
        },
    )


def guid(value: str) -> PSObject:
    """A System.Guid."""
    return PSObject(
        "System.Guid",
        {"Guid": value},
        text=value,
        methods={
            "ToString": lambda form="D": value.replace("-", "") if to_string(form).upper() == "N" else value
        },
    )


def secure(text: str) -> PSObject:
    """A SecureString."""
    return PSObject(
        "System.Security.SecureString",
        {"Length": len(text)},
        text="System.Security.SecureString",
        base=text,
        methods={"Dispose": lambda: None, "MakeReadOnly": lambda: None},
    )


def credential(user: Value, password: Value) -> PSObject:
    """A PSCredential."""
    plain = password.base if isinstance(password, PSObject) else to_string(password)
    network = PSObject("System.Net.NetworkCredential", {"UserName": to_string(user), "Password": plain})
    return PSObject(
        "System.Management.Automation.PSCredential",
        {"UserName": to_string(user), "Password": secure(plain)},
        methods={"GetNetworkCredential": lambda: network},
    )


def regex_match(text: Value, pattern: Value, options: Value = None) -> PSObject:
    """`[regex]::Match()`."""
    found = regex(to_string(pattern), exact="ignorecase" not in to_string(options).lower()).search(
        to_string(text)
    )
    return match_object(found)


def match_object(found: Any) -> PSObject:
    """A System.Text.RegularExpressions.Match."""
    if found is None:
        return PSObject(
            "System.Text.RegularExpressions.Match",
            {"Success": False, "Value": "", "Index": 0, "Length": 0, "Groups": Hashtable()},
            text="",
        )
    groups = Hashtable(
        {
            key: PSObject(
                "System.Text.RegularExpressions.Group", {"Value": value, "Success": True}, text=value
            )
            for key, value in match_table(found).items()
        }
    )
    return PSObject(
        "System.Text.RegularExpressions.Match",
        {
            "Success": True,
            "Value": found.group(),
            "Index": found.start(),
            "Length": len(found.group()),
            "Groups": groups,
        },
        text=found.group(),
    )


def regex_matches(text: Value, pattern: Value, options: Value = None) -> list[PSObject]:
    """`[regex]::Matches()`."""
    return [match_object(one) for one in regex(to_string(pattern), exact=True).finditer(to_string(text))]


def version_of(text: Value) -> PSObject:
    """A System.Version of its text."""
    from localazure.guests.windows.powershell.shell import version  # noqa: PLC0415 - mutual

    return version(to_string(text))


ENUMERATIONS = (
    "serviceprocess",
    "x509contenttype",
    "x509keystorageflags",
    "startlocation",
    "registryvaluekind",
    "base64formattingoptions",
    "regexoptions",
    "datetimestyles",
    "datetimekind",
    "environmentvariabletarget",
    "wellknownsidtype",
    "storename",
    "storelocation",
    "openflags",
)


def cast_special(value: Value, name: str, type_name: str) -> Value:
    """Casts to types that are neither numbers nor text."""
    match name:
        case "version":
            return value if isinstance(value, PSObject) else version_of(value)
        case "guid":
            return guid(str(uuid.UUID(to_string(value))))
        case "regex":
            pattern = to_string(value)
            return PSObject(
                "System.Text.RegularExpressions.Regex",
                {},
                text=pattern,
                methods={
                    "Match": lambda text: regex_match(text, pattern),
                    "Matches": lambda text: regex_matches(text, pattern),
                    "IsMatch": lambda text: regex(pattern, exact=True).search(to_string(text)) is not None,
                    "Replace": lambda text, new: regex(pattern, exact=True).sub(
                        to_string(new), to_string(text)
                    ),
                },
            )
        case (
            "windowsprincipal"
            | "securityidentifier"
            | "ntaccount"
            | "pscredential"
            | "securestring"
            | "x509certificate2"
        ):
            if isinstance(value, PSObject) and short_type(value.type_name) == name:
                return value
            if name == "windowsprincipal":
                return PSObject(
                    "System.Security.Principal.WindowsPrincipal",
                    {"Identity": value},
                    methods={"IsInRole": lambda role: True},
                )
        case "uri":
            return PSObject(
                "System.Uri",
                {"OriginalString": to_string(value), "AbsoluteUri": to_string(value)},
                text=to_string(value),
            )
        case "type":
            return DotNetType(to_string(value))
        case "arraylist":
            return to_list(value)
    if name.startswith(("list[", "collections.generic.list[")):
        return to_list(value)
    if name in ENUMERATIONS:
        return to_string(value)
    raise ModelGap(f"the type [{type_name}]")


def json_text(value: Value, depth: int) -> str:
    """What ConvertTo-Json makes of a value, compressed."""
    return json.dumps(plain(value, depth), ensure_ascii=False)


def plain(value: Value, depth: int) -> Any:
    """A value as JSON has it; deeper than `depth` it is only its text."""
    from localazure.guests.windows.powershell.values import Enumerated  # noqa: PLC0415 - used here alone

    if isinstance(value, Enumerated):
        return value.number
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, dt.datetime):
        return f"/Date({int(value.timestamp() * 1000)})/"
    if isinstance(value, dt.timedelta):
        return {"Ticks": int(value.total_seconds() * 10**7), "TotalSeconds": value.total_seconds()}
    if depth < 0:
        return to_string(value)
    if is_list(value):
        return [plain(one, depth - 1) for one in value]
    if isinstance(value, CaseDict):
        return {to_string(key): plain(one, depth - 1) for key, one in value.items()}
    if isinstance(value, PSObject):
        if value.type_name in ("System.Guid",):
            return value.text
        return {str(key): plain(value.get(key), depth - 1) for key in value.properties}
    return to_string(value)
