"""shutdown.exe, sc.exe, winrm.cmd, icacls.exe and other programs of the system."""

from __future__ import annotations

import re

from localazure.guests.windows.powershell.gaps import ModelGap
from localazure.guests.windows.programs import Run, program


@program("shutdown")
def shutdown(run: Run) -> int:
    """Restart or stop, after `/t` seconds."""
    from localazure.guests.windows.cmdlets.computer import go_down  # noqa: PLC0415 - a sibling room

    words = [word.lower().replace("-", "/", 1) for word in run.arguments]
    seconds = float(words[words.index("/t") + 1]) if "/t" in words else 30.0
    if "/a" in words:
        raise ModelGap("shutdown /a")
    if "/r" not in words and "/s" not in words:
        raise ModelGap(f"shutdown {' '.join(words)}")
    go_down(run.machine, again="/r" in words, seconds=seconds)
    return 0


@program("sc")
def sc(run: Run) -> int:
    """Start, stop, query, config, delete."""
    from localazure.guests.windows.cmdlets.service import change, set_start  # noqa: PLC0415 - a sibling room

    verb, name = run.arguments[0].lower(), run.arguments[1] if len(run.arguments) > 1 else ""
    service = run.machine.service(name)
    if service is None:
        run.out(f"[SC] {verb.capitalize()}Service FAILED 1060:")
        run.out("The specified service does not exist as an installed service.")
        return 1060
    if verb in ("start", "stop"):
        change(run.machine, service, "Running" if verb == "start" else "Stopped")
    elif verb == "config":
        text = " ".join(run.arguments[2:]).lower()
        found = re.search(r"start=\s*(\w+)", text)
        if found is None:
            raise ModelGap(f"sc config {text}")
        set_start(
            run.machine,
            service,
            {"auto": "Automatic", "demand": "Manual", "disabled": "Disabled", "delayed": "Automatic"}[
                found[1]
            ],
        )
    elif verb == "delete":
        with run.machine.lock:
            del run.machine.document["services"][service["name"].lower()]
            run.machine.registry.delete(rf"HKLM\SYSTEM\CurrentControlSet\Services\{service['name']}")
    elif verb not in ("query", "qc"):
        raise ModelGap(f"sc {verb}")
    run.out(f"SERVICE_NAME: {service['name']}")
    run.out(
        f"        STATE              : {'4  RUNNING' if service['status'] == 'Running' else '1  STOPPED'}"
    )
    return 0


@program("icacls", "takeown", "attrib")
def icacls(run: Run) -> int:
    """Rights of files are kept as text beside them: nothing else of the model asks for them."""
    path = next((word for word in run.arguments if not word.startswith(("/", "+", "-", "*"))), "")
    full = run.machine.files.resolve(path, run.process.directory)
    if not run.machine.files.exists(full):
        run.err(f"{path}: The system cannot find the file specified.")
        run.out("Successfully processed 0 files; Failed processing 1 files")
        return 2
    with run.machine.lock:
        run.machine.document.setdefault("rights", {})[full.lower()] = run.line
        run.machine.changed()
    run.out(f"processed file: {path}")
    run.out("Successfully processed 1 files; Failed processing 0 files")
    return 0


@program("netsh")
def netsh(run: Run) -> int:
    """The firewall's rules."""
    words = [word.lower() for word in run.arguments]
    if words[:3] != ["advfirewall", "firewall", words[2]] or words[2] not in ("add", "delete"):
        if words[:2] == ["winhttp", "reset"]:
            run.out("Current WinHTTP proxy settings:")
            run.out("    Direct access (no proxy server).")
            return 0
        raise ModelGap(f"netsh {' '.join(words)}")
    options = dict(re.findall(r"(\w+)=(\"[^\"]*\"|\S+)", run.line))
    options = {key.lower(): value.strip('"') for key, value in options.items()}
    name = options.get("name", "")
    with run.machine.lock:
        if words[2] == "delete":
            run.machine.document["firewall"].pop(name.lower(), None)
        else:
            run.machine.document["firewall"][name.lower()] = {
                "name": name,
                "display": name,
                "enabled": True,
                "direction": "Inbound" if options.get("dir", "in") == "in" else "Outbound",
                "action": options.get("action", "allow").capitalize(),
                "port": options.get("localport", "Any"),
                "protocol": options.get("protocol", "Any"),
                "profile": "Any",
            }
        run.machine.changed()
    run.machine.listeners_changed()
    run.out("Ok.")
    return 0


@program("winrm")
def winrm(run: Run) -> int:
    """winrm.cmd: quickconfig, set, create, delete, get, enumerate."""
    from localazure.guests.windows.cmdlets import wsman_drive  # noqa: PLC0415 - a sibling room

    verb = run.arguments[0].lower() if run.arguments else ""
    resource = run.arguments[1].lower() if len(run.arguments) > 1 else ""
    values = dict(re.findall(r"(\w+)\s*=\s*\"?([^\";}]*)\"?", " ".join(run.arguments[2:])))
    if verb in ("quickconfig", "qc"):
        run.out("WinRM service is already running on this machine.")
        return 0
    if verb == "create" and resource.startswith("winrm/config/listener"):
        transport = "HTTPS" if "transport=https" in resource else "HTTP"
        wsman_drive.add_listener(
            run.machine,
            transport,
            port=int(values["Port"]) if "Port" in values else None,
            thumbprint=values.get("CertificateThumbprint", ""),
            hostname=values.get("Hostname", ""),
        )
        run.out("ResourceCreated")
        return 0
    if verb == "delete" and resource.startswith("winrm/config/listener"):
        wanted = "HTTPS" if "transport=https" in resource else "HTTP"
        for name, entry in list(run.machine.document["winrm"]["listeners"].items()):
            if entry["Transport"] == wanted:
                wsman_drive.remove_listener(run.machine, name)
        return 0
    if verb == "set":
        section = {"winrs": "shell"}.get(
            resource.removeprefix("winrm/config").strip("/"), resource.removeprefix("winrm/config").strip("/")
        )
        for key, value in values.items():
            if not wsman_drive.set_item(
                run.machine, f"WSMan:\\localhost\\{section.replace('/', chr(92))}\\{key}", value
            ):
                raise ModelGap(f"the setting {section}/{key}")
        return 0
    if verb in ("enumerate", "e") and resource.startswith("winrm/config/listener"):
        for entry in run.machine.document["winrm"]["listeners"].values():
            run.out("Listener")
            for key, value in entry.items():
                run.out(f"    {key} = {value}")
        return 0
    raise ModelGap(f"winrm {' '.join(run.arguments)}")


