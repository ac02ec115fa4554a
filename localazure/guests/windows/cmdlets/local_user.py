"""Local users and groups."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from typing import Any

from localazure.guests.windows.machine.machine import Machine
from localazure.guests.windows.machine.users import GROUPS, group_sid
from localazure.guests.windows.powershell.cmdlet import Call, cmdlet
from localazure.guests.windows.powershell.convert import to_bool, to_datetime, to_list, to_string
from localazure.guests.windows.powershell.operators import wildcard
from localazure.guests.windows.powershell.values import PSObject, Value


def sid_object(value: str) -> PSObject:
    """A SecurityIdentifier."""
    return PSObject(
        "System.Security.Principal.SecurityIdentifier",
        {"Value": value, "BinaryLength": 28},
        text=value,
        methods={"ToString": lambda: value},
    )


def _when(text: str | None) -> dt.datetime | None:
    return dt.datetime.fromisoformat(text) if text else None


def shown(machine: Machine, account: dict[str, Any]) -> PSObject:
    """A LocalUser."""
    last_set = None if account["must_change"] else _when(account["password_set"])
    return PSObject(
        "Microsoft.PowerShell.Commands.LocalUser",
        {
            "Name": account["name"],
            "Enabled": account["enabled"],
            "Description": account["description"],
            "SID": sid_object(machine.users.sid(account)),
            "FullName": account["full_name"],
            "AccountExpires": _when(account["expires"]),
            "PasswordLastSet": last_set,
            "PasswordRequired": account["rid"] not in (501, 503),
            "PasswordExpires": None,
            "PasswordChangeableDate": last_set,
            "UserMayChangePassword": True,
            "LastLogon": None,
            "PrincipalSource": "Local",
            "ObjectClass": "User",
        },
        text=account["name"],
        shown=("Name", "Enabled", "Description"),
    )


def _not_found(call: Call, what: str, name: str) -> None:
    call.report(
        call.fail(
            f"{what} {name} was not found.",
            kind=f"Microsoft.PowerShell.Commands.{what}NotFoundException",
            category="ObjectNotFound",
            identifier=f"{what}NotFound",
            target=name,
        )
    )


def _accounts(call: Call) -> Iterator[dict[str, Any]]:
    users = call.machine.users
    wanted = call.texts("SID") or [
        to_string(one.get("Name")) if isinstance(one, PSObject) else to_string(one)
        for one in to_list(call.get("Name", call.get("InputObject", "*")))
    ]
    for name in wanted:
        if "*" in name:
            yield from (one for one in list(users.all.values()) if wildcard(name).fullmatch(one["name"]))
            continue
        account = users.get(name)
        if account is None:
            _not_found(call, "User", name)
        else:
            yield account


@cmdlet("Get-LocalUser", "Name:0:pipe:prop SID", aliases="glu")
def get_local_user(call: Call) -> Iterator[Value]:
    """Tell accounts."""
    for account in _accounts(call):
        yield shown(call.machine, account)


def plain_password(value: Value) -> str:
    """The text in a SecureString."""
    return str(value.base) if isinstance(value, PSObject) else to_string(value)


def good_password(password: str, user: str) -> bool:
    """The policy of a server: length, kinds of characters, no part of the name."""
    kinds = sum(
        re.search(kind, password) is not None for kind in (r"[A-Z]", r"[a-z]", r"\d", r"[^A-Za-z0-9]")
    )
    return len(password) >= 7 and kinds >= 3 and user.lower() not in password.lower()


def _check(call: Call, password: str, user: str) -> None:
    if not good_password(password, user):
        raise call.fail(
            "Unable to update the password. The value provided for the new password does not meet the length, complexity, or history "
            "requirements of the domain.",
            kind="Microsoft.PowerShell.Commands.InvalidPasswordException",
            category="InvalidArgument",
            identifier="InvalidPassword",
            target=user,
        )


@cmdlet(
    "New-LocalUser",
    "Name:0:prop Password Description FullName AccountExpires AccountNeverExpires:switch Disabled:switch NoPassword:switch PasswordNeverExpires:switch UserMayNotChangePassword:switch",
    aliases="nlu",
)
def new_local_user(call: Call) -> Iterator[Value]:
    """Make an account."""
    name = call.text("Name")
    if call.machine.users.get(name) is not None:
        raise call.fail(
            f"User {name} already exists.",
            kind="Microsoft.PowerShell.Commands.UserExistsException",
            category="ResourceExists",
            identifier="UserExists",
            target=name,
        )
    password = None if call.flag("NoPassword") else plain_password(call.get("Password"))
    if password is not None:
        _check(call, password, name)
    expires = to_datetime(call.get("AccountExpires")).isoformat() if call.has("AccountExpires") else None
    with call.machine.lock:
        account = call.machine.users.create(
            name,
            password,
            description=call.text("Description"),
            full_name=call.text("FullName"),
            expires=expires,
            enabled=not call.flag("Disabled"),
        )
    yield shown(call.machine, account)


@cmdlet(
    "Set-LocalUser",
    "Name:0:pipe:prop SID Password Description FullName AccountExpires AccountNeverExpires:switch PasswordNeverExpires UserMayChangePassword",
)
def set_local_user(call: Call) -> Iterator[Value]:
    """Change accounts."""
    for account in _accounts(call):
        with call.machine.lock:
            if call.has("Password"):
                password = plain_password(call.get("Password"))
                _check(call, password, account["name"])
                call.machine.users.set_password(account, password)
            for key, name in (("description", "Description"), ("full_name", "FullName")):
                if call.has(name):
                    account[key] = call.text(name)
            if call.has("AccountExpires"):
                account["expires"] = to_datetime(call.get("AccountExpires")).isoformat()
            if call.flag("AccountNeverExpires"):
                account["expires"] = None
            call.machine.changed()
    yield from ()


@cmdlet("Remove-LocalUser", "Name:0:pipe:prop SID InputObject", aliases="rlu")
def remove_local_user(call: Call) -> Iterator[Value]:
    """Remove accounts."""
    for account in _accounts(call):
        call.machine.users.remove(account["name"])
    yield from ()


@cmdlet("Enable-LocalUser", "Name:0:pipe:prop SID InputObject", aliases="elu")
@cmdlet("Disable-LocalUser", "Name:0:pipe:prop SID InputObject", aliases="dlu")
def enable_local_user(call: Call) -> Iterator[Value]:
    """Switch accounts on or off."""
    for account in _accounts(call):
        account["enabled"] = call.name == "Enable-LocalUser"
        call.machine.changed()
    yield from ()


def _group(call: Call) -> str:
    name = call.text("SID") or call.text("Group") or call.text("Name")
    found = group_sid(name)
    if found is None:
        raise call.fail(
            f"Group {name} was not found.",
            kind="Microsoft.PowerShell.Commands.GroupNotFoundException",
            category="ObjectNotFound",
            identifier="GroupNotFound",
            target=name,
        )
    return found


@cmdlet("Get-LocalGroup", "Name:0:pipe:prop SID", aliases="glg")
def get_local_group(call: Call) -> Iterator[Value]:
    """Tell groups."""
    wanted = _group(call) if call.has("Name") or call.has("SID") else None
    for sid, name in GROUPS.items():
        if wanted in (None, sid):
            yield PSObject(
                "Microsoft.PowerShell.Commands.LocalGroup",
                {
                    "Name": name,
                    "Description": "",
                    "SID": sid_object(sid),
                    "PrincipalSource": "Local",
                    "ObjectClass": "Group",
                },
                text=name,
                shown=("Name", "Description"),
            )


@cmdlet("Get-LocalGroupMember", "Group:0:pipe:a=Name SID Member:1", aliases="glgm")
def get_local_group_member(call: Call) -> Iterator[Value]:
    """Tell a group's members."""
    sid = _group(call)
    for account in call.machine.users.members(sid):
        if call.has("Member") and not wildcard(call.text("Member")).fullmatch(account["name"]):
            continue
        name = f"{call.machine.computer_name}\\{account['name']}"
        yield PSObject(
            "Microsoft.PowerShell.Commands.LocalPrincipal",
            {
                "ObjectClass": "User",
                "Name": name,
                "SID": sid_object(call.machine.users.sid(account)),
                "PrincipalSource": "Local",
            },
            text=name,
            shown=("ObjectClass", "Name", "PrincipalSource"),
        )


@cmdlet("Add-LocalGroupMember", "Group:0:a=Name SID Member:1:pipe", aliases="algm")
@cmdlet("Remove-LocalGroupMember", "Group:0:a=Name SID Member:1:pipe", aliases="rlgm")
def add_local_group_member(call: Call) -> Iterator[Value]:
    """Put accounts into a group, or take them out."""
    sid = _group(call)
    for member in call.texts("Member"):
        account = call.machine.users.get(member)
        if account is None:
            _not_found(call, "Principal", member)
            continue
        inside = sid in account["groups"]
        if inside == (call.name == "Add-LocalGroupMember"):
            word = "is already a" if inside else "is not a"
            call.report(
                call.fail(
                    f"{member} {word} member of group {GROUPS[sid]}.",
                    kind="Microsoft.PowerShell.Commands.MemberExistsException",
                    category="ResourceExists",
                    identifier="MemberExists",
                    target=GROUPS[sid],
                )
            )
            continue
        with call.machine.lock:
            (account["groups"].append if call.name == "Add-LocalGroupMember" else account["groups"].remove)(
                sid
            )
            call.machine.changed()
    yield from ()


__all__ = ["to_bool"]
