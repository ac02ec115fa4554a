"""Facts and contexts for tests: a Debian with the agent alone, an Ubuntu with cloud-init."""

from typing import Any

from factory.linux.context import Context, Expected
from factory.linux.facts import DataDisk, Filesystem, GuestFacts, User
from tests.factory.linux.tree import KEY, OTHER_KEY

DEBIAN = GuestFacts(
    os_release={"ID": "debian", "VERSION_ID": "12"},
    machine_id="ad0970ce2cc845078aeb7a8ddf08460b",
    hostname="build01",
    kernel="6.1.0-28-cloud-amd64",
    boot_id="f1582147-ddec-420f-b975-5596113ec2f4",
    time=1795398202,
    host_keys={"ssh-ed25519": "SHA256:laxEklPLF88tgDHbmPQw2fNgWGHc/On5Syre+nQ1ZQo"},
    keygen_units=("/etc/systemd/system/ssh.service.d/host-keys.conf",),
    resolv_conf="file",
    users=(
        User(name="azureuser", uid=1000, home="/home/azureuser"),
        User(name="keeper", uid=1001, home="/home/keeper"),
    ),
    sudoers=("azureuser", "keeper"),
    authorized_keys={"root": (KEY, OTHER_KEY), "azureuser": (KEY,)},
    agent_version="2.7.3.0",
    agent_conf={"Provisioning.Agent": "waagent", "Provisioning.DeleteRootPassword": "y"},
    agent_admin="azureuser",
    data_disks=(DataDisk(lun=0, size_bytes=1 << 30, filesystems=(Filesystem(type="ext4", uuid="8c2c"),)),),
    files={"/data/x": "5891b5b5"},
)

UBUNTU = DEBIAN.model_copy(
    update={
        "os_release": {"ID": "ubuntu", "VERSION_ID": "24.04"},
        "keygen_units": (),
        "resolv_conf": "../run/systemd/resolve/stub-resolv.conf",
        "agent_conf": {"Provisioning.Agent": "auto"},
        "cloud_init": "24.4",
        "cloud_init_clean_flags": ("--configs", "--help", "--logs", "--machine-id", "--reboot", "--seed"),
    }
)


def context_of(facts: GuestFacts = DEBIAN, **changes: Any) -> Context:
    """The context of a machine whose administrator has to go."""
    return Context(facts=facts.model_copy(update=changes), accounts=("azureuser",))


def verification_of(source: GuestFacts = DEBIAN, **changes: Any) -> Context:
    """The context of a machine made from an image of `source`."""
    expected = Expected(source=source, hostname="test77", admin="verifier", luns=(0,))
    made = source.model_copy(update={"machine_id": "d" * 32, "hostname": "test77", **changes})
    return Context(facts=made, accounts=("azureuser",), expected=expected)
