"""net.exe, whoami.exe, hostname.exe."""

from __future__ import annotations

from localazure.guests.windows.machine.users import GROUPS, group_sid
from localazure.guests.windows.powershell.gaps import ModelGap
from localazure.guests.windows.programs import Run, program

_DONE = "The command completed successfully."


@program("hostname")
def hostname(run: Run) -> int:
    """Tell the name."""
    run.out(run.machine.computer_name)
    return 0


@program("whoami")
def whoami(run: Run) -> int:
    """Tell who runs this."""
    if run.arguments and run.arguments[0].lower() not in ("/upn", "/user", "/groups"):
        raise ModelGap(f"whoami {' '.join(run.arguments)}")
    token = run.process.token
    name = token.name(run.machine.computer_name).lower()
    if run.arguments and run.arguments[0].lower() == "/user":
        run.out(f"{name} {token.sid}")
    elif run.arguments and run.arguments[0].lower() == "/groups":
        run.out(
            "BUILTIN\\Administrators  Alias  S-1-5-32-544"
            if token.elevated
            else "BUILTIN\\Users  Alias  S-1-5-32-545"
        )
    else:
        run.out(name)
    return 0


@program("net", "net1")
def net(run: Run) -> int:
    """Users, groups, services."""
    words = run.arguments
    verb = words[0].lower() if words else ""
    if verb in ("start", "stop") and len(words) > 1:
        return _service(run, verb, words[1])
    if verb == "user":
        return _user(run, words[1:])
    if verb == "localgroup" and len(words) > 1:
        return _group(run, words[1:])
    if verb == "accounts":
        run.out(_DONE)
        return 0
    raise ModelGap(f"net {' '.join(words)}")


def _service(run: Run, verb: str, name: str) -> int:
    from localazure.guests.windows.cmdlets.service import change  # noqa: PLC0415 - a sibling room

    service = run.machine.service(name)
    if service is None:
        run.err("The service name is invalid.")
        return 2
    wanted = "Running" if verb == "start" else "Stopped"
    if service["status"] == wanted:
        run.err(
            "The requested service has already been started."
            if verb == "start"
            else f"The {service['display']} service is not started."
        )
        return 2
    change(run.machine, service, wanted)
    run.out(
        f"The {service['display']} service was {'started' if verb == 'start' else 'stopped'} successfully."
    )
    return 0


def _user(run: Run, words: list[str]) -> int:
    users = run.machine.users
    names = [word for word in words if not word.startswith("/")]
    flags = {word.lower() for word in words if word.startswith("/")}
    if not names:
        run.out("\n".join(one["name"] for one in users.all.values()))
        return 0
    account = users.get(names[0])
    with run.machine.lock:
        if "/add" in flags:
            if account is not None:
                run.err("The account already exists.")
                return 2
            users.create(names[0], names[1] if len(names) > 1 else None)
        elif account is None:
            run.err("The user name could not be found.")
            return 2
        elif "/delete" in flags or "/del" in flags:
            users.remove(names[0])
        else:
            _change(run, account, names, flags)
    run.out(_DONE)
    return 0


def _change(run: Run, account: dict[str, object], names: list[str], flags: set[str]) -> None:
    if len(names) > 1:
        run.machine.users.set_password(account, names[1])
    for flag in flags:
        name, _, value = flag.lstrip("/").partition(":")
        if name == "active":
            account["enabled"] = value == "yes"
        elif name == "logonpasswordchg":
            account["must_change"] = value == "yes"
            account["password_set"] = None if value == "yes" else run.machine.clock.stamp()
        elif name not in ("expires", "passwordchg", "passwordreq", "comment", "fullname"):
            raise ModelGap(f"net user {flag}")
    run.machine.changed()


def _group(run: Run, words: list[str]) -> int:
    sid = group_sid(words[0])
    if sid is None:
        run.err("The specified local group does not exist.")
        return 2
    names = [word for word in words[1:] if not word.startswith("/")]
    flags = {word.lower() for word in words if word.startswith("/")}
    if not names:
        run.out(f"Alias name     {GROUPS[sid]}")
        for one in run.machine.users.members(sid):
            run.out(str(one["name"]))
        return 0
    account = run.machine.users.get(names[0])
    if account is None:
        run.err("There is no such global user or group.")
        return 2
    with run.machine.lock:
        if "/add" in flags and sid not in account["groups"]:
            account["groups"].append(sid)
        elif "/delete" in flags and sid in account["groups"]:
            account["groups"].remove(sid)
        run.machine.changed()
    run.out(_DONE)
    return 0
