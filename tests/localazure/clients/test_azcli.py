"""Azure's own command line does the whole job: machine, generalization, image, machine of the image."""

from __future__ import annotations

import base64
import json
import os
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import paramiko
import pytest
import requests

from localazure.storage import install as storage
from tests.localazure.clients.azcli import Az, NotInstallableError, install
from tests.localazure.conftest import LocalCloud
from tests.localazure.storage.shelves import fixed_vhd

pytestmark = [pytest.mark.guest, pytest.mark.timeout(1200)]

FACTS = """
echo "machine $(cat /etc/machine-id)"
echo "host $(hostname)"
echo "ssh $(cut -d' ' -f1-2 /etc/ssh/ssh_host_ed25519_key.pub)"
echo "marker $(cat /opt/marker 2>/dev/null)"
echo "users $(awk -F: '$3 >= 1000 && $3 < 60000 {print $1}' /etc/passwd | tr '\\n' ' ')"
echo "provisioned $(test -e /var/lib/waagent/provisioned && echo yes)"
"""

# The agent's own deprovisioning leaves the machine ID; every machine of the image would share it.
DEPROVISION = "sudo truncate --size=0 /etc/machine-id && sudo waagent -deprovision+user -force"


@pytest.fixture(scope="module")
def az(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Az]:
    if os.geteuid() != 0:
        pytest.skip("namespace guests need root")
    capture = request.config.pluginmanager.getplugin("capturemanager")

    def say(text: str) -> None:
        with capture.global_and_fixture_disabled():
            print(f"\n{text}", flush=True)

    try:
        python = install(say)
    except NotInstallableError as error:
        pytest.skip(str(error))
    home = tmp_path_factory.mktemp("az")
    cloud = LocalCloud(home / "state", guest="namespace").start()
    try:
        client = Az(python, home, cloud)
        client.register()
        yield client
        say("\n".join(client.said))
    finally:
        assert cloud.stop() == 0


def make_key(home: Path, name: str) -> tuple[Path, str]:
    path = home / name
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)], check=True)
    return path, str(path.with_suffix(".pub"))


def make_machine(az: Az, name: str, image: str, user: str, key: str) -> dict[str, Any]:
    where = ["-g", "images", "-n", name, "--image", image, "--size", "Standard_D2s_v5"]
    who = ["--admin-username", user, "--ssh-key-values", key]
    net = ["--vnet-name", "net", "--subnet", "build", "--public-ip-address", "", "--nsg", ""]
    found: dict[str, Any] = az("vm", "create", *where, *who, *net)
    return found


def facts(az: Az, vm: str, script: str = FACTS) -> dict[str, str]:
    """What a machine says of itself, by a run command."""
    told = az(
        *("vm", "run-command", "invoke", "-g", "images", "-n", vm, "--command-id", "RunShellScript"),
        *("--scripts", script),
    )
    text = told["value"][0]["message"]
    out = text.split("[stdout]\n", 1)[1].split("\n[stderr]", 1)[0]
    return dict(line.partition(" ")[::2] for line in out.strip().splitlines())


def over_ssh(address: str, user: str, key: Path, host_key: str, command: str) -> None:
    """Run a command as a login does, on whichever of the image's two ports is the machine's."""
    kind, data = host_key.split()
    pinned = paramiko.Ed25519Key(data=base64.b64decode(data))
    for port, name in ((22, address), (2222, f"[{address}]:2222")):
        with paramiko.SSHClient() as client:
            client.get_host_keys().add(name, kind, pinned)
            try:
                client.connect(address, port, user, key_filename=str(key), timeout=10, allow_agent=False)
            except (paramiko.SSHException, OSError):
                continue
            _, out, err = client.exec_command(command, timeout=120)
            text = out.read().decode() + err.read().decode()
            assert out.channel.recv_exit_status() == 0, text
            return
    raise AssertionError(f"no way in to {address}")


def marketplace(az: Az) -> str:
    (image,) = az("vm", "image", "list", "--location", "westeurope", "--publisher", "Debian", "--all")[:1]
    return str(image["urn"])


def test_az_makes_a_machine_generalizes_it_and_makes_machines_of_its_image(az: Az) -> None:
    key, public = make_key(az.home, "first")
    prefix = f"127.16.{random.randint(1, 230)}"
    az("group", "create", "-n", "images", "-l", "westeurope")
    network = ["--address-prefixes", f"{prefix}.0/24", "--subnet-name", "build"]
    network += ["--subnet-prefixes", f"{prefix}.0/24"]
    az("network", "vnet", "create", "-g", "images", "-n", "net", *network)

    made = make_machine(az, "source", marketplace(az), "maker", public)
    assert made["powerState"] == "VM running"
    assert made["privateIpAddress"].startswith(prefix)
    source = facts(az, "source", "echo made-by-az > /opt/marker\n" + FACTS)
    assert (source["host"], source["users"], source["provisioned"]) == ("source", "maker ", "yes")

    over_ssh(made["privateIpAddress"], "maker", key, source["ssh"], DEPROVISION)
    az("vm", "deallocate", "-g", "images", "-n", "source")
    az("vm", "generalize", "-g", "images", "-n", "source")
    refusal = az.refused("vm", "start", "-g", "images", "-n", "source")
    assert "Operation 'start' is not allowed on VM 'source' since the VM is generalized." in refusal

    image = az(
        "image", "create", "-g", "images", "-n", "golden", "--source", "source", "--hyper-v-generation", "V2"
    )
    assert image["storageProfile"]["osDisk"]["osState"] == "Generalized"
    version = publish(az, image["id"])

    _, other = make_key(az.home, "second")
    made = make_machine(az, "child", version, "keeper", other)
    child = facts(az, "child")
    assert (child["host"], child["users"], child["marker"]) == ("child", "keeper ", "made-by-az")
    assert child["provisioned"] == "yes"
    assert child["machine"] != source["machine"]
    assert child["ssh"] != source["ssh"]
    view = az("vm", "get-instance-view", "-g", "images", "-n", "child")["instanceView"]
    assert view["vmAgent"]["statuses"][0]["displayStatus"] == "Ready"
    assert view["vmAgent"]["vmAgentVersion"][0].isdigit()

    keep_a_disk(az)
    az("vm", "delete", "-g", "images", "-n", "child", "--yes")
    az("group", "delete", "-n", "images", "--yes")
    assert az("group", "list") == []


