"""Machines that Azure would refuse: each in its words, and nothing is left of the attempt."""

from __future__ import annotations

from typing import Any

import pytest

from tests.localazure.machines import MARKETPLACE, PASSWORD, Yard, os_profile


def storage(**os_disk: Any) -> dict[str, Any]:
    return {"imageReference": MARKETPLACE, "osDisk": {"createOption": "FromImage"} | os_disk}


def image(**reference: Any) -> dict[str, Any]:
    return {"imageReference": MARKETPLACE | reference, "osDisk": {"createOption": "FromImage"}}


def linux(**changes: Any) -> dict[str, Any]:
    profile = os_profile()
    profile["linuxConfiguration"] |= changes
    return profile


REFUSALS: list[tuple[dict[str, Any], int, str, str]] = [
    ({"osProfile": None}, 400, "InvalidParameter", "Required parameter 'osProfile' is missing (null)."),
    (
        {"osProfile": os_profile("root")},
        400,
        "InvalidParameter",
        "The Admin Username specified is not allowed.",
    ),
    (
        {"osProfile": os_profile(name="a_b")},
        400,
        "InvalidParameter",
        "Linux host name cannot exceed 64 characters in length",
    ),
    (
        {"osProfile": {"adminUsername": "operator"}},
        400,
        "InvalidParameter",
        "Authentication using either SSH or by user name and password must be enabled in Linux profile.",
    ),
    (
        {"osProfile": {"adminUsername": "operator", "adminPassword": "simple"}},
        400,
        "InvalidParameter",
        "The supplied password must be between 6-72 characters long",
    ),
    (
        {"osProfile": linux(ssh={"publicKeys": [{"path": "/root/.ssh/authorized_keys", "keyData": "x"}]})},
        400,
        "InvalidParameter",
        "Destination path for SSH public keys is currently limited to its default value",
    ),
    (
        {
            "osProfile": linux(
                ssh={"publicKeys": [{"path": "/home/operator/.ssh/authorized_keys", "keyData": "ssh-rsa x"}]}
            )
        },
        400,
        "InvalidParameter",
        "The value of parameter linuxConfiguration.ssh.publicKeys.keyData is invalid.",
    ),
    (
        {"osProfile": os_profile() | {"customData": "not base64"}},
        400,
        "InvalidParameter",
        "Custom data in OSProfile must be in Base64 encoding",
    ),
    (
        {"hardwareProfile": {"vmSize": "Standard_Huge"}},
        400,
        "InvalidParameter",
        "The value Standard_Huge provided for the VM size is not valid. The valid sizes in the current "
        "region are: ",
    ),
    (
        {"hardwareProfile": {"vmSize": "Standard_M128s"}},
        409,
        "SkuNotAvailable",
        "The requested size for resource",
    ),
    (
        {"hardwareProfile": {"vmSize": "Standard_A1_v2"}},
        400,
        "BadRequest",
        "The selected VM size 'Standard_A1_v2' cannot boot Hypervisor Generation '2'.",
    ),
    (
        {"storageProfile": image(version="9.9.9")},
        404,
        "PlatformImageNotFound",
        "The platform image 'Debian:debian-12:12-gen2:9.9.9' is not available.",
    ),
    (
        {"storageProfile": storage(diskSizeGB=4)},
        400,
        "BadRequest",
        "The requested disk size 4 GB is smaller than the size of the source, 30 GB.",
    ),
    (
        {"storageProfile": storage() | {"dataDisks": [{"lun": 0, "createOption": "Empty"}]}},
        400,
        "InvalidParameter",
        "Required parameter 'dataDisk.diskSizeGB' is missing (null).",
    ),
    (
        {
            "storageProfile": storage()
            | {"dataDisks": [{"lun": 1, "createOption": "Empty", "diskSizeGB": 4} for _ in range(2)]}
        },
        400,
        "InvalidParameter",
        "A disk at LUN 1 already exists.",
    ),
    (
        {"networkProfile": {"networkInterfaces": []}},
        400,
        "InvalidParameter",
        "Required parameter 'networkProfile.networkInterfaces' is missing (null).",
    ),
    (
        {"securityProfile": {"securityType": "TrustedLaunch"}},
        400,
        "BadRequest",
        "Use of TrustedLaunch setting is not supported for the provided image.",
    ),
    (
        {"priority": "Spot"},
        501,
        "NotImplemented",
        "The local Azure does not implement spot virtual machines.",
    ),
    (
        {"storageProfile": storage(diffDiskSettings={"option": "Local"})},
        501,
        "NotImplemented",
        "The local Azure does not implement ephemeral OS disks.",
    ),
]


