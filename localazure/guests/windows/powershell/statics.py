"""The static members of .NET types that scripts reach for by name."""

from __future__ import annotations

import base64
import datetime as dt
import math
import secrets
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING

from localazure.guests.windows.powershell.convert import (
    short_type,
    to_datetime,
    to_int,
    to_list,
    to_number,
    to_string,
)
from localazure.guests.windows.powershell.crypto import random_numbers, rsa_provider
from localazure.guests.windows.powershell.errors import PSError
from localazure.guests.windows.powershell.gaps import ModelGap
from localazure.guests.windows.powershell.operators import regex
from localazure.guests.windows.powershell.types import (
    ENUMERATIONS,
    as_bytes,
    credential,
    guid,
    hasher,
    regex_match,
    regex_matches,
    secure,
    version_of,
)
from localazure.guests.windows.powershell.values import (
    Hashtable,
    PSObject,
    Value,
    is_list,
)

if TYPE_CHECKING:
    from localazure.guests.windows.powershell.shell import Shell

Static = Callable[..., Value]


def _encoding(name: str) -> PSObject:
    codec = {
        "utf8": "utf-8",
        "unicode": "utf-16-le",
        "ascii": "ascii",
        "default": "cp1252",
        "utf7": "utf-7",
        "utf32": "utf-32-le",
        "bigendianunicode": "utf-16-be",
    }[name.lower()]

    def decode(data: Value, *place: Value) -> str:
        raw = as_bytes(data)
        if place:
            raw = raw[to_int(place[0]) : to_int(place[0]) + to_int(place[1])]
        return raw.decode(codec, "replace")

    return PSObject(
        "System.Text.Encoding",
        {"EncodingName": name, "WebName": codec},
        text=f"System.Text.{name}Encoding",
        methods={
            "GetBytes": lambda text: list(to_string(text).encode(codec, "replace")),
            "GetString": decode,
            "GetByteCount": lambda text: len(to_string(text).encode(codec, "replace")),
        },
        base=codec,
    )


def _from_base64(text: Value) -> list[int]:
    try:
        return list(base64.b64decode("".join(to_string(text).split()), validate=True))
    except ValueError:
        raise PSError(
            'Exception calling "FromBase64String" with "1" argument(s): "The input is not a valid Base-64 string as '
            "it contains a non-base 64 character, more than two padding characters, or an illegal character among the "
            'padding characters. "',
            kind="System.Management.Automation.MethodInvocationException",
            identifier="FormatException",
        ) from None


def _base64(data: Value, options: Value = None) -> str:
    return base64.b64encode(as_bytes(data)).decode()


def identity(shell: Shell) -> PSObject:
    """`[Security.Principal.WindowsIdentity]::GetCurrent()`."""
    token = shell.process.token
    return PSObject(
        "System.Security.Principal.WindowsIdentity",
        {
            "Name": token.name(shell.machine.computer_name),
            "User": PSObject(
                "System.Security.Principal.SecurityIdentifier", {"Value": token.sid}, text=token.sid
            ),
            "IsSystem": token.is_system,
            "IsAuthenticated": True,
        },
        methods={"Dispose": lambda: None},
    )


def _principal(shell: Shell, who: Value) -> PSObject:
    def in_role(role: Value) -> bool:
        name = to_string(role).lower()
        if name not in ("administrator", "builtin\\administrators", "s-1-5-32-544", "544"):
            raise ModelGap(f"the role {to_string(role)} in IsInRole")
        return shell.process.token.elevated

    return PSObject(
        "System.Security.Principal.WindowsPrincipal", {"Identity": who}, methods={"IsInRole": in_role}
    )


def _array_list(values: Value = ()) -> list[Value]:
    return list(to_list(values)) if is_list(values) else []


def _stopwatch(shell: Shell) -> PSObject:
    began = shell.now()
    watch = PSObject(
        "System.Diagnostics.Stopwatch", {}, methods={"Stop": lambda: None, "Restart": lambda: None}
    )
    from localazure.guests.windows.powershell.values import Lazy  # noqa: PLC0415 - used here alone

    watch.properties["Elapsed"] = Lazy(lambda: shell.now() - began)
    watch.properties["ElapsedMilliseconds"] = Lazy(lambda: int((shell.now() - began).total_seconds() * 1000))
    watch.properties["IsRunning"] = True
    return watch