def publish(az: Az, image: str) -> str:
    """A version of an image in a new gallery; its id."""
    az("sig", "create", "-g", "images", "--gallery-name", "gallery")
    named = ["-g", "images", "--gallery-name", "gallery", "--gallery-image-definition", "debian"]
    identity = ["--publisher", "me", "--offer", "debian", "--sku", "12"]
    kind = ["--os-type", "Linux", "--os-state", "Generalized", "--hyper-v-generation", "V2"]
    az("sig", "image-definition", "create", *named, *identity, *kind)
    made = az(
        "sig", "image-version", "create", *named, "--gallery-image-version", "1.0.0", "--managed-image", image
    )
    assert made["provisioningState"] == "Succeeded"
    return str(made["id"])


def keep_a_disk(az: Az) -> None:
    """A snapshot of the running machine's disk, and a disk of the snapshot."""
    os_disk = az("vm", "show", "-g", "images", "-n", "child")["storageProfile"]["osDisk"]["managedDisk"]["id"]
    az("snapshot", "create", "-g", "images", "-n", "kept", "--source", os_disk, "--incremental", "true")
    az("disk", "create", "-g", "images", "-n", "copy", "--source", "kept")
    disk = az("disk", "show", "-g", "images", "-n", "copy")
    assert disk["diskState"] == "Unattached"
    assert disk["creationData"]["sourceResourceId"].endswith("/snapshots/kept")


def test_az_shows_what_is_wrong_with_a_template_in_azures_words(az: Az) -> None:
    az("group", "create", "-n", "templates", "-l", "westeurope")
    template = {
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "resources": [],
        "outputs": {"out": {"type": "string", "value": "[shout('hello')]"}},
    }
    path = az.home / "template.json"
    path.write_text(json.dumps(template))
    said = az.refused("deployment", "group", "create", "-g", "templates", "--template-file", str(path))
    assert "InvalidTemplate" in said
    assert "The template function 'shout' is not valid." in said

    path.write_text(
        json.dumps(template | {"outputs": {"out": {"type": "string", "value": "[toUpper('hello')]"}}})
    )
    done = az("deployment", "group", "create", "-g", "templates", "--template-file", str(path))
    assert done["properties"]["outputs"] == {"out": {"type": "String", "value": "HELLO"}}


def test_az_keeps_a_disk_in_a_storage_account_and_makes_a_disk_of_it(az: Az) -> None:
    try:
        storage.install()
    except storage.NotInstalledError as error:
        pytest.skip(str(error))
    where = ["-g", "kept", "-l", "westeurope"]
    az("group", "create", "-n", "kept", "-l", "westeurope")
    said = az.refused("storage", "account", "create", "-n", "azkeptdisks", *where, "--sku", "Standard_None")
    assert "Standard_None" in said
    account = az("storage", "account", "create", "-n", "azkeptdisks", *where, "--sku", "Standard_LRS")
    assert account["provisioningState"] == "Succeeded"
    keys = az("storage", "account", "keys", "list", "-g", "kept", "-n", "azkeptdisks")
    assert [key["keyName"] for key in keys] == ["key1", "key2"]
    words = az("storage", "account", "show-connection-string", "-g", "kept", "-n", "azkeptdisks")
    with_key = ["--connection-string", words["connectionString"], "--only-show-errors"]

    vhd = az.home / "small.vhd"
    size = 20 << 20
    vhd.write_bytes(b"on the disk".ljust(size, b"\0") + fixed_vhd(size))
    az("storage", "container", "create", "-n", "vhds", *with_key)
    blob = ["-c", "vhds", "-n", "small.vhd", *with_key]
    az("storage", "blob", "upload", *blob, "-f", str(vhd), "--type", "page", "--no-progress")
    shown = az("storage", "blob", "show", *blob)
    assert (shown["properties"]["blobType"], shown["properties"]["contentLength"]) == ("PageBlob", size + 512)

    uri = f"{account['primaryEndpoints']['blob']}vhds/small.vhd"
    source = ["--source", uri, "--source-storage-account-id", account["id"]]
    disk = az("disk", "create", "-n", "imported", *where, *source)
    assert (disk["creationData"]["createOption"], disk["diskSizeGB"]) == ("Import", 1)
    lent = az("disk", "grant-access", "-g", "kept", "-n", "imported", "--duration-in-seconds", "600")
    answer = requests.get(lent["accessSAS"], headers={"Range": "bytes=0-10"}, verify=az.cloud.ca, timeout=30)
    assert (answer.status_code, answer.content) == (206, b"on the disk")
    az("disk", "revoke-access", "-g", "kept", "-n", "imported")
    az("storage", "account", "delete", "-g", "kept", "-n", "azkeptdisks", "--yes")
    az("group", "delete", "-n", "kept", "--yes")