@program("msdtc")
def msdtc(run: Run) -> int:
    """Install or remove the transaction coordinator."""
    from localazure.guests.windows.cmdlets.service import set_start  # noqa: PLC0415 - a sibling room

    if "-install" in run.arguments:
        services = run.machine.document["services"]
        services.setdefault(
            "msdtc",
            {
                "name": "MSDTC",
                "display": "Distributed Transaction Coordinator",
                "start": "Manual",
                "autostart": False,
                "status": "Stopped",
            },
        )
        set_start(run.machine, services["msdtc"], "Manual")
        return 0
    if "-uninstall" in run.arguments:
        with run.machine.lock:
            run.machine.document["services"].pop("msdtc", None)
            run.machine.changed()
        return 0
    raise ModelGap(f"msdtc {' '.join(run.arguments)}")


@program("bcdedit")
def bcdedit(run: Run) -> int:
    """The boot configuration: there, or damaged."""
    if run.machine.document.get("boot_store", "good") != "good":
        run.err("The boot configuration data store could not be opened.")
        run.err("The system cannot find the file specified.")
        return 1
    run.out("")
    run.out(
        "Windows Boot Manager"
        if not run.arguments or run.arguments[0].lower() == "/enum"
        else "The operation completed successfully."
    )
    return 0


@program("manage-bde")
def manage_bde(run: Run) -> int:
    """BitLocker's state, and off."""
    state = run.machine.document["bitlocker"]["C"]
    if "-off" in run.arguments:
        state |= {"conversion": 0, "protection": 0}
        run.machine.changed()
    elif "-status" not in run.arguments:
        raise ModelGap(f"manage-bde {' '.join(run.arguments)}")
    run.out(f"    Conversion Status:    {'Fully Encrypted' if state['conversion'] else 'Fully Decrypted'}")
    run.out(f"    Protection Status:    Protection {'On' if state['protection'] else 'Off'}")
    return 0


@program("ipconfig")
def ipconfig(run: Run) -> int:
    """The address."""
    run.out("Windows IP Configuration")
    run.out("")
    run.out(f"   IPv4 Address. . . . . . . . . . . : {run.machine.spec.address}")
    return 0


@program("timeout")
def timeout(run: Run) -> int:
    """Wait."""
    numbers = [word for word in run.arguments if word.lstrip("/").isdigit()]
    run.sleep(float(numbers[0].lstrip("/")) if numbers else 0)
    return 0


@program("ping")
def ping(run: Run) -> int:
    """There is nobody to answer but this machine itself."""
    target = run.arguments[-1].lower() if run.arguments else ""
    own = target in ("localhost", "127.0.0.1", run.machine.spec.address, run.machine.computer_name.lower())
    count = int(run.arguments[run.arguments.index("-n") + 1]) if "-n" in run.arguments else 4
    for _ in range(count):
        run.sleep(1)
        run.out(f"Reply from {target}: bytes=32 time<1ms TTL=128" if own else "Request timed out.")
    return 0 if own else 1


@program("wevtutil")
def wevtutil(run: Run) -> int:
    """Empty a log, or list their names."""
    if run.arguments[:1] in (["cl"], ["clear-log"]):
        run.machine.document["events"] = []
        run.machine.changed()
        return 0
    if run.arguments[:1] in (["el"], ["enum-logs"]):
        for name in ("Application", "Security", "System"):
            run.out(name)
        return 0
    raise ModelGap(f"wevtutil {' '.join(run.arguments)}")


@program("tasklist")
def tasklist(run: Run) -> int:
    """Tell processes."""
    for process in list(run.machine.processes.all.values()):
        run.out(f"{process.name + '.exe':<26}{process.pid:>8} Services")
    return 0


@program("taskkill")
def taskkill(run: Run) -> int:
    """End processes by name or number."""
    words = [word.lower() for word in run.arguments]
    if "/im" in words:
        name = words[words.index("/im") + 1].removesuffix(".exe")
        found = run.machine.processes.named(name)
    elif "/pid" in words:
        found = [
            p for p in run.machine.processes.all.values() if p.pid == int(words[words.index("/pid") + 1])
        ]
    else:
        raise ModelGap(f"taskkill {' '.join(words)}")
    for process in found:
        run.machine.processes.kill(process)
        run.out(f'SUCCESS: The process "{process.name}.exe" with PID {process.pid} has been terminated.')
    if not found:
        run.err("ERROR: The process was not found.")
    return 0 if found else 128


@program("powercfg", "gpupdate", "fsutil")
def settings(run: Run) -> int:
    """Settings that nothing else of the model asks for are kept as they were asked."""
    with run.machine.lock:
        run.machine.document.setdefault("settings", []).append(f"{run.process.name} {run.line}")
        run.machine.changed()
    return 0
