"""A freshly made Windows Server image, as its marketplace version is: generalized, with an agent inside.

Figures and names are those of Windows Server 2022 as its documentation and public logs show them; what is on a
real disk and no script of an image factory looks at is not here.
"""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from localazure.guests.windows.machine.users import ADMINISTRATORS, new_machine_sid

Document = dict[str, Any]

BUILD, REVISION = 20348, 4294
VERSION = "20348.4294.251108"
"""Of the marketplace image: build, revision, and the day it was made."""
CAPTION = "Microsoft Windows Server 2022 Datacenter"
AGENT_VERSION = "2.7.41491.1172"
SETUP_STATE = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Setup\State"
SYSPREP_STATUS = r"HKLM\SYSTEM\Setup\Status\SysprepStatus"
_CURRENT = r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion"
_CONTROL = r"HKLM\SYSTEM\CurrentControlSet\Control"
_SERVICES = r"HKLM\SYSTEM\CurrentControlSet\Services"
_MADE = "2025-11-08T04:12:33+00:00"

COMPLETE = "IMAGE_STATE_COMPLETE"
UNDEPLOYABLE = "IMAGE_STATE_UNDEPLOYABLE"
GENERALIZED = "IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE"
SPECIALIZED = "IMAGE_STATE_SPECIALIZE_RESEAL_TO_OOBE"

