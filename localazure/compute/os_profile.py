"""Who a machine is to become: the rules on `osProfile`, and what of it is ever shown again.

Texts are the service's own as quoted in public reports, unless marked.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any

from localazure.compute import windows_profile
from localazure.compute.errors import invalid_parameter, missing_parameter, parameter_not_allowed
from localazure.guests.base import OsProfile

_FORBIDDEN_USERS = frozenset(
    [
        "administrator",
        "admin",
        "user",
        "user1",
        "test",
        "user2",
        "test1",
        "user3",
        "admin1",
        "1",
        "123",
        "a",
        "actuser",
        "adm",
        "admin2",
        "aspnet",
        "backup",
        "console",
        "david",
        "guest",
        "john",
        "owner",
        "root",
        "server",
        "sql",
        "support",
        "support_388945a0",
        "sys",
        "test2",
        "test3",
        "user4",
        "user5",
        "video",
    ]
)
_SECRET = ("adminPassword", "customData")
_KEY_TYPES = ("ssh-rsa", "ssh-ed25519")
_HOST_NAME = re.compile(r"[^\s`~!@#$%^&*()=+_\[\]{}\\|;:'\",<>/?]{1,64}")
_LARGEST_CUSTOM_DATA = 87380


def read_os_profile(given: Any, vm_name: str, os_type: str) -> dict[str, Any]:
    """Check a generalized image's osProfile; returns it complete, secrets included."""
    if not isinstance(given, dict):
        raise missing_parameter("osProfile")
    profile = dict(given)
    profile.setdefault("computerName", vm_name)
    if os_type == "Linux":
        _check_computer_name(profile["computerName"])
    _check_user(profile.get("adminUsername"))
    _check_custom_data(profile.get("customData"))
    if os_type == "Linux":
        profile["linuxConfiguration"] = _linux(profile)
    else:
        profile["windowsConfiguration"] = windows_profile.read(profile)
    profile.setdefault("secrets", [])
    profile.setdefault("allowExtensionOperations", True)
    profile.setdefault("requireGuestProvisionSignal", True)
    return profile


def _check_computer_name(name: Any) -> None:
    if not isinstance(name, str) or _HOST_NAME.fullmatch(name) is None or name.endswith((".", "-")):
        raise invalid_parameter(
            "Linux host name cannot exceed 64 characters in length or contain the following characters: "
            "` ~ ! @ # $ % ^ & * ( ) = + _ [ ] { } \\ | ; : ' \" , < > / ?.",
            target="computerName",
        )


def _check_user(name: Any) -> None:
    if not name:
        raise missing_parameter("osProfile.adminUsername")
    if not isinstance(name, str) or len(name) > 64 or name.lower() in _FORBIDDEN_USERS:
        raise invalid_parameter(
            "The Admin Username specified is not allowed. For more information about disallowed usernames, "
            "see "
            "https://aka.ms/vmosprofile",
            target="adminUsername",
        )
    if re.fullmatch(r"[A-Za-z_][\w.-]*", name) is None:
        raise invalid_parameter("The Admin Username specified is not allowed.", target="adminUsername")


def _check_password(password: Any) -> None:
    if not password:
        raise missing_parameter("adminPassword")
    kinds = (r"[A-Z]", r"[a-z]", r"\d", r"[^A-Za-z0-9\x00-\x1f]")
    good = isinstance(password, str) and 6 <= len(password) <= 72 and "\x7f" not in password
    if not good or sum(re.search(kind, password) is not None for kind in kinds) < 3:
        raise invalid_parameter(
            "The supplied password must be between 6-72 characters long and must satisfy at least 3 of "
            "password "
            "complexity requirements from the following:\r\n1) Contains an uppercase character\r\n2) "
            "Contains a "
            "lowercase character\r\n3) Contains a numeric digit\r\n4) Contains a special character\r\n5) "
            "Control "
            "characters are not allowed",
            target="adminPassword",
        )


