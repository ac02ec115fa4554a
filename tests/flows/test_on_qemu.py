"""The flow on machines with a kernel of their own, and what it says of images that do not live."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from factory.azure import galleries
from factory.errors import VerificationFailed
from factory.run import fresh_run_id
from golden import local_azure
from tests.cloud import Cloud, environment, running_cloud
from tests.flows.test_rebuild import rebuild, recipe, version_of

pytestmark = [pytest.mark.guest, pytest.mark.prefect, pytest.mark.real, pytest.mark.timeout(1800)]

PATIENCE = "240"
"""Seconds that the local Azure waits for a guest: some of those below never speak."""
IMAGES = {"cloud-init": "12", "waagent": "12-waagent"}
TIMED_OUT = "did not finish in the allotted time"
# Found at the next boot alone: no check of the machine that is being generalized sees it coming.
DEAF = """
mkdir -p /etc/systemd/system/walinuxagent.service.d
printf '[Unit]\\nConditionPathExists=/nowhere\\n' > /etc/systemd/system/walinuxagent.service.d/deaf.conf
"""
NO_NETWORK = "sed -i 's/^iface eth0 .*/iface eth0 inet manual/' /etc/network/interfaces"
MISSING_DISK = """
cat > /etc/systemd/system/srv-gone.mount <<'UNIT'
[Unit]
Before=local-fs.target
[Mount]
What=/dev/disk/by-label/gone
Where=/srv/gone
[Install]
RequiredBy=local-fs.target
UNIT
systemctl enable srv-gone.mount
"""


@pytest.fixture(scope="module")
def qemu_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A local Azure whose machines are emulated, with both flavours of Debian in its marketplace."""
    state = tmp_path_factory.mktemp("qemu")
    lacking = local_azure.missing(state, "qemu")
    if lacking:
        pytest.skip(f"no QEMU guests here: {lacking}")
    options = [word for name in IMAGES for word in ("--flavour", name)]
    local_azure.prepare(state, "qemu", lambda _what, _done: None, options)
    with environment({"LOCALAZURE_PATIENCE": PATIENCE}), running_cloud(state, "qemu") as running:
        yield running


def of_image(cloud: Cloud, flavour: str, **changes: Any) -> Any:
    """A recipe that starts from the marketplace: one boot less than from a VM."""
    return recipe(
        cloud,
        source={"image": f"Debian:debian-12:{IMAGES[flavour]}:latest"},
        build={
            "subnet": cloud.world.subnet_id,
            "worker_address": "127.0.0.0/8",
            "size": "Standard_B1s",
        },
        verify={"tests": [{"name": "mark", "script": "grep -qx golden /etc/golden-image"}]},
        deadlines={"provision": 6},
        **changes,
    )


def breaking(script: str) -> list[dict[str, str]]:
    return [
        {"name": "mark", "script": "echo golden > /etc/golden-image"},
        {"name": "break", "script": script},
    ]


def excluded(version: galleries.Version | None) -> bool:
    return version is not None and version.exclude_from_latest


def test_a_clone_of_a_running_vm_becomes_a_version_and_the_report_shows_its_boot(
    qemu_cloud: Cloud, prefect: None
) -> None:
    run_id = fresh_run_id()
    summary = rebuild(recipe(qemu_cloud), run_id)
    assert not excluded(version_of(qemu_cloud, run_id))
    (proof,) = summary.proof.values()
    assert "login:" in Path(summary.report).read_text()
    assert any("cloud-init" in line for line in proof["serial_log"])


def test_an_ungeneralized_image_of_cloud_inits_says_ready_and_admits_the_old_user(
    qemu_cloud: Cloud, prefect: None
) -> None:
    run_id = fresh_run_id()
    with pytest.raises(VerificationFailed) as caught:
        rebuild(of_image(qemu_cloud, "cloud-init"), run_id, ["deprovision", "gate"])
    said = "\n".join(caught.value.findings)
    assert "still logs in with the old key" in said
    assert "machine_id_new" in said
    assert excluded(version_of(qemu_cloud, run_id))


def test_an_ungeneralized_image_of_the_agents_says_ready_and_nothing_is_provisioned(
    qemu_cloud: Cloud, prefect: None
) -> None:
    run_id = fresh_run_id()
    with pytest.raises(VerificationFailed) as caught:
        rebuild(of_image(qemu_cloud, "waagent"), run_id, ["deprovision", "gate"])
    said = "\n".join(caught.value.findings)
    assert "nothing was provisioned" in said
    assert "still logs in with the old key" in said
    assert excluded(version_of(qemu_cloud, run_id))


@pytest.mark.parametrize(
    ("flavour", "script", "why", "console"),
    [
        pytest.param("waagent", DEAF, TIMED_OUT, "login:", id="deaf agent"),
        pytest.param("waagent", NO_NETWORK, TIMED_OUT, "contains no routes", id="no network"),
        pytest.param("waagent", MISSING_DISK, TIMED_OUT, "emergency", id="no disk"),
    ],
)
def test_an_image_that_never_reports_is_refused_with_the_end_of_its_serial_log(  # noqa: PLR0917 - a table
    qemu_cloud: Cloud, prefect: None, flavour: str, script: str, why: str, console: str
) -> None:
    run_id = fresh_run_id()
    with pytest.raises(VerificationFailed) as caught:
        rebuild(of_image(qemu_cloud, flavour, customize=breaking(script)), run_id)
    assert why in str(caught.value)
    assert console in caught.value.serial_log
    assert caught.value.serial_log.splitlines()[-1].strip() in str(caught.value)
    assert excluded(version_of(qemu_cloud, run_id))
