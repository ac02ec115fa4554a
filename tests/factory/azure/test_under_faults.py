"""The verbs while Azure goes wrong: one clear error with a remedy, or none at all, and what is left."""

from __future__ import annotations

import json
import os
import signal
import ssl
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from azure.mgmt.resource.resources import models

from factory import errors
from factory.azure import disks, galleries, groups, machines
from factory.azure.client import Azure
from factory.azure.connection import Connection
from factory.azure.machines import Machine
from factory.clock import SystemClock
from factory.reap import find_leftovers
from tests.factory.azure.local_cloud import MEMORY_HOST, ROOT, local_azure
from tests.factory.azure.test_on_local_azure import HOME, SOON, Yard

VM = "Microsoft.Compute/virtualMachines"
VERSION = "Microsoft.Compute/galleries/images/versions"
LOST = [
    ("reset-before", {}),
    ("reset-after", {}),
    ("server-error", {"after": True}),
    ("server-error", {"status": 503}),
]


@dataclass
class Faults:
    """The local Azure's own surface."""

    env: Mapping[str, str]

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        trust = ssl.create_default_context(cafile=self.env["GOLDEN_CA_BUNDLE"])
        data = None if body is None else json.dumps(body).encode()
        url = f"{self.env['GOLDEN_ARM_ENDPOINT']}/_local/faults{path}"
        with urllib.request.urlopen(
            urllib.request.Request(url, data=data, method=method), context=trust, timeout=10
        ) as answer:
            return json.load(answer)

    def add(self, operation: str, kind: str, **more: Any) -> None:
        self.ask("POST", "", {"operation": operation, "kind": kind, **more})
        self.ask("DELETE", "/calls")

    def calls(self, operation: str) -> list[int]:
        """The statuses of the answers to an operation since the fault was set; lost ones count too."""
        return [one["status"] for one in self.ask("GET", "/calls")["calls"] if one["call"] == operation]


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    with pytest.MonkeyPatch.context() as patch, local_azure(tmp_path_factory.mktemp("local")) as env:
        for name, value in env.items():
            patch.setenv(name, value)  # the credential is built, and renewed, from the environment
        yield env


@pytest.fixture
def faults(environment: Mapping[str, str]) -> Iterator[Faults]:
    found = Faults(environment)
    yield found
    found.ask("DELETE", "")


class HurriedClock(SystemClock):
    """Waits a tenth of what it is asked to, and remembers what that was."""

    def __init__(self) -> None:
        self.asked: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.asked.append(seconds)
        await super().sleep(seconds / 10)


@pytest.fixture
def clock() -> HurriedClock:
    return HurriedClock()


@pytest.fixture
async def yard(environment: Mapping[str, str], clock: HurriedClock) -> AsyncIterator[Yard]:
    async with Azure(Connection.from_environment(environment), clock=clock) as azure:
        yield await open_yard(azure)


async def open_yard(azure: Azure) -> Yard:
    group = f"g-{uuid4().hex[:8]}"
    await groups.create_group(azure, group, location=HOME, tags={"t": "1"})
    network = (
        f"/subscriptions/{azure.connection.subscription_id}/resourceGroups/{group}"
        "/providers/Microsoft.Network/virtualNetworks/n"
    )
    second = int(uuid4().hex[:2], 16) % 100 + 20
    properties = {
        "addressSpace": {"addressPrefixes": [f"127.16.{second}.0/24"]},
        "subnets": [{"name": "b", "properties": {"addressPrefix": f"127.16.{second}.0/24"}}],
    }
    operation = await azure.begin(
        "create a network",
        azure.resources.resources.begin_create_or_update_by_id,
        network,
        models.GenericResource(location=HOME, properties=properties),
        api_version=azure.connection.api_versions.of_type("Microsoft.Network/virtualNetworks"),
    )
    await azure.wait(operation, deadline=SOON)
    return Yard(azure, group, f"{network}/subnets/b", {"t": "1"})


# --- answers that are lost


@pytest.mark.parametrize(("kind", "data"), LOST)
async def test_every_power_action_survives_a_lost_answer(
    yard: Yard, faults: Faults, kind: str, data: dict[str, Any]
) -> None:
    vm = await yard.source()

    async def see(action: str, verb: Callable[..., Awaitable[None]], state: str) -> None:
        faults.add(f"POST {VM}/{action}", kind, data=data)
        await verb(yard.azure, vm.id, deadline=SOON)
        assert (await machines.get_machine(yard.azure, vm.id)).power_state == state

    await see("restart", machines.restart, "running")
    await see("powerOff", machines.power_off, "stopped")
    await see("start", machines.start, "running")
    await see("deallocate", machines.deallocate, "deallocated")
    faults.add(f"POST {VM}/generalize", kind, data=data)
    await machines.generalize(yard.azure, vm.id)
    assert (await machines.get_machine(yard.azure, vm.id)).generalized


