"""PowerShell remoting and WinRM, as scripts set them up."""

from __future__ import annotations

from collections.abc import Iterator

from localazure.guests.windows.cmdlets import wsman_drive
from localazure.guests.windows.cmdlets.service import change, set_start
from localazure.guests.windows.powershell.cmdlet import Call, cmdlet
from localazure.guests.windows.powershell.convert import to_string
from localazure.guests.windows.powershell.gaps import ModelGap
from localazure.guests.windows.powershell.values import PSObject, Value


@cmdlet("Enable-PSRemoting", "Force:switch SkipNetworkProfileCheck:switch")
@cmdlet("Set-WSManQuickConfig", "Force:switch SkipNetworkProfileCheck:switch UseSSL:switch")
def enable_remoting(call: Call) -> Iterator[Value]:
    """Service on, HTTP listener there, local administrators unfiltered."""
    service = call.machine.document["services"]["winrm"]
    set_start(call.machine, service, "Automatic")
    change(call.machine, service, "Running")
    listeners = call.machine.document["winrm"]["listeners"]
    if not any(one["Transport"] == "HTTP" for one in listeners.values()):
        wsman_drive.add_listener(call.machine, "HTTP", port=None, thumbprint="", hostname="")
    key = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System"
    call.machine.registry.set(key, "LocalAccountTokenFilterPolicy", 1)
    yield from ()


@cmdlet("Disable-PSRemoting", "Force:switch")
def disable_remoting(call: Call) -> Iterator[Value]:
    """Local administrators are filtered again; listeners stay, as the real one says."""
    key = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System"
    call.machine.registry.set(key, "LocalAccountTokenFilterPolicy", 0)
    yield from ()


@cmdlet("Test-WSMan", "ComputerName:0 UseSSL:switch Port Authentication Credential")
def test_wsman(call: Call) -> Iterator[Value]:
    """Tell whether WinRM answers here."""
    service = call.machine.service("WinRM")
    if service is None or service["status"] != "Running":
        raise call.fail(
            "The client cannot connect to the destination specified in the request. Verify that the service on the destination is running.",
            identifier="WsManError",
        )
    yield PSObject(
        "System.Xml.XmlElement",
        {
            "ProductVendor": "Microsoft Corporation",
            "ProductVersion": f"OS: 10.0.{call.machine.os['build']} SP: 0.0 Stack: 3.0",
        },
    )


@cmdlet("New-WSManInstance", "ResourceURI:0 SelectorSet ValueSet ComputerName")
def new_wsman_instance(call: Call) -> Iterator[Value]:
    """Make a listener."""
    if call.text("ResourceURI").lower() != "winrm/config/listener":
        raise ModelGap(f"the resource {call.text('ResourceURI')}")
    selectors, values = call.table("SelectorSet"), call.table("ValueSet")
    wsman_drive.add_listener(
        call.machine,
        to_string(selectors.get("Transport")),
        port=None,
        thumbprint=to_string(values.get("CertificateThumbprint")),
        hostname=to_string(values.get("Hostname")),
    )
    yield from ()


@cmdlet("Set-WSManInstance", "ResourceURI:0 SelectorSet ValueSet ComputerName")
def set_wsman_instance(call: Call) -> Iterator[Value]:
    """Change settings."""
    section = call.text("ResourceURI").lower().removeprefix("winrm/config").strip("/").replace("/", "\\")
    for name, value in call.table("ValueSet").items():
        if not wsman_drive.set_item(call.machine, f"WSMan:\\localhost\\{section}\\{name}", to_string(value)):
            raise ModelGap(f"the setting {section}\\{name}")
    yield from ()