_REGISTRY: tuple[tuple[str, dict[str, Any]], ...] = (
    (SETUP_STATE, {"ImageState": GENERALIZED}),
    (
        r"HKLM\SYSTEM\Setup",
        {
            "SetupType": 0,
            "SystemSetupInProgress": 0,
            "OOBEInProgress": 0,
            "Upgrade": 0,
            "CloneTag": ["Sat Nov 08 04:12:33 2025"],
            "CmdLine": "",
        },
    ),
    (SYSPREP_STATUS, {"GeneralizationState": 7, "CleanupState": 2}),
    (
        _CURRENT,
        {
            "ProductName": "Windows Server 2022 Datacenter",
            "EditionID": "ServerDatacenter",
            "InstallationType": "Server",
            "DisplayVersion": "21H2",
            "ReleaseId": "2009",
            "CurrentBuild": str(BUILD),
            "CurrentBuildNumber": str(BUILD),
            "CurrentMajorVersionNumber": 10,
            "CurrentMinorVersionNumber": 0,
            "UBR": REVISION,
            "BuildLab": f"{BUILD}.fe_release.210507-1500",
            "SystemRoot": r"C:\Windows",
            "InstallDate": 1762575153,
        },
    ),
    (_CURRENT + r"\Winlogon", {"Shell": "explorer.exe", "AutoAdminLogon": "0"}),
    (_CURRENT + r"\ProfileList", {"ProfilesDirectory": r"%SystemDrive%\Users"}),
    (r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing", {"LastTrustTime": 0}),
    (r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\WindowsUpdate\Auto Update", {}),
    (r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\WindowsUpdate\Services\Pending", {}),
    (
        r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\ReserveManager",
        {"ShippedWithReserves": 0, "ActiveScenario": 0},
    ),
    (
        r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System",
        {"EnableLUA": 1, "ConsentPromptBehaviorAdmin": 5},
    ),
    (r"HKLM\SOFTWARE\Microsoft\Updates", {"UpdateExeVolatile": 0}),
    (r"HKLM\SOFTWARE\Microsoft\MSDTC", {"SysprepInProgress": 0}),
    (r"HKLM\SOFTWARE\Microsoft\GuestAgent", {"GuestAgentVersion": AGENT_VERSION}),
    (r"HKLM\SOFTWARE\Microsoft\Windows Azure\HandlerState", {}),
    (r"HKLM\SOFTWARE\Microsoft\ServerManager", {}),
    (r"HKLM\SOFTWARE\Policies\Microsoft\Windows", {}),
    (r"HKLM\SOFTWARE\Microsoft\Cryptography", {"MachineGuid": ""}),
    (_CONTROL, {"SystemStartOptions": " NOEXECUTE=OPTOUT"}),
    (_CONTROL + r"\ComputerName\ActiveComputerName", {"ComputerName": ""}),
    (_CONTROL + r"\ComputerName\ComputerName", {"ComputerName": ""}),
    (_CONTROL + r"\Session Manager", {"BootExecute": ["autocheck autochk *"]}),
    (
        _CONTROL + r"\Session Manager\Environment",
        {
            "ComSpec": r"%SystemRoot%\system32\cmd.exe",
            "OS": "Windows_NT",
            "Path": r"%SystemRoot%\system32;%SystemRoot%;%SystemRoot%\System32\Wbem;%SYSTEMROOT%\System32\WindowsPowerShell\v1.0\\",
            "TEMP": r"%SystemRoot%\TEMP",
            "TMP": r"%SystemRoot%\TEMP",
            "windir": "%SystemRoot%",
        },
    ),
    (_CONTROL + r"\TimeZoneInformation", {"TimeZoneKeyName": "UTC", "RealTimeIsUniversal": 1}),
    (_CONTROL + r"\Terminal Server", {"fDenyTSConnections": 0}),
    (_SERVICES + r"\Tcpip\Parameters", {"Hostname": "", "NV Hostname": "", "Domain": ""}),
    (_SERVICES + r"\Netlogon", {"Start": 3}),
    (_SERVICES + r"\cdrom", {"Start": 1, "Type": 1, "ErrorControl": 1}),
)

_SERVICE_ROWS = (
    # name, display name, start type, runs after a start
    ("RdAgent", "RdAgent", "Automatic", True),
    ("WindowsAzureGuestAgent", "Windows Azure Guest Agent", "Automatic", True),
    ("WinRM", "Windows Remote Management (WS-Management)", "Automatic", True),
    ("MSDTC", "Distributed Transaction Coordinator", "Automatic", True),
    ("wuauserv", "Windows Update", "Manual", False),
    ("TrustedInstaller", "Windows Modules Installer", "Manual", False),
    ("BITS", "Background Intelligent Transfer Service", "Manual", False),
    ("UsoSvc", "Update Orchestrator Service", "Automatic", True),
    ("WinDefend", "Microsoft Defender Antivirus Service", "Automatic", True),
    ("Sense", "Windows Defender Advanced Threat Protection Service", "Manual", False),
    ("EventLog", "Windows Event Log", "Automatic", True),
    ("Schedule", "Task Scheduler", "Automatic", True),
    ("TermService", "Remote Desktop Services", "Manual", True),
    ("Winmgmt", "Windows Management Instrumentation", "Automatic", True),
    ("LanmanServer", "Server", "Automatic", True),
    ("LanmanWorkstation", "Workstation", "Automatic", True),
    ("Netlogon", "Netlogon", "Manual", False),
    ("W32Time", "Windows Time", "Automatic", True),
    ("Dhcp", "DHCP Client", "Automatic", True),
    ("Dnscache", "DNS Client", "Automatic", True),
    ("mpssvc", "Windows Defender Firewall", "Automatic", True),
    ("BFE", "Base Filtering Engine", "Automatic", True),
    ("sppsvc", "Software Protection", "Automatic", False),
    ("AppXSvc", "AppX Deployment Service (AppXSVC)", "Manual", False),
    (
        "dmwappushservice",
        "Device Management Wireless Application Protocol (WAP) Push message Routing Service",
        "Manual",
        False,
    ),
    ("BDESVC", "BitLocker Drive Encryption Service", "Manual", False),
    ("Spooler", "Print Spooler", "Automatic", True),
    ("CryptSvc", "Cryptographic Services", "Automatic", True),
    ("RemoteRegistry", "Remote Registry", "Automatic", False),
    ("CscService", "Offline Files", "Disabled", False),
    ("Tiledatamodelsvc", "Tile Data model server", "Manual", False),
)

_FOLDERS = (
    r"C:\Windows\System32\Sysprep\ActionFiles",
    r"C:\Windows\System32\Sysprep\Panther",
    r"C:\Windows\System32\WindowsPowerShell\v1.0\Modules",
    r"C:\Windows\System32\config",
    r"C:\Windows\System32\drivers\etc",
    r"C:\Windows\System32\Tasks",
    r"C:\Windows\System32\winevt\Logs",
    r"C:\Windows\Panther\UnattendGC",
    r"C:\Windows\Panther\setup.exe",
    r"C:\Windows\Setup\State",
    r"C:\Windows\Setup\Scripts",
    r"C:\Windows\SoftwareDistribution\Download",
    r"C:\Windows\Logs\CBS",
    r"C:\Windows\Temp",
    r"C:\Windows\OEM",
    r"C:\Program Files\WindowsPowerShell\Modules",
    r"C:\Program Files (x86)",
    r"C:\ProgramData\Microsoft\Windows",
    r"C:\Packages\Plugins",
    r"C:\WindowsAzure\Logs",
    r"C:\WindowsAzure\Packages",
    r"C:\Users\Public\Documents",
    r"C:\Users\Default",
)
PROGRAM_FILES = {
    r"C:\Windows\System32\Sysprep": ("sysprep.exe",),
    r"C:\Windows\System32\WindowsPowerShell\v1.0": ("powershell.exe",),
    r"C:\Windows\System32": (
        "cmd.exe",
        "net.exe",
        "net1.exe",
        "reg.exe",
        "sc.exe",
        "shutdown.exe",
        "whoami.exe",
        "hostname.exe",
        "icacls.exe",
        "takeown.exe",
        "netsh.exe",
        "schtasks.exe",
        "tasklist.exe",
        "taskkill.exe",
        "winrm.cmd",
        "msdtc.exe",
        "bcdedit.exe",
        "manage-bde.exe",
        "dism.exe",
        "ipconfig.exe",
        "ping.exe",
        "timeout.exe",
        "wevtutil.exe",
        "robocopy.exe",
        "cscript.exe",
        "slmgr.vbs",
        "wusa.exe",
        "setx.exe",
        "find.exe",
        "findstr.exe",
        "where.exe",
        "query.exe",
        "systeminfo.exe",
        "diskpart.exe",
        "gpupdate.exe",
        "certutil.exe",
        "powercfg.exe",
        "fsutil.exe",
        "attrib.exe",
        "xcopy.exe",
        "control.exe",
        "notepad.exe",
    ),
    r"C:\WindowsAzure\GuestAgent": ("WindowsAzureGuestAgent.exe", "WaAppAgent.exe"),
}

_PROVISIONED = (
    ("Microsoft.Windows.SecHealthUI", "1000.25992.1.0", False),
    ("Microsoft.UI.Xaml.2.8", "8.2501.31001.0", True),
    ("Microsoft.VCLibs.140.00", "14.0.33519.0", True),
)
_FEATURES = (
    # name, display name, installed
    ("FileAndStorage-Services", "File and Storage Services", True),
    ("Storage-Services", "Storage Services", True),
    ("NET-Framework-45-Core", ".NET Framework 4.8", True),
    ("PowerShell", "Windows PowerShell 5.1", True),
    ("Windows-Defender", "Microsoft Defender Antivirus", True),
    ("Web-Server", "Web Server (IIS)", False),
    ("AD-Domain-Services", "Active Directory Domain Services", False),
    ("AD-Certificate", "Active Directory Certificate Services", False),
    ("ADFS-Federation", "Active Directory Federation Services", False),
    ("ADLDS", "Active Directory Lightweight Directory Services", False),
    ("ADRMS", "Active Directory Rights Management Services", False),
    ("DHCP", "DHCP Server", False),
    ("DNS", "DNS Server", False),
    ("Fax", "Fax Server", False),
    ("Hyper-V", "Hyper-V", False),
    ("NPAS", "Network Policy and Access Services", False),
    ("Print-Services", "Print and Document Services", False),
    ("Remote-Desktop-Services", "Remote Desktop Services", False),
    ("WDS", "Windows Deployment Services", False),
    ("UpdateServices", "Windows Server Update Services", False),
    ("RSAT-AD-PowerShell", "Active Directory module for Windows PowerShell", False),
)


_UPDATES = (
    # number, title, MiB, seconds of work, needs a restart
    ("KB890830", "Windows Malicious Software Removal Tool x64 - v5.137", 74, 30, False),
    (
        "KB5071547",
        "2025-12 Cumulative Update for Microsoft server operating system version 21H2 for x64",
        420,
        240,
        True,
    ),
)


def generalized_image() -> Document:
    """Make the document of a marketplace image's OS disk."""
    document: Document = {
        "kind": "windows",
        "os": {
            "caption": CAPTION,
            "build": BUILD,
            "revision": REVISION,
            "edition": "ServerDatacenter",
            "product_type": 3,
            "installed": _MADE,
        },
        "machine_sid": "",
        "domain": None,
        "licensing": {"rearms": 5, "activated": False},
        "bitlocker": {"C": {"conversion": 0, "protection": 0}},
        "registry": {},
        "files": {},
        "services": {row[0].lower(): _service(row) for row in _SERVICE_ROWS},
        "tasks": {},
        "users": {},
        "profiles": [],
        "appx": {"provisioned": [], "installed": []},
        "updates": {"pending": [], "installed": [], "reboot_required": False},
        "features": {
            name.lower(): {"name": name, "display": shown, "installed": on} for name, shown, on in _FEATURES
        },
        "certificates": {},
        "winrm": winrm_defaults(),
        "firewall": {},
        "disk": {"used_gb": 14.2},
        "behaviour": {},
    }
    _fill_registry(document)
    _fill_files(document)
    for name, version, framework in _PROVISIONED:
        document["appx"]["provisioned"].append(appx(name, version, framework=framework))
    document["updates"]["pending"] = [
        {
            "kb": kb,
            "title": title,
            "megabytes": size,
            "seconds": seconds,
            "reboot": reboot,
            "state": "offered",
        }
        for kb, title, size, seconds, reboot in _UPDATES
    ]
    document["updates"]["installed"] = [{"kb": "KB5068779", "title": "Cumulative Update", "on": _MADE}]
    return document


def _service(row: tuple[str, str, str, bool]) -> dict[str, Any]:
    name, shown, start, runs = row
    return {"name": name, "display": shown, "start": start, "autostart": runs, "status": "Stopped"}


def appx(name: str, version: str, *, framework: bool = False, kind: str = "Store") -> dict[str, Any]:
    """A package, as the two lists of the document hold it."""
    return {
        "name": name,
        "version": version,
        "full": f"{name}_{version}_x64__8wekyb3d8bbwe",
        "family": f"{name}_8wekyb3d8bbwe",
        "framework": framework,
        "signature": kind,
        "users": [],
    }


def winrm_defaults() -> dict[str, Any]:
    """WinRM's settings after `Enable-PSRemoting`, with the listener that a server has from the start."""
    return {
        "listeners": {
            "Listener_1084132640": {
                "Transport": "HTTP",
                "Port": 5985,
                "Address": "*",
                "Hostname": "",
                "Enabled": "true",
                "URLPrefix": "wsman",
                "CertificateThumbprint": "",
            }
        },
        "service": {
            "AllowUnencrypted": "false",
            "MaxConcurrentOperationsPerUser": "1500",
            "EnumerationTimeoutms": "240000",
            "MaxConnections": "300",
        },
        "auth": {
            "Basic": "false",
            "Kerberos": "true",
            "Negotiate": "true",
            "Certificate": "false",
            "CredSSP": "false",
            "CbtHardeningLevel": "Relaxed",
        },
        "shell": {
            "AllowRemoteShellAccess": "true",
            "IdleTimeout": "7200000",
            "MaxConcurrentUsers": "2147483647",
            "MaxProcessesPerShell": "2147483647",
            "MaxMemoryPerShellMB": "2147483647",
            "MaxShellsPerUser": "2147483647",
        },
        "max_envelope_kb": 500,
    }


def set_values(document: Document, path: str, values: dict[str, Any]) -> None:
    """Write registry values into a document that belongs to no running machine."""
    from localazure.guests.windows.machine.registry import Registry  # noqa: PLC0415 - it needs nothing of this

    registry = Registry(document["registry"])
    registry.create(path)
    for name, data in values.items():
        registry.set(path, name, data)


def _fill_registry(document: Document) -> None:
    for path, values in _REGISTRY:
        set_values(document, path, values)
    for row in _SERVICE_ROWS:
        start = {"Automatic": 2, "Manual": 3, "Disabled": 4}[row[2]]
        set_values(document, f"{_SERVICES}\\{row[0]}", {"Start": start, "DisplayName": row[1]})


def _fill_files(document: Document) -> None:
    tree = document["files"]

    def folder(path: str) -> None:
        parts = path.split("\\")
        for end in range(2, len(parts) + 1):
            partial = "\\".join(parts[:end])
            tree.setdefault(partial.lower(), {"path": partial, "folder": True, "written": _MADE})

    for path in (*_FOLDERS, *PROGRAM_FILES):
        folder(path)
    for directory, names in PROGRAM_FILES.items():
        for name in names:
            path = f"{directory}\\{name}"
            tree[path.lower()] = {
                "path": path,
                "text": "",
                "size": 61440,
                "written": "2021-05-08T08:20:24+00:00",
            }
    for path, text in {
        r"C:\Windows\System32\drivers\etc\hosts": "# Copyright (c) 1993-2009 Microsoft Corp.\r\n",
        r"C:\Windows\Setup\State\State.ini": f"[State]\r\nImageState={GENERALIZED}\r\n",
        r"C:\Windows\System32\Sysprep\Sysprep_succeeded.tag": "",
    }.items():
        tree[path.lower()] = {"path": path, "text": text, "written": _MADE}


def builtin_users(document: Document, now: dt.datetime) -> None:
    """The accounts of a new installation, with a new machine SID."""
    document["machine_sid"] = new_machine_sid()
    set_values(document, r"HKLM\SOFTWARE\Microsoft\Cryptography", {"MachineGuid": str(uuid.uuid4())})
    blank = {
        "password_hash": "",
        "password_set": None,
        "must_change": False,
        "full_name": "",
        "expires": None,
    }
    rows: tuple[tuple[str, int, str, list[str]], ...] = (
        ("Administrator", 500, "Built-in account for administering the computer/domain", [ADMINISTRATORS]),
        ("Guest", 501, "Built-in account for guest access to the computer/domain", ["S-1-5-32-546"]),
        ("DefaultAccount", 503, "A user account managed by the system.", []),
        (
            "WDAGUtilityAccount",
            504,
            "A user account managed and used by the system for Windows Defender Application Guard scenarios.",
            [],
        ),
    )
    by_rid = {user["rid"]: name for name, user in document["users"].items()}
    for name, rid, description, groups in rows:
        # Azure gave the administrator another name: he is the same account, and there is only one.
        known = document["users"].pop(by_rid.get(rid, name.lower()), {})
        document["users"][name.lower()] = {
            "name": name,
            "rid": rid,
            "enabled": False,
            "description": description,
            "groups": groups,
            **blank,
            **{k: v for k, v in known.items() if k in ("enabled",)},
        }