async def test_what_was_done_is_not_asked_for_again(yard: Yard, faults: Faults) -> None:
    vm = await yard.source()
    await machines.deallocate(yard.azure, vm.id, deadline=SOON)
    faults.add(f"POST {VM}/generalize", "reset-after")
    await machines.generalize(yard.azure, vm.id)
    assert len(faults.calls(f"POST {VM}/generalize")) == 1


async def test_an_answer_that_is_lost_for_good_is_one_error_within_the_deadline(
    yard: Yard, faults: Faults
) -> None:
    vm = await yard.source()
    faults.add(f"POST {VM}/deallocate", "reset-before", every=True)
    began = time.monotonic()
    with pytest.raises(errors.AzureUnreachable, match="cannot deallocate VM source") as caught:
        await machines.deallocate(yard.azure, vm.id, deadline=timedelta(seconds=2))
    assert time.monotonic() - began < 6
    assert caught.value.remedy


@pytest.mark.parametrize(("kind", "data"), LOST)
async def test_a_machine_is_made_once_although_the_answer_is_lost(
    yard: Yard, faults: Faults, kind: str, data: dict[str, Any]
) -> None:
    faults.add(f"PUT {VM}", kind, data=data)
    made = await yard.from_image("vm")
    assert made.provisioning_state == "Succeeded"
    faults.add(f"PATCH {VM}", kind, data=data)
    changed = await machines.set_delete_options(yard.azure, made.id, "Detach", deadline=SOON)
    assert changed.os_disk.delete_option == "Detach"
    faults.add(f"DELETE {VM}", kind, data=data)
    await machines.delete_machine(yard.azure, made.id, deadline=SOON)
    with pytest.raises(errors.NotFound):
        await machines.get_machine(yard.azure, made.id)


async def test_an_answer_that_is_cut_in_the_middle_is_read_again(yard: Yard, faults: Faults) -> None:
    faults.add("GET Microsoft.Resources/resourceGroups", "reset-after", data={"bytes": 12})
    assert await groups.get_group(yard.azure, yard.group) is not None


async def test_a_poll_that_is_lost_is_repeated_and_the_operation_goes_on(yard: Yard, faults: Faults) -> None:
    faults.add("GET Microsoft.Compute/locations/operations", "reset-before", times=3)
    assert (await yard.from_image("vm")).provisioning_state == "Succeeded"