@pytest.mark.parametrize(
    ("changes", "status", "code", "text"),
    REFUSALS,
    ids=[f"{code}: {text[:40]}" for _, _, code, text in REFUSALS],
)
def test_a_bad_request_is_refused_in_azures_words_and_leaves_nothing(
    yard: Yard, changes: dict[str, Any], status: int, code: str, text: str
) -> None:
    path = yard.path("virtualMachines", "vm")
    body = yard.machine_body(**changes)
    before = yard.look()["contents"]
    found = yard.refused(yard.wire("PUT", path, body))
    assert (found[0], found[1]) == (status, code)
    assert found[2].startswith(text)
    assert yard.wire("GET", path).status_code == 404
    assert yard.get(f"{yard.group}/providers/Microsoft.Compute/disks")["value"] == []
    assert yard.look()["contents"] == before


MORE_REFUSALS: list[tuple[dict[str, Any], int, str]] = [
    ({"storageProfile": None}, 400, "Required parameter 'storageProfile' is missing (null)."),
    ({"storageProfile": {}}, 400, "Required parameter 'storageProfile.osDisk' is missing (null)."),
    ({"storageProfile": storage(createOption="Empty")}, 400, "The value of parameter osDisk.createOption is"),
    ({"storageProfile": storage(caching="Warp")}, 400, "The value of parameter osDisk.caching is invalid."),
    ({"storageProfile": storage(osType="Windows")}, 400, "The value of parameter osDisk.osType is invalid."),
    (
        {"storageProfile": storage(vhd={"uri": "x"})},
        501,
        "The local Azure does not implement unmanaged disks.",
    ),
    (
        {"storageProfile": storage(managedDisk={"storageAccountType": "Warp"})},
        400,
        "The value of parameter managedDisk.storageAccountType is invalid.",
    ),
    (
        {"storageProfile": storage() | {"dataDisks": [{"createOption": "Empty"}]}},
        400,
        "Required parameter 'dataDisk.lun' is missing (null).",
    ),
    (
        {"storageProfile": storage() | {"dataDisks": [{"lun": 0, "createOption": "Guess"}]}},
        400,
        "The value of parameter dataDisk.createOption is invalid.",
    ),
    (
        {"storageProfile": {"osDisk": {"createOption": "Attach", "osType": "Linux"}}, "osProfile": None},
        400,
        "Required parameter 'managedDisk.id' is missing (null).",
    ),
    ({"networkProfile": None}, 400, "Required parameter 'networkProfile' is missing (null)."),
    (
        {"networkProfile": {"networkInterfaces": [{"id": "x"}]}},
        400,
        "Id x is not a valid resource reference.",
    ),
    (
        {"networkProfile": {"networkInterfaces": [{"id": "x"}, {"id": "y"}, {"id": "z"}]}},
        501,
        "The local Azure runs virtual machines with one network interface.",
    ),
    (
        {"availabilitySet": {"id": "x"}},
        501,
        "The local Azure does not implement virtual machines with availab",
    ),
    ({"colour": "red"}, 400, "Could not find member 'colour' on object of type 'VMProperties'."),
    (
        {"securityProfile": {"securityType": "ConfidentialVM"}},
        501,
        "The local Azure does not implement confid",
    ),
    (
        {"securityProfile": {"securityType": "Vault"}},
        400,
        "The value of parameter securityProfile.securityType",
    ),
    ({"osProfile": {}}, 400, "Required parameter 'osProfile.adminUsername' is missing (null)."),
    (
        {"osProfile": linux(ssh=None)},
        400,
        "Required parameter 'linuxConfiguration.ssh.publicKeys' is missing",
    ),
    (
        {"osProfile": os_profile() | {"adminPassword": PASSWORD}},
        400,
        "Parameter 'adminPassword' is not allowed.",
    ),
    (
        {"osProfile": os_profile() | {"windowsConfiguration": {}}},
        400,
        "Parameter 'windowsConfiguration' is not",
    ),
]


def test_whatever_else_is_wrong_is_named(yard: Yard) -> None:
    path = yard.path("virtualMachines", "vm")
    for change, status, text in MORE_REFUSALS:
        found = yard.refused(yard.wire("PUT", path, yard.machine_body(**change)))
        assert (found[0], found[2][: len(text)]) == (status, text)
    assert yard.wire("GET", path).status_code == 404
