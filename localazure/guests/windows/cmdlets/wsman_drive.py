"""The WSMan: drive: WinRM's configuration of this machine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from localazure.guests.windows.powershell.gaps import ModelGap
from localazure.guests.windows.powershell.values import PSObject

if TYPE_CHECKING:
    from localazure.guests.windows.machine.machine import Machine

_SECTIONS = {"service": "service", "shell": "shell"}
_NAMES = ("Address", "Transport", "Port", "Hostname", "Enabled", "URLPrefix", "CertificateThumbprint")


def parts_of(path: str) -> list[str]:
    """The parts below `WSMan:\\localhost`."""
    found = [part for part in path.replace("/", "\\").split("\\") if part]
    return [
        part
        for part in found
        if part.lower() not in ("wsman:", "localhost", "microsoft.wsman.management")
        and not part.lower().startswith("wsman:")
    ]


def _leaf(name: str, value: Any, path: str) -> PSObject:
    return PSObject(
        "Microsoft.WSMan.Management.WSManConfigLeafElement",
        {
            "Name": name,
            "Value": str(value),
            "Type": "System.String",
            "PSPath": path,
            "PSChildName": name,
            "SourceOfValue": "",
        },
        shown=("Name", "Value"),
    )


def _container(name: str, path: str, keys: list[str]) -> PSObject:
    return PSObject(
        "Microsoft.WSMan.Management.WSManConfigContainerElement",
        {
            "Name": name,
            "Type": "Container",
            "Keys": keys,
            "PSPath": f"Microsoft.WSMan.Management\\WSMan::{path}",
            "PSChildName": name,
        },
        text=name,
        shown=("Type", "Keys", "Name"),
    )


def _listener(name: str, entry: dict[str, Any]) -> PSObject:
    keys = [f"Transport={entry['Transport']}", f"Address={entry['Address']}"]
    return _container(name, f"localhost\\Listener\\{name}", keys)


def listener(machine: Machine, name: str) -> PSObject:
    """One listener, which must be there."""
    return _listener(name, machine.document["winrm"]["listeners"][name])


def _table(machine: Machine, parts: list[str]) -> tuple[dict[str, Any], str] | None:
    """The settings in which a path's last part is one, and its name."""
    winrm = machine.document["winrm"]
    low = [part.lower() for part in parts]
    if low[:2] == ["service", "auth"] and len(parts) == 3:
        return winrm["auth"], parts[2]
    if len(parts) == 2 and low[0] in _SECTIONS:
        return winrm[_SECTIONS[low[0]]], parts[1]
    if len(parts) == 3 and low[0] == "listener":
        entry = next((e for n, e in winrm["listeners"].items() if n.lower() == low[1]), None)
        return (entry, parts[2]) if entry is not None else None
    if low == ["maxenvelopesizekb"]:
        return winrm, "max_envelope_kb"
    return None


def item(machine: Machine, path: str) -> PSObject | None:
    """One item."""
    parts = parts_of(path)
    found = _table(machine, parts) if parts else None
    if found is not None:
        table, name = found
        key = next((one for one in table if one.lower() == name.lower()), None)
        return (
            _leaf(parts[-1] if key == "max_envelope_kb" else key, table[key], path)
            if key is not None
            else None
        )
    if [part.lower() for part in parts[:1]] == ["listener"] and len(parts) == 2:
        listeners = machine.document["winrm"]["listeners"]
        return next((_listener(n, e) for n, e in listeners.items() if n.lower() == parts[1].lower()), None)
    if not parts or [p.lower() for p in parts] in (["listener"], ["service"], ["shell"], ["service", "auth"]):
        return _container(parts[-1] if parts else "localhost", path, [])
    return None


def children(machine: Machine, path: str) -> Iterator[PSObject]:
    """What lies directly below."""
    parts = parts_of(path)
    low = [part.lower() for part in parts]
    winrm = machine.document["winrm"]
    if low == ["listener"]:
        for name, entry in list(winrm["listeners"].items()):
            yield _listener(name, entry)
    elif len(parts) == 2 and low[0] == "listener":
        listeners: dict[str, dict[str, Any]] = winrm["listeners"]
        entry = next((e for n, e in listeners.items() if n.lower() == low[1]), {})
        for key in _NAMES:
            if key in entry:
                yield _leaf(key, entry[key], f"{path}\\{key}")
    elif low == ["service", "auth"]:
        for key, value in winrm["auth"].items():
            yield _leaf(key, value, f"{path}\\{key}")
    elif low in (["service"], ["shell"]):
        for key, value in winrm[_SECTIONS[low[0]]].items():
            yield _leaf(key, value, f"{path}\\{key}")
    else:
        raise ModelGap(f"the children of {path}")


def set_item(machine: Machine, path: str, value: str) -> bool:
    """Change a setting; False where there is none."""
    found = _table(machine, parts_of(path))
    if found is None:
        return False
    table, name = found
    key = next((one for one in table if one.lower() == name.lower()), None)
    if key is None:
        return False
    with machine.lock:
        text = str(value)
        table[key] = text.lower() if text.lower() in ("true", "false") else text
        machine.changed()
    machine.listeners_changed()
    return True


def add_listener(
    machine: Machine, transport: str, *, port: int | None, thumbprint: str, hostname: str, address: str = "*"
) -> str:
    """Make a listener; the name of the one that has this transport and address already is an error of the caller."""
    with machine.lock:
        name = f"Listener_{1084132641 + len(machine.document['winrm']['listeners']) * 211 + (hash(transport) & 0xFFF)}"
        machine.document["winrm"]["listeners"][name] = {
            "Transport": transport.upper(),
            "Port": port or (5986 if transport.upper() == "HTTPS" else 5985),
            "Address": address,
            "Hostname": hostname,
            "Enabled": "true",
            "URLPrefix": "wsman",
            "CertificateThumbprint": thumbprint.upper().replace(" ", ""),
        }
        machine.changed()
    machine.listeners_changed()
    return name


def remove_listener(machine: Machine, name: str) -> None:
    """Take a listener away."""
    with machine.lock:
        listeners = machine.document["winrm"]["listeners"]
        for one in [n for n in listeners if n.lower() == name.lower()]:
            del listeners[one]
        machine.changed()
    machine.listeners_changed()