def _special_folder(name: Value) -> str:
    known = {
        "system": r"C:\Windows\System32",
        "windows": r"C:\Windows",
        "programfiles": r"C:\Program Files",
        "commonapplicationdata": r"C:\ProgramData",
    }
    try:
        return known[to_string(name).lower()]
    except KeyError:
        raise ModelGap(f"the folder {to_string(name)}") from None


def _environment(shell: Shell, name: Value, target: Value = "Process") -> Value:
    where = to_string(target).lower()
    if where == "process":
        return shell.process.environment.get(to_string(name))
    if where == "machine":
        key = r"HKLM\SYSTEM\CurrentControlSet\Control\Session Manager\Environment"
        return shell.machine.registry.value(key, to_string(name))
    raise ModelGap(f"environment variables of the target {to_string(target)}")


def _set_environment(shell: Shell, name: Value, value: Value, target: Value = "Process") -> None:
    where = to_string(target).lower()
    if where == "process":
        shell.write(f"env:{to_string(name)}", value)
    elif where == "machine":
        key = r"HKLM\SYSTEM\CurrentControlSet\Control\Session Manager\Environment"
        if value is None or value == "":
            shell.machine.registry.delete_value(key, to_string(name))
        else:
            shell.machine.registry.set(key, to_string(name), to_string(value))
    else:
        raise ModelGap(f"environment variables of the target {to_string(target)}")


def _codec(encoding: Value) -> str:
    return encoding.base if isinstance(encoding, PSObject) and isinstance(encoding.base, str) else "utf-8"


def _file(shell: Shell) -> dict[str, Static]:
    files = shell.machine.files

    def full(path: Value) -> str:
        return files.resolve(to_string(path), shell.directory)

    return {
        "exists": lambda p: files.is_file(full(p)),
        "readalltext": lambda p, e=None: files.read_text(full(p)),
        "readalllines": lambda p, e=None: files.read_text(full(p)).splitlines(),
        "readallbytes": lambda p: list(files.read_bytes(full(p))),
        "writealltext": lambda p, t, e=None: files.write_text(full(p), to_string(t), encoding=_codec(e)),
        "writealllines": lambda p, t, e=None: files.write_text(
            full(p), "".join(f"{to_string(line)}\r\n" for line in to_list(t)), encoding=_codec(e)
        ),
        "writeallbytes": lambda p, b: files.write_bytes(full(p), as_bytes(b)),
        "appendalltext": lambda p, t, e=None: files.write_text(
            full(p), to_string(t), encoding=_codec(e), append=True
        ),
        "delete": lambda p: files.remove(full(p)) if files.exists(full(p)) else None,
        "move": lambda a, b: files.move(full(a), full(b)),
        "copy": lambda a, b, over=False: files.copy(full(a), full(b)),
    }


def _directory(shell: Shell) -> dict[str, Static]:
    files = shell.machine.files

    def full(path: Value) -> str:
        return files.resolve(to_string(path), shell.directory)

    return {
        "exists": lambda p: files.is_directory(full(p)),
        "createdirectory": lambda p: files.make_directory(full(p)),
        "delete": lambda p, deep=False: files.remove(full(p)),
    }


def _joined(*parts: Value) -> str:
    out = ""
    for part in (to_string(one) for one in parts):
        out = part if ":" in part or not out else out.rstrip("\\") + "\\" + part
    return out


def _round(value: Value, digits: Value = 0) -> Value:
    return round(float(to_number(value)), to_int(digits))