def _check_custom_data(data: Any) -> None:
    if data is None:
        return
    try:
        valid = isinstance(data, str) and len(data) <= _LARGEST_CUSTOM_DATA
        base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError, TypeError):
        valid = False
    if not valid:
        raise invalid_parameter(
            "Custom data in OSProfile must be in Base64 encoding and with a maximum length of "
            f"{_LARGEST_CUSTOM_DATA} characters.",
            target="customData",
        )


def _linux(profile: dict[str, Any]) -> dict[str, Any]:
    if profile.get("windowsConfiguration") is not None:
        raise parameter_not_allowed("windowsConfiguration")
    linux = dict(profile.get("linuxConfiguration") or {})
    linux.setdefault("disablePasswordAuthentication", False)
    keys = ((linux.get("ssh") or {}).get("publicKeys")) or []
    password = profile.get("adminPassword")
    if linux["disablePasswordAuthentication"]:
        if not keys:
            raise missing_parameter("linuxConfiguration.ssh.publicKeys")
        if password:
            raise parameter_not_allowed("adminPassword")
    elif password:
        _check_password(password)
    else:
        raise invalid_parameter(
            "Authentication using either SSH or by user name and password must be enabled in Linux profile.",
            target="linuxConfiguration",
        )
    for key in keys:
        _check_key(key, profile["adminUsername"])
    linux.setdefault("provisionVMAgent", True)
    linux.setdefault("patchSettings", {"patchMode": "ImageDefault", "assessmentMode": "ImageDefault"})
    linux.setdefault("enableVMAgentPlatformUpdates", False)
    return linux


def _check_key(key: Any, user: str) -> None:
    path, data = (key.get("path"), key.get("keyData")) if isinstance(key, dict) else (None, None)
    wanted = f"/home/{user}/.ssh/authorized_keys"
    if path != wanted:
        raise invalid_parameter(
            f"Destination path for SSH public keys is currently limited to its default value {wanted}  due "
            "to a known "
            "issue in Linux provisioning agent.",
            target="linuxConfiguration.ssh.publicKeys.path",
        )
    parts = data.split() if isinstance(data, str) else []
    try:
        good = (
            len(parts) > 1 and parts[0] in _KEY_TYPES and len(base64.b64decode(parts[1], validate=True)) > 32
        )
    except binascii.Error:
        good = False
    if not good:
        raise invalid_parameter(
            "The value of parameter linuxConfiguration.ssh.publicKeys.keyData is invalid.",
            target="linuxConfiguration.ssh.publicKeys.keyData",
        )


def split_secrets(profile: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The part that is shown, and the part that never is."""
    return (
        {key: value for key, value in profile.items() if key not in _SECRET},
        {key: profile[key] for key in _SECRET if profile.get(key)},
    )


def for_guest(shown: Mapping[str, Any], secrets: Mapping[str, Any]) -> OsProfile:
    """The profile as the provisioning DVD will say it."""
    linux = shown.get("linuxConfiguration") or {}
    keys = (linux.get("ssh") or {}).get("publicKeys") or []
    return OsProfile(
        computer_name=shown["computerName"],
        admin_username=shown["adminUsername"],
        admin_password=secrets.get("adminPassword"),
        public_keys=tuple((key["path"], key["keyData"]) for key in keys),
        disable_password=bool(linux.get("disablePasswordAuthentication", False)),
        custom_data=secrets.get("customData"),
    )


_IMMUTABLE = ("computerName", "adminUsername", "customData", "adminPassword")


def changed_property(
    had: Mapping[str, Any], secrets: Mapping[str, Any], given: Mapping[str, Any]
) -> str | None:
    """The first property of an existing machine's profile that a request would change."""
    known = {**had, **secrets}
    for name in _IMMUTABLE:
        if given.get(name) is not None and given[name] != known.get(name):
            return name if name in _SECRET else f"osProfile.{name}"
    old, new = had.get("linuxConfiguration") or {}, given.get("linuxConfiguration")
    if new is None:
        return None
    if new.get("ssh") is not None and new["ssh"] != old.get("ssh"):
        return "linuxConfiguration.ssh.publicKeys"
    disable = new.get("disablePasswordAuthentication")
    if disable is not None and disable != old.get("disablePasswordAuthentication"):
        return "linuxConfiguration.disablePasswordAuthentication"
    return None
