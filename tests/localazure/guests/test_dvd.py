"""The provisioning document."""

from __future__ import annotations

from xml.etree import ElementTree

from localazure.guests.base import OsProfile
from localazure.guests.fabric.dvd import ovf_environment

WA = "{http://schemas.microsoft.com/windowsazure}"


def read(profile: OsProfile) -> dict[str, str | None]:
    root = ElementTree.fromstring(ovf_environment(profile))
    return {element.tag.removeprefix(WA): element.text for element in root.iter()}


def test_everything_of_the_profile_is_on_the_dvd_and_survives_xml() -> None:
    profile = OsProfile(
        "h<1>", "me", 'p&"<', (("/home/me/.ssh/authorized_keys", "ssh-ed25519 AAAA c&d"),), False, "Yg=="
    )
    found = read(profile)
    assert found["HostName"] == "h<1>"
    assert found["UserName"] == "me"
    assert found["UserPassword"] == 'p&"<'
    assert found["Value"] == "ssh-ed25519 AAAA c&d"
    assert found["DisableSshPasswordAuthentication"] == "false"
    assert found["CustomData"] == "Yg=="
    assert found["ProvisionGuestAgent"] == "true"


def test_without_a_password_there_is_no_element_for_one() -> None:
    found = read(OsProfile("h", "me"))
    assert "UserPassword" not in found and "CustomData" not in found
    assert found["DisableSshPasswordAuthentication"] == "true"


def test_a_key_that_is_no_key_is_written_as_it_is() -> None:
    assert read(OsProfile("h", "me", public_keys=(("/p", "not base64"),)))["Value"] == "not base64"


def test_the_password_is_not_in_what_a_log_would_print() -> None:
    assert "s3cret" not in repr(OsProfile("h", "me", "s3cret", custom_data="s3cret"))