def _methods(shell: Shell, kind: str) -> dict[str, Static]:
    """The static methods of a type, by its short name."""
    match kind:
        case "convert":
            return {
                "tobase64string": _base64,
                "frombase64string": _from_base64,
                "toint32": lambda v, base=10: (
                    int(to_string(v), to_int(base)) if isinstance(v, str) else to_int(v)
                ),
                "toint64": lambda v, base=10: (
                    int(to_string(v), to_int(base)) if isinstance(v, str) else to_int(v)
                ),
                "tostring": lambda v, base=None: (
                    to_string(v)
                    if base is None
                    else format(to_int(v), {2: "b", 8: "o", 16: "x"}[to_int(base)])
                ),
                "tobyte": lambda v, base=10: (
                    int(to_string(v), to_int(base)) if isinstance(v, str) else to_int(v)
                ),
            }
        case "file":
            return _file(shell)
        case "directory":
            return _directory(shell)
        case "path":
            return {
                "combine": _joined,
                "getfilename": lambda p: to_string(p).rpartition("\\")[2],
                "getdirectoryname": lambda p: to_string(p).rpartition("\\")[0],
                "getextension": lambda p: "." + to_string(p).rpartition(".")[2],
                "getfilenamewithoutextension": lambda p: to_string(p).rpartition("\\")[2].rpartition(".")[0],
                "gettemppath": lambda: shell.process.environment.get("TEMP", r"C:\Windows\Temp") + "\\",
                "getrandomfilename": lambda: f"{secrets.token_hex(4)}.{secrets.token_hex(2)[:3]}",
                "gettempfilename": lambda: _temporary(shell),
                "getfullpath": lambda p: shell.machine.files.resolve(to_string(p), shell.directory),
            }
        case "environment":
            return {
                "getenvironmentvariable": lambda *a: _environment(shell, *a),
                "setenvironmentvariable": lambda *a: _set_environment(shell, *a),
                "getfolderpath": _special_folder,
                "expandenvironmentvariables": lambda t: shell.process.expand(to_string(t)),
                "exit": lambda status=0: _exit(status),
            }
        case "string":
            return {
                "isnullorempty": lambda v: to_string(v) == "",
                "isnullorwhitespace": lambda v: not to_string(v).strip(),
                "join": lambda s, *v: to_string(s).join(to_string(o) for one in v for o in to_list(one)),
                "format": lambda t, *v: _string_format(t, list(v)),
                "equals": lambda a, b, *k: (
                    to_string(a) == to_string(b) if not k else to_string(a).lower() == to_string(b).lower()
                ),
                "concat": lambda *v: "".join(to_string(o) for one in v for o in to_list(one)),
                "new": lambda c, n=None: (
                    to_string(c) * to_int(n) if n is not None else "".join(to_string(o) for o in to_list(c))
                ),
            }
        case "datetime":
            return {
                "parse": lambda t, *k: to_datetime(t),
                "parseexact": lambda t, f, *k: to_datetime(t),
                "fromfiletimeutc": lambda n: (
                    dt.datetime(1601, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=to_int(n) // 10)
                ),
                "new": lambda *parts: _new_date([to_int(part) for part in parts]),
                "specifykind": lambda value, k: value,
            }
        case "datetimeoffset":
            return {
                "fromunixtimeseconds": lambda n: PSObject(
                    "System.DateTimeOffset", {"UtcDateTime": dt.datetime.fromtimestamp(to_int(n), dt.UTC)}
                )
            }
        case "timespan":
            return {
                "fromseconds": lambda n: dt.timedelta(seconds=to_number(n)),
                "fromminutes": lambda n: dt.timedelta(minutes=to_number(n)),
                "fromhours": lambda n: dt.timedelta(hours=to_number(n)),
                "new": lambda *p: dt.timedelta(
                    hours=to_int(p[-3]),
                    minutes=to_int(p[-2]),
                    seconds=to_int(p[-1]),
                    days=to_int(p[0]) if len(p) > 3 else 0,
                ),
            }
        case "math":
            return {
                "round": _round,
                "floor": lambda v: float(math.floor(to_number(v))),
                "ceiling": lambda v: float(math.ceil(to_number(v))),
                "max": lambda a, b: max(to_number(a), to_number(b)),
                "min": lambda a, b: min(to_number(a), to_number(b)),
                "abs": lambda v: abs(to_number(v)),
                "truncate": lambda v: float(int(to_number(v))),
            }
        case "guid":
            return {
                "newguid": lambda: guid(str(uuid.uuid4())),
                "new": lambda v: guid(to_string(v)),
                "parse": lambda v: guid(to_string(v)),
            }
        case "regex":
            return {
                "match": regex_match,
                "matches": regex_matches,
                "escape": lambda t: __import__("re").escape(to_string(t)),
                "ismatch": lambda t, p: regex(to_string(p), exact=True).search(to_string(t)) is not None,
                "replace": lambda t, p, r: regex(to_string(p), exact=True).sub(
                    to_string(r).replace("$", "\\"), to_string(t)
                ),
                "split": lambda t, p: regex(to_string(p), exact=True).split(to_string(t)),
            }
        case "windowsidentity":
            return {"getcurrent": lambda: identity(shell)}
        case "windowsprincipal":
            return {"new": lambda who: _principal(shell, who)}
        case "sha256" | "sha1" | "md5" | "sha384" | "sha512":
            return {"create": lambda: hasher(kind)}
        case "randomnumbergenerator":
            return {"create": random_numbers}
        case "rsacryptoserviceprovider":
            return {"new": rsa_provider}
        case "byte[]":
            return {"new": lambda size: [0] * to_int(size)}
        case "bitconverter":
            return {"tostring": lambda data: "-".join(f"{one:02X}" for one in as_bytes(data))}
        case "stopwatch":
            return {"startnew": lambda: _stopwatch(shell)}
        case "version":
            return {"new": version_of, "parse": version_of}
        case "pscredential":
            return {"new": credential}
        case "arraylist":
            return {"new": _array_list}
        case "hashtable":
            return {"new": Hashtable}
        case "object":
            return {"new": lambda: PSObject("System.Object", {}, text="System.Object")}
        case "marshal":
            return {
                "securestringtobstr": lambda s: s,
                "ptrtostringauto": lambda s: s.base,
                "ptrtostringbstr": lambda s: s.base,
                "zerofreebstr": lambda s: None,
            }
        case "securestring":
            return {"new": lambda: secure("")}
        case "networkcredential":
            return {"new": lambda u, p, *d: credential(u, p).methods["GetNetworkCredential"]()}
        case "console":
            return {
                "writeline": lambda t="": shell.streams.host(to_string(t)),
                "write": lambda t="": shell.streams.host(to_string(t)),
            }
        case "utf8encoding":
            return {"new": lambda bom=True, *more: _encoding("UTF8")}
        case "encoding":
            return {
                "getencoding": lambda name: _encoding(
                    {"utf-8": "UTF8", "utf-16": "Unicode", "ascii": "ASCII"}[to_string(name).lower()]
                )
            }
        case "scriptblock":
            return {"create": lambda text: _create_block(to_string(text))}
        case "int32" | "int" | "int64" | "long" | "double":
            return {"parse": to_number, "tryparse": _try_parse}
        case "gc":
            return {"collect": lambda: None}
        case "x509certificate2":
            return {"new": lambda data: shell.machine.certificates.read(as_bytes(data))}
    if kind.startswith(("list[", "collections.generic.list[")):
        return {"new": _array_list}
    if kind.startswith(("dictionary[", "collections.generic.dictionary[")):
        return {"new": lambda *a: Hashtable()}
    return {}


def _new_date(parts: list[int]) -> dt.datetime:
    year, month, day, hour, minute, second = [*parts, 0, 0, 0][:6]
    return dt.datetime(year, month, day, hour, minute, second, tzinfo=dt.UTC)


def _create_block(text: str) -> Value:
    from localazure.guests.windows.powershell.parse import parse  # noqa: PLC0415 - used here alone
    from localazure.guests.windows.powershell.values import ScriptBlock  # noqa: PLC0415 - used here alone

    tree, source = parse(text)
    return ScriptBlock(tree.root_node, source, text)


def _try_parse(text: Value, out: Value) -> bool:
    try:
        number = to_number(to_string(text))
    except PSError:
        return False
    out.put(number)
    return True


def _exit(status: Value) -> None:
    from localazure.guests.windows.powershell.errors import ExitSignal  # noqa: PLC0415 - used here alone

    raise ExitSignal(to_int(status))


def _string_format(template: Value, values: list[Value]) -> str:
    from localazure.guests.windows.powershell.operators import formatted  # noqa: PLC0415 - used here alone

    return formatted(template, values[0] if len(values) == 1 and is_list(values[0]) else values)


def _temporary(shell: Shell) -> str:
    path = f"{shell.process.environment.get('TEMP', 'C:' + chr(92) + 'Windows' + chr(92) + 'Temp')}\\tmp{secrets.token_hex(2).upper()}.tmp"
    shell.machine.files.write_bytes(path, b"")
    return path


def static_method(shell: Shell, type_name: str, name: str, arguments: list[Value]) -> Value:
    """`[type]::name(arguments)`."""
    methods = _methods(shell, short_type(type_name))
    found = methods.get(name.lower())
    if found is None:
        raise ModelGap(f"[{type_name}]::{name}()")
    try:
        return found(*arguments)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise PSError(
            f'Exception calling "{name}" with "{len(arguments)}" argument(s): "Could not find file \'{error}\'."',
            kind="System.Management.Automation.MethodInvocationException",
            identifier="FileNotFoundException",
        ) from None


def static_property(shell: Shell, type_name: str, name: str) -> Value:
    """`[type]::name`."""
    kind, low = short_type(type_name), name.lower()
    known: dict[tuple[str, str], Callable[[], Value]] = {
        ("datetime", "now"): shell.now,
        ("datetime", "utcnow"): shell.now,
        ("datetimeoffset", "utcnow"): shell.now,
        ("datetime", "today"): lambda: shell.now().replace(hour=0, minute=0, second=0, microsecond=0),
        ("datetime", "minvalue"): lambda: dt.datetime(1, 1, 1, tzinfo=dt.UTC),
        ("environment", "machinename"): lambda: shell.machine.computer_name,
        ("environment", "username"): lambda: shell.process.token.user,
        ("environment", "newline"): lambda: "\r\n",
        ("environment", "systemdirectory"): lambda: r"C:\Windows\System32",
        ("environment", "is64bitoperatingsystem"): lambda: True,
        ("environment", "is64bitprocess"): lambda: True,
        ("environment", "processorcount"): lambda: 2,
        ("environment", "tickcount"): lambda: int(shell.machine.uptime() * 1000) & 0x7FFFFFFF,
        ("environment", "osversion"): lambda: PSObject(
            "System.OperatingSystem", {"Version": version_of(f"10.0.{shell.machine.os['build']}.0")}
        ),
        ("string", "empty"): lambda: "",
        ("int32", "maxvalue"): lambda: 2**31 - 1,
        ("int", "maxvalue"): lambda: 2**31 - 1,
        ("math", "pi"): lambda: math.pi,
        ("guid", "empty"): lambda: guid("00000000-0000-0000-0000-000000000000"),
        ("windowsbuiltinrole", "administrator"): lambda: "Administrator",
        ("cultureinfo", "invariantculture"): lambda: "",
        ("securityprotocoltype", "tls12"): lambda: 3072,
        ("servicepointmanager", "securityprotocol"): lambda: 3072,
        ("timespan", "zero"): dt.timedelta,
        ("stringcomparison", "ordinalignorecase"): lambda: "OrdinalIgnoreCase",
        ("stringcomparison", "ordinal"): lambda: "Ordinal",
        ("stringsplitoptions", "removeemptyentries"): lambda: "RemoveEmptyEntries",
    }
    if (kind, low) in known:
        return known[(kind, low)]()
    if kind == "encoding" and low in ("utf8", "unicode", "ascii", "default"):
        return _encoding(name)
    if kind == "console" and low == "in":
        return _reader(shell)
    if kind == "console" and low in ("outputencoding", "inputencoding"):
        return _encoding("UTF8")
    if kind in ENUMERATIONS:
        return name
    raise ModelGap(f"[{type_name}]::{name}")


def _reader(shell: Shell) -> PSObject:
    """`[Console]::In`."""
    source, killed = shell.process.stdin, shell.process.killed

    def all_of_it() -> str:
        text = source.read(killed).decode("utf-8", "replace")
        shell.check()
        return text

    return PSObject(
        "System.IO.TextReader",
        {},
        methods={"ReadToEnd": all_of_it, "ReadLine": lambda: source.read_line(killed)},
    )
