"""Certificates, BitLocker, the firewall, Defender."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from localazure.guests.windows.powershell.cmdlet import Call, cmdlet
from localazure.guests.windows.powershell.convert import to_datetime, to_list, to_string
from localazure.guests.windows.powershell.gaps import ModelGap
from localazure.guests.windows.powershell.operators import wildcard
from localazure.guests.windows.powershell.values import Enumerated, PSObject, Value


@cmdlet(
    "New-SelfSignedCertificate",
    "DnsName CertStoreLocation FriendlyName NotAfter NotBefore KeyExportPolicy Subject KeyLength KeyAlgorithm HashAlgorithm KeyUsage KeySpec Provider Type TextExtension KeyUsageProperty",
)
def new_self_signed_certificate(call: Call) -> Iterator[Value]:
    """Make a key and its certificate in the machine's store."""
    store = call.text("CertStoreLocation", "Cert:\\LocalMachine\\My").lower().replace("/", "\\").rstrip("\\")
    if store not in ("cert:\\localmachine\\my", "\\localmachine\\my"):
        raise ModelGap(f"the store {store}")
    now = call.shell.now()
    names = call.texts("DnsName") or [call.text("Subject").removeprefix("CN=") or call.machine.computer_name]
    thumbprint = call.machine.certificates.make(
        names,
        friendly=call.text("FriendlyName"),
        not_after=to_datetime(call.get("NotAfter")) if call.has("NotAfter") else now + dt.timedelta(days=365),
        not_before=to_datetime(call.get("NotBefore")) if call.has("NotBefore") else None,
    )
    yield call.machine.certificates.shown(thumbprint)


@cmdlet("Export-Certificate", "Cert:pipe FilePath Type Force:switch NoClobber:switch")
def export_certificate(call: Call) -> Iterator[Value]:
    """Write a certificate's public part into a file."""
    path = call.machine.files.resolve(call.text("FilePath"), call.shell.directory)
    call.machine.files.write_bytes(path, bytes(call.get("Cert").get("RawData")))
    from localazure.guests.windows.cmdlets.providers import file_item  # noqa: PLC0415 - used here alone

    yield file_item(call.machine, path)


def _mount_points(call: Call) -> list[str]:
    given = [
        to_string(one.get("MountPoint")) if isinstance(one, PSObject) else to_string(one)
        for one in to_list(call.get("MountPoint"))
    ]
    return [one.rstrip(":\\").upper() for one in given] or list(call.machine.document["bitlocker"])


def _volume(letter: str, state: dict[str, Any]) -> PSObject:
    status = {0: "FullyDecrypted", 1: "FullyEncrypted", 2: "EncryptionInProgress", 3: "DecryptionInProgress"}[
        state["conversion"]
    ]
    return PSObject(
        "Microsoft.BitLocker.Structures.BitLockerVolume",
        {
            "MountPoint": f"{letter}:",
            "VolumeStatus": Enumerated(status, state["conversion"]),
            "ProtectionStatus": Enumerated("On" if state["protection"] else "Off", state["protection"]),
            "EncryptionPercentage": 100 if state["conversion"] == 1 else 0,
            "EncryptionMethod": "XtsAes128" if state["conversion"] else "None",
            "VolumeType": "OperatingSystem" if letter == "C" else "Data",
            "KeyProtector": [],
            "LockStatus": "Unlocked",
        },
        shown=("VolumeType", "MountPoint", "VolumeStatus", "EncryptionPercentage", "ProtectionStatus"),
    )


@cmdlet("Get-BitLockerVolume", "MountPoint:0:pipe:prop")
def get_bitlocker_volume(call: Call) -> Iterator[Value]:
    """Tell how volumes are encrypted."""
    for letter in _mount_points(call):
        yield _volume(
            letter, call.machine.document["bitlocker"].get(letter, {"conversion": 0, "protection": 0})
        )


@cmdlet("Disable-BitLocker", "MountPoint:0:pipe:prop")
def disable_bitlocker(call: Call) -> Iterator[Value]:
    """Decrypt, which takes a while."""
    for letter in _mount_points(call):
        state = call.machine.document["bitlocker"].setdefault(letter, {"conversion": 0, "protection": 0})
        state |= {"conversion": 3, "protection": 0}
        call.machine.changed()
        _later(call, state)
        yield _volume(letter, state)


def _later(call: Call, state: dict[str, Any]) -> None:
    import threading  # noqa: PLC0415 - used here alone

    machine = call.machine

    def decrypted() -> None:
        machine.clock.sleep(60, machine.off)
        state["conversion"] = 0
        machine.changed()

    threading.Thread(target=decrypted, daemon=True).start()


@cmdlet("Suspend-BitLocker", "MountPoint:0:pipe:prop RebootCount")
def suspend_bitlocker(call: Call) -> Iterator[Value]:
    """Switch the protection off; the volume stays encrypted."""
    for letter in _mount_points(call):
        state = call.machine.document["bitlocker"].setdefault(letter, {"conversion": 0, "protection": 0})
        state["protection"] = 0
        call.machine.changed()
        yield _volume(letter, state)


