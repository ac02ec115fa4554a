"""From power-on to a machine that is up: pending work, Setup where the image is generalized, services, agent."""

from __future__ import annotations

import datetime as dt
import secrets
import time
from xml.sax.saxutils import escape

from localazure.guests.base import OsProfile
from localazure.guests.windows.failures import Stall, failures, provoke
from localazure.guests.windows.machine.baseline import COMPLETE, GENERALIZED, SPECIALIZED, builtin_users
from localazure.guests.windows.machine.machine import Machine
from localazure.guests.windows.machine.process import SYSTEM
from localazure.guests.windows.machine.users import ADMINISTRATORS

FIRMWARE_SECONDS, SERVICES_SECONDS, SETUP_SECONDS, PENDING_SECONDS = 6.0, 12.0, 70.0, 30.0
"""Of model time (assumed, from how long small VMs take)."""
_NAMES = r"HKLM\SYSTEM\CurrentControlSet\Control\ComputerName"
_TCPIP = r"HKLM\SYSTEM\CurrentControlSet\Services\Tcpip\Parameters"
_CBS = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\RebootPending"
_WU = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\WindowsUpdate\Auto Update\RebootRequired"
_MANAGER = r"HKLM\SYSTEM\CurrentControlSet\Control\Session Manager"
_BACKGROUND = (
    "System",
    "smss",
    "csrss",
    "wininit",
    "services",
    "lsass",
    "svchost",
    "svchost",
    "winlogon",
    "dwm",
    "WmiPrvSE",
    "MsMpEng",
)


def boot(machine: Machine) -> None:
    """Bring the machine up. Blocks for as long as that takes; a power-off ends it early."""
    machine.booted = machine.clock.now()
    machine.say("Windows Boot Manager")
    if machine.clock.sleep(FIRMWARE_SECONDS, machine.off):
        return
    _processes(machine)
    stall = _setup(machine) if machine.image_state in (GENERALIZED, SPECIALIZED) else None
    if machine.off.is_set():
        return
    _finish_pending(machine)
    if machine.clock.sleep(SERVICES_SECONDS, machine.off):
        return
    if stall is not None:
        _stalled(machine, stall)
        return
    _services(machine)
    while machine.at_start:
        provoke(machine, machine.at_start.pop(0))
    report(machine)
    machine.say(f"{machine.computer_name} is up, Windows {machine.os['caption']}")
    machine.up.set()


def _processes(machine: Machine) -> None:
    for name in _BACKGROUND:
        machine.processes.add(name, f"C:\\Windows\\System32\\{name}.exe", SYSTEM, command_line=f"{name}.exe")


def report(machine: Machine) -> None:
    """The agent's word once Windows is up."""
    agent = machine.service("WindowsAzureGuestAgent")
    if agent is None or agent["status"] != "Running":
        return
    machine.agent.seen = time.time()
    wanted = machine.spec.provisioning
    if wanted is None or machine.document.get("provisioned_as") == machine.spec.machine_id:
        machine.agent.provisioning = "Ready"
    # With a DVD before a Windows that was never generalized nobody reads it: the agent runs, and that is all.


def _stalled(machine: Machine, stall: Stall) -> None:
    machine.say("Setup did not come to its end")
    if stall.report:
        machine.agent.provisioning, machine.agent.detail = "NotReady", stall.report


def _services(machine: Machine) -> None:
    with machine.lock:
        for service in machine.document["services"].values():
            runs = service["autostart"] and service["start"] != "Disabled"
            service["status"] = "Running" if runs else "Stopped"
        machine.changed()
    for name in ("RdAgent", "WindowsAzureGuestAgent"):
        if (service := machine.service(name)) and service["status"] == "Running":
            machine.processes.add(
                "WaAppAgent" if name == "RdAgent" else name,
                f"C:\\WindowsAzure\\GuestAgent\\{name}.exe",
                SYSTEM,
            )


def _finish_pending(machine: Machine) -> None:
    """What waited for a restart."""
    registry, document = machine.registry, machine.document
    with machine.lock:
        name = registry.value(_NAMES + r"\ComputerName", "ComputerName", "")
        registry.set(_NAMES + r"\ActiveComputerName", "ComputerName", name)
        registry.set(_TCPIP, "Hostname", name)
        updates = document["updates"]
        waiting = [one for one in updates["pending"] if one.get("state") == "installed"]
    if waiting or updates["reboot_required"]:
        machine.clock.sleep(PENDING_SECONDS, machine.off)
    with machine.lock:
        updates["pending"] = [one for one in updates["pending"] if one.get("state") != "installed"]
        updates["installed"] += [
            {"kb": one["kb"], "title": one["title"], "on": machine.clock.stamp()} for one in waiting
        ]
        if not document["behaviour"].get("reboot_stays_pending"):
            updates["reboot_required"] = False
            for key in (_CBS, _WU):
                if registry.exists(key):
                    registry.delete(key)
            registry.delete_value(_MANAGER, "PendingFileRenameOperations")