async def test_a_run_goes_on_when_the_local_azure_dies_and_comes_back(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with supervised(state):
        facts = json.loads((state / "server.json").read_text())
        env = {
            "AZURE_SUBSCRIPTION_ID": facts["subscription"],
            "AZURE_TENANT_ID": facts["tenant"],
            "AZURE_CLIENT_ID": facts["client_id"],
            "AZURE_CLIENT_SECRET": Path(facts["client_secret_file"]).read_text().strip(),
            "AZURE_AUTHORITY_HOST": facts["endpoint"],
            "GOLDEN_ARM_ENDPOINT": facts["endpoint"],
            "GOLDEN_CA_BUNDLE": facts["ca"],
            "GOLDEN_INSTANCE_DISCOVERY": "false",
        }
        with pytest.MonkeyPatch.context() as patch:
            for name, value in env.items():
                patch.setenv(name, value)
            async with Azure(Connection.from_environment(env)) as azure:
                yard = await open_yard(azure)
                Faults(env).add(f"PUT {VM}", "crash")
                made = await yard.from_image("vm")
                assert made.provisioning_state == "Succeeded"
                assert json.loads((state / "server.json").read_text())["pid"] != facts["pid"]


class supervised:  # noqa: N801 - used as a function
    """A local Azure that is started again whenever it dies."""

    def __init__(self, state: Path) -> None:
        self._command = [sys.executable, "-m", "localazure", "serve", "--state", str(state)]
        self._command += ["--scale", "0", "--guest", MEMORY_HOST]
        self._state, self._stop = state, threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        while not self._stop.is_set():
            self._process = subprocess.Popen(
                self._command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            self._process.wait()

    def __enter__(self) -> None:
        self._thread.start()
        began = time.monotonic()
        while not (self._state / "server.json").exists():
            assert time.monotonic() - began < 30
            time.sleep(0.02)

    def __exit__(self, *_error: object) -> None:
        self._stop.set()
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGTERM)
        self._thread.join(30)


# --- throttling, tokens


async def test_a_delay_that_azure_names_is_kept(yard: Yard, faults: Faults, clock: HurriedClock) -> None:
    faults.add("GET Microsoft.Resources/resourceGroups", "throttle", retry_after=3)
    before = len(clock.asked)
    assert await groups.get_group(yard.azure, yard.group) is not None
    assert clock.asked[before:] == [3]


async def test_a_fifth_of_all_calls_may_be_throttled(yard: Yard, faults: Faults) -> None:
    faults.add("*", "throttle", share=0.2, seed=1, retry_after=0.05)
    made = await yard.from_image("vm")
    await machines.deallocate(yard.azure, made.id, deadline=SOON)
    await machines.delete_machine(yard.azure, made.id, deadline=SOON)
    assert yard.azure.limits.throttled >= 2


async def test_a_token_that_runs_out_early_is_renewed_and_the_call_repeated(
    yard: Yard, faults: Faults
) -> None:
    faults.add("*", "token-expired")
    assert await groups.get_group(yard.azure, yard.group) is not None
    assert faults.calls("GET Microsoft.Resources/resourceGroups") == [401, 200]


async def test_a_token_that_is_refused_again_is_one_clear_error(yard: Yard, faults: Faults) -> None:
    faults.add("*", "token-expired", every=True)
    with pytest.raises(errors.AuthenticationFailed, match="ExpiredAuthenticationToken") as caught:
        await groups.get_group(yard.azure, yard.group)
    assert caught.value.remedy
    assert len(faults.calls("GET Microsoft.Resources/resourceGroups")) == 2


async def test_a_clock_that_is_wrong_keeps_the_reaper_from_judging(yard: Yard, faults: Faults) -> None:
    now = yard.azure.clock.now()
    assert await find_leftovers(yard.azure, factory="golden", now=now) == []
    faults.add("*", "clock-skew", data={"seconds": -900})
    with pytest.raises(errors.ClockWrong, match=r"15 min( \d s)? ahead of Azure's") as caught:
        await find_leftovers(yard.azure, factory="golden", now=now)
    assert caught.value.remedy


# --- refusals and failures


@pytest.mark.parametrize(
    ("kind", "error", "left"),
    [
        ("sku-not-available", errors.SkuNotAvailable, False),
        ("quota", errors.QuotaExceeded, False),
        ("policy", errors.PolicyDenied, False),
        ("scope-locked", errors.ScopeLocked, False),
        ("allocation-failed", errors.AllocationFailed, True),
        ("provisioning-timeout", errors.ProvisioningTimedOut, True),
        ("lro-fails", errors.ServiceFailed, True),
        ("lro-canceled", errors.OperationCanceled, True),
    ],
)
async def test_a_machine_that_cannot_be_made_is_one_clear_error(
    yard: Yard, faults: Faults, kind: str, error: type[errors.AzureError], left: bool
) -> None:
    faults.add(f"PUT {VM}", kind)
    with pytest.raises(error, match="cannot create VM vm: ") as caught:
        await yard.from_image("vm")
    assert caught.value.remedy, str(caught.value)
    found = [one.name for one in await groups.list_resources(yard.azure, yard.group) if one.type == VM]
    assert found == (["vm"] if left else [])


async def test_an_operation_without_end_is_given_up_at_the_deadline_with_a_way_back(
    yard: Yard, faults: Faults
) -> None:
    vm = await yard.source()
    faults.add(f"POST {VM}/deallocate", "lro-never-ends")
    began = time.monotonic()
    with pytest.raises(errors.OperationTimedOut, match="last state seen: InProgress") as caught:
        await machines.deallocate(yard.azure, vm.id, deadline=timedelta(seconds=1))
    assert time.monotonic() - began < 4
    assert caught.value.token


async def test_a_snapshot_whose_copy_fails_is_told_at_once(yard: Yard, faults: Faults) -> None:
    vm = await yard.source()
    faults.add("PUT Microsoft.Compute/snapshots", "snapshot-copy-error")
    began = time.monotonic()
    with pytest.raises(errors.CopyFailed, match="CopySourceNotFound"):
        await snapshot(yard, vm)
    assert time.monotonic() - began < 4


async def snapshot(yard: Yard, vm: Machine) -> None:
    assert vm.os_disk.id is not None
    await disks.create_snapshot(
        yard.azure,
        yard.group,
        "s",
        HOME,
        source_id=vm.os_disk.id,
        tags={"t": "1"},
        deadline=timedelta(seconds=8),
    )


async def test_a_region_that_fails_is_named_and_the_version_is_whole_at_home(
    yard: Yard, faults: Faults
) -> None:
    version = await yard.version()
    faults.add(f"P* {VERSION}", "replication-failed")
    await galleries.update_publishing(
        yard.azure, version.id, regions={HOME: 1, "northeurope": 1}, exclude_from_latest=False
    )
    state = await galleries.wait_replication(yard.azure, version.id, deadline=SOON)
    assert state.aggregated == "Failed"
    assert state.regions["West Europe"].startswith("Completed")
    assert state.regions["North Europe"].startswith("Failed")