def _rule(rule: dict[str, Any]) -> PSObject:
    return PSObject(
        "Microsoft.Management.Infrastructure.CimInstance#root/standardcimv2/MSFT_NetFirewallRule",
        {
            "Name": rule["name"],
            "InstanceID": rule["name"],
            "DisplayName": rule["display"],
            "Enabled": "True" if rule["enabled"] else "False",
            "Direction": rule["direction"],
            "Action": rule["action"],
            "Profile": rule["profile"],
            "LocalPort": rule["port"],
            "DisplayGroup": rule.get("group", ""),
        },
        text=rule["name"],
        shown=("Name", "DisplayName", "Enabled", "Direction", "Action"),
    )


@cmdlet(
    "New-NetFirewallRule",
    "Name DisplayName Direction Action Protocol LocalPort RemotePort LocalAddress RemoteAddress Profile Enabled Description Group Program Service",
)
def new_firewall_rule(call: Call) -> Iterator[Value]:
    """Make a rule."""
    name = call.text("Name") or "{" + str(__import__("uuid").uuid4()) + "}"
    rules = call.machine.document["firewall"]
    if name.lower() in rules:
        raise call.fail(
            "Cannot create a file when that file already exists.",
            kind="Microsoft.Management.Infrastructure.CimException",
            category="ResourceExists",
            identifier="Windows System Error 183",
        )
    with call.machine.lock:
        rules[name.lower()] = {
            "name": name,
            "display": call.text("DisplayName", name),
            "enabled": call.text("Enabled", "True").lower() != "false",
            "direction": call.text("Direction", "Inbound").capitalize(),
            "action": call.text("Action", "Allow").capitalize(),
            "port": ",".join(call.texts("LocalPort")) or "Any",
            "protocol": call.text("Protocol", "Any"),
            "profile": call.text("Profile", "Any"),
            "group": call.text("Group"),
        }
        call.machine.changed()
    call.machine.listeners_changed()
    yield _rule(rules[name.lower()])


def _rules(call: Call) -> list[dict[str, Any]]:
    given = call.get("InputObject")
    if isinstance(given, PSObject):
        return [
            one
            for one in call.machine.document["firewall"].values()
            if one["name"] == to_string(given.get("Name"))
        ]
    by, wanted = (
        ("display", call.texts("DisplayName"))
        if call.has("DisplayName")
        else ("name", call.texts("Name") or ["*"])
    )
    if call.has("DisplayGroup"):
        by, wanted = "group", call.texts("DisplayGroup")
    found = []
    for name in wanted:
        hits = [
            one
            for one in call.machine.document["firewall"].values()
            if wildcard(name).fullmatch(str(one.get(by, "")))
        ]
        if not hits and "*" not in name:
            call.report(
                call.fail(
                    f"No MSFT_NetFirewallRule objects found with property 'InstanceID' equal to '{name}'.  Verify the value of the property and retry.",
                    kind="Microsoft.PowerShell.Cmdletization.Cim.CimJobException",
                    category="ObjectNotFound",
                    identifier="CmdletizationQuery_NotFound_InstanceID",
                    target=name,
                )
            )
        found += hits
    return found


_RULE = "Name:0 DisplayName DisplayGroup InputObject:pipe"


@cmdlet("Get-NetFirewallRule", _RULE + " Enabled Direction Action")
def get_firewall_rule(call: Call) -> Iterator[Value]:
    """Tell rules."""
    for rule in _rules(call):
        yield _rule(rule)


@cmdlet("Remove-NetFirewallRule", _RULE)
def remove_firewall_rule(call: Call) -> Iterator[Value]:
    """Remove rules."""
    for rule in _rules(call):
        call.machine.document["firewall"].pop(rule["name"].lower(), None)
    call.machine.changed()
    call.machine.listeners_changed()
    yield from ()


@cmdlet("Set-NetFirewallRule", _RULE + " Enabled Action Profile LocalPort RemoteAddress NewDisplayName")
@cmdlet("Enable-NetFirewallRule", _RULE)
@cmdlet("Disable-NetFirewallRule", _RULE)
def set_firewall_rule(call: Call) -> Iterator[Value]:
    """Change rules."""
    for rule in _rules(call):
        if call.name != "Set-NetFirewallRule":
            rule["enabled"] = call.name.startswith("Enable")
        if call.has("Enabled"):
            rule["enabled"] = call.text("Enabled").lower() == "true"
        for key, name in (("action", "Action"), ("profile", "Profile"), ("port", "LocalPort")):
            if call.has(name):
                rule[key] = ",".join(call.texts(name))
    call.machine.changed()
    call.machine.listeners_changed()
    yield from ()


@cmdlet("Get-MpComputerStatus", "")
def get_mp_computer_status(call: Call) -> Iterator[Value]:
    """Tell Defender's state."""
    service = call.machine.service("WinDefend")
    yield PSObject(
        "CimInstance#MSFT_MpComputerStatus",
        {
            "AMServiceEnabled": service is not None and service["status"] == "Running",
            "RealTimeProtectionEnabled": True,
            "AntivirusEnabled": True,
        },
    )


@cmdlet(
    "Set-MpPreference",
    "DisableRealtimeMonitoring ExclusionPath DisableIOAVProtection DisableBehaviorMonitoring",
)
@cmdlet("Add-MpPreference", "ExclusionPath ExclusionProcess")
def set_mp_preference(call: Call) -> Iterator[Value]:
    """Keep Defender's preferences in the registry."""
    for name, value in call.arguments.items():
        call.machine.registry.set(
            r"HKLM\SOFTWARE\Microsoft\Windows Defender\Preferences",
            str(name),
            [to_string(one) for one in to_list(value)],
        )
    yield from ()