def _setup(machine: Machine) -> Stall | None:
    """Specialize and OOBE: this machine gets its name, its SID and its administrator."""
    profile = machine.spec.provisioning
    if profile is None:
        machine.say("Setup waits for answers: there is no provisioning media")
        return Stall()
    for failure in failures().values():
        if (stall := failure.first_start(machine)) is not None:
            machine.say(f"Setup: {failure.name}")
            return stall
    if machine.clock.sleep(SETUP_SECONDS / 2, machine.off):
        return None
    with machine.lock:
        _specialize(machine, profile)
    machine.set_image_state(SPECIALIZED)
    if machine.clock.sleep(SETUP_SECONDS / 2, machine.off):
        return None
    with machine.lock:
        _oobe(machine, profile)
    machine.set_image_state(COMPLETE)
    return None


def _specialize(machine: Machine, profile: OsProfile) -> None:
    document, registry = machine.document, machine.registry
    builtin_users(document, machine.clock.now())
    document["machine_sid_blank"] = False
    for key in (r"\ComputerName", r"\ActiveComputerName"):
        registry.set(_NAMES + key, "ComputerName", profile.computer_name.upper())
    registry.set(_TCPIP, "Hostname", profile.computer_name)
    registry.set(_TCPIP, "NV Hostname", profile.computer_name)
    log = r"C:\Windows\Panther\setupact.log"
    stamp = f"{machine.clock.now():%Y-%m-%d %H:%M:%S}"
    machine.files.make_directory(r"C:\Windows\Panther\UnattendGC")
    text = (
        f"{stamp}, Info       [windeploy.exe] Found no unattend.xml; using the provisioning media\r\n"
        f"{stamp}, Info       [shsetup] Computer name set to {profile.computer_name.upper()}\r\n"
        f"{stamp}, Info       [oobeldr.exe] Successfully specialized\r\n"
    )
    machine.files.write_text(log, text, append=True)


def _oobe(machine: Machine, profile: OsProfile) -> None:
    """Azure gives the built-in administrator the name and password of osProfile."""
    users, document = machine.users, machine.document
    admin = next(one for one in users.all.values() if one["rid"] == 500)
    del users.all[admin["name"].lower()]
    users.all.pop(profile.admin_username.lower(), None)
    admin |= {
        "name": profile.admin_username,
        "enabled": True,
        "groups": [ADMINISTRATORS],
        "must_change": False,
    }
    users.all[profile.admin_username.lower()] = admin
    users.set_password(admin, profile.admin_password or secrets.token_urlsafe(24))
    document["licensing"]["activated"] = True
    document["provisioned_as"] = machine.spec.machine_id
    machine.registry.set(
        r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion",
        "InstallDate",
        int(machine.clock.now().timestamp()),
    )
    document["os"]["installed"] = machine.clock.stamp()
    _answers(machine, profile)


def _answers(machine: Machine, profile: OsProfile) -> None:
    """The answer file that provisioning leaves, with its secrets taken out."""
    hidden = "*SENSITIVE*DATA*DELETED*"
    text = (
        '<?xml version="1.0" encoding="utf-8"?>\r\n<unattend xmlns="urn:schemas-microsoft-com:unattend">\r\n'
        f'  <settings pass="specialize"><component><ComputerName>{escape(profile.computer_name)}</ComputerName></component></settings>\r\n'
        f'  <settings pass="oobeSystem"><component><UserAccounts><AdministratorPassword>{hidden}</AdministratorPassword>'
        f"</UserAccounts></component></settings>\r\n</unattend>\r\n"
    )
    machine.files.write_text(r"C:\Windows\Panther\unattend.xml", text)
    machine.files.write_text(
        r"C:\WindowsAzure\Logs\WaSetup.log",
        f"{dt.datetime.now(dt.UTC):%Y-%m-%d %H:%M:%S} provisioned\r\n",
        append=True,
    )
    if profile.custom_data:
        machine.files.make_directory(r"C:\AzureData")
        import base64  # noqa: PLC0415 - used here alone

        machine.files.write_bytes(r"C:\AzureData\CustomData.bin", base64.b64decode(profile.custom_data))


def shut_down(machine: Machine) -> None:
    """End everything that runs."""
    machine.up.clear()
    machine.processes.kill_all()
    with machine.lock:
        for service in machine.document["services"].values():
            service["status"] = "Stopped"
        for task in machine.document["tasks"].values():
            if task["state"] == "Running":
                task |= {"state": "Ready", "result": 0x41306}
        machine.changed()
    machine.say("the machine goes down")
