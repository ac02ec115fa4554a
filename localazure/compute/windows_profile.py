"""The rules on `osProfile` that are Windows' own: name, user, password, `windowsConfiguration`."""

from __future__ import annotations

import re
from typing import Any

from localazure.arm.errors import not_implemented
from localazure.compute.errors import invalid_parameter, missing_parameter, parameter_not_allowed

_COMPUTER_NAME = re.compile(r"[^\s`~!@#$%^&*()=+_\[\]{}\\|;:.'\",<>/?]{1,15}")
_USER = re.compile(r"[^\s\"/\\\[\]:;|=,+*?<>@]{1,20}")
_KINDS = (r"[A-Z]", r"[a-z]", r"\d", r"[^A-Za-z0-9\x00-\x1f]")
_KNOWN = frozenset(
    [
        "provisionVMAgent",
        "enableAutomaticUpdates",
        "timeZone",
        "additionalUnattendContent",
        "patchSettings",
        "winRM",
        "enableVMAgentPlatformUpdates",
    ]
)
_ELSEWHERE = ("additionalUnattendContent", "winRM")


def read(profile: dict[str, Any]) -> dict[str, Any]:
    """Check a profile for Windows; returns its `windowsConfiguration`, complete."""
    if profile.get("linuxConfiguration") is not None:
        raise parameter_not_allowed("linuxConfiguration")
    check_computer_name(profile["computerName"])
    check_user(profile["adminUsername"])
    check_password(profile.get("adminPassword"))
    given = dict(profile.get("windowsConfiguration") or {})
    for name in given:
        if name not in _KNOWN:
            raise invalid_parameter(
                f"Could not find member '{name}' on object of type 'WindowsConfiguration'. "
                f"Path 'properties.osProfile.windowsConfiguration.{name}'.",
                target=name,
            )
    for name in _ELSEWHERE:
        if given.get(name):
            raise not_implemented(f"windowsConfiguration with {name}")
    given.setdefault("provisionVMAgent", True)
    given.setdefault("enableAutomaticUpdates", True)
    given.setdefault("patchSettings", {"patchMode": "AutomaticByOS", "assessmentMode": "ImageDefault"})
    given.setdefault("enableVMAgentPlatformUpdates", False)
    return given


def check_computer_name(name: Any) -> None:
    """[seen: azure-quickstart-templates#13440]."""
    if not isinstance(name, str) or _COMPUTER_NAME.fullmatch(name) is None or name.isdigit():
        raise invalid_parameter(
            "Windows computer name cannot be more than 15 characters long, be entirely numeric, or contain "
            "the following characters: ` ~ ! @ # $ % ^ & * ( ) = + _ [ ] { } \\ | ; : . ' \" , < > / ?.",
            target="computerName",
        )


def check_user(name: str) -> None:
    """[doc] At most 20 characters, and not ending in a dot."""
    if _USER.fullmatch(name) is None or name.endswith("."):
        raise invalid_parameter(
            "The Admin Username specified is not allowed. For more information about disallowed usernames, "
            "see https://aka.ms/vmosprofile",
            target="adminUsername",
        )


def check_password(password: Any) -> None:
    """[seen: redhat-developer/mapt#405]."""
    if not password:
        raise missing_parameter("osProfile.adminPassword")
    good = isinstance(password, str) and 8 <= len(password) <= 123 and "\x7f" not in password
    if not good or sum(re.search(kind, password) is not None for kind in _KINDS) < 3:
        raise invalid_parameter(
            "The supplied password must be between 8-123 characters long and must satisfy at least 3 of "
            "password complexity requirements from the following:\r\n1) Contains an uppercase character\r\n"
            "2) Contains a lowercase character\r\n3) Contains a numeric digit\r\n4) Contains a special "
            "character\r\n5) Control characters are not allowed",
            target="adminPassword",
        )
