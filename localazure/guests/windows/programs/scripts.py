"""cscript.exe with slmgr.vbs, schtasks.exe, dism.exe."""

from __future__ import annotations

from localazure.guests.windows.powershell.gaps import ModelGap
from localazure.guests.windows.programs import Run, program


@program("cscript")
def cscript(run: Run) -> int:
    """Run slmgr.vbs."""
    words = [word.lower() for word in run.arguments if not word.lower().startswith("//")]
    if not words or not words[0].endswith("slmgr.vbs"):
        raise ModelGap(f"cscript {' '.join(words)}")
    licensing = run.machine.document["licensing"]
    verb = words[1] if len(words) > 1 else ""
    if verb == "/dlv":
        run.out(f"Remaining Windows rearm count: {licensing['rearms']}")
        run.out(f"License Status: {'Licensed' if licensing['activated'] else 'Notification'}")
    elif verb == "/ato":
        licensing["activated"] = True
        run.machine.changed()
        run.out("Product activated successfully.")
    elif verb == "/rearm":
        if licensing["rearms"] <= 0:
            run.out("Error: 0xC004D307 The maximum allowed number of re-arms has been exceeded.")
            return 1
        licensing["rearms"] -= 1
        run.machine.changed()
        run.out("Command completed successfully. Please restart the system for the changes to take effect.")
    else:
        raise ModelGap(f"slmgr.vbs {verb}")
    return 0


@program("schtasks")
def schtasks(run: Run) -> int:
    """Create, run, query, delete tasks."""
    from localazure.guests.windows.cmdlets import scheduled_task  # noqa: PLC0415 - a sibling room

    words, options = list(run.arguments), dict[str, str]()
    while words:
        word = words.pop(0).lower()
        options[word] = words.pop(0) if words and not words[0].startswith("/") else ""
    name = options.get("/tn", "").lstrip("\\")
    tasks = run.machine.document["tasks"]
    task = tasks.get(name.lower())
    if "/create" in options:
        line = options.get("/tr", "").strip('"')
        execute, _, arguments = line.partition(" ")
        user = options.get("/ru", run.process.token.user)
        tasks[name.lower()] = {
            "name": name,
            "user": "SYSTEM"
            if user.lower() in ("system", "nt authority\\system")
            else user.rpartition("\\")[2],
            "level": "Highest"
            if options.get("/rl", "").lower() == "highest" or user.lower() == "system"
            else "Limited",
            "logon": "Password" if "/rp" in options else "Interactive",
            "execute": execute,
            "arguments": arguments,
            "directory": "",
            "description": "",
            "state": "Ready",
            "result": scheduled_task.NEVER_RUN,
            "last": None,
        }
        run.machine.changed()
        run.out(f'SUCCESS: The scheduled task "{name}" has successfully been created.')
        return 0
    if task is None:
        run.err("ERROR: The system cannot find the file specified.")
        return 1
    if "/run" in options:
        scheduled_task.run(run.machine, task)
        run.out(f'SUCCESS: Attempted to run the scheduled task "{name}".')
    elif "/delete" in options:
        del tasks[name.lower()]
        run.machine.changed()
    elif "/query" in options:
        run.out(f"{task['name']:<40} N/A                    {task['state']}")
    else:
        raise ModelGap(f"schtasks {' '.join(run.arguments)}")
    return 0


@program("dism")
def dism(run: Run) -> int:
    """Component clean-up takes a while and changes nothing that is modelled; the rest is not known."""
    words = [word.lower() for word in run.arguments]
    if "/cleanup-image" not in words:
        raise ModelGap(f"dism {' '.join(words)}")
    run.sleep(40)
    run.out("The operation completed successfully.")
    return 0
