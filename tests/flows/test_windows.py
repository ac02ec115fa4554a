"""The whole flow on modelled Windows machines; every test looks at what is left in the cloud."""

import asyncio
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from factory.azure import galleries, groups, machines
from factory.errors import FactoryError, GateRefused, NotGeneralizable
from factory.plan import Plan
from factory.recipe import Recipe, load_recipe
from factory.record import RunRecord, runs_directory
from factory.rehearsal_windows import CONTENT, WINDOWS
from factory.report import Summary
from factory.run import Run, Skip, fresh_run_id
from factory.windows.errors import SysprepFailed
from factory.windows.failure import known_failures
from tests.cloud import Cloud, running_cloud

pytestmark = [pytest.mark.prefect]
KNOWN = [failure.name.replace("_", "-") for failure in known_failures()]
RECIPE = Path(__file__).parents[2] / "deployments/recipes/demo-windows.yaml"


@pytest.fixture(scope="module")
def windows(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A local Azure of modelled Windows machines, and a user's application server in it."""
    with running_cloud(tmp_path_factory.mktemp("windows"), "windows", WINDOWS) as running:
        yield running


def recipe() -> Recipe:
    return load_recipe(RECIPE, os.environ)


def rebuild(wanted: Recipe, run_id: str, skip: list[Skip] | None = None) -> Summary:
    from flows.rebuild_image import rebuild_image

    return asyncio.run(rebuild_image(wanted, run_id=run_id, skip=skip))


def plan_of(run_id: str) -> Plan:
    return Plan.model_validate(record_of(run_id).load("plan.json"))


def record_of(run_id: str) -> RunRecord:
    return RunRecord(runs_directory(os.environ) / run_id)


def assert_untouched(cloud: Cloud, run_id: str) -> None:
    """The source runs as before, and of the run there is a backup and nothing else."""
    source = cloud.ask(lambda azure: machines.get_machine(azure, cloud.world.machine_id))
    assert (source.power_state, source.generalized) == ("running", False)
    plan = plan_of(run_id)
    assert cloud.ask(lambda azure: groups.get_group(azure, plan.scaffold_group)) is None
    assert cloud.ask(lambda azure: groups.get_group(azure, plan.backup_group)) is not None
    assert not (record_of(run_id).directory / "keys").exists()


def test_a_clone_of_a_windows_server_becomes_a_verified_version(windows: Cloud, prefect: None) -> None:
    run_id = fresh_run_id()
    summary = rebuild(recipe(), run_id)
    version_id = f"{windows.world.definition_id}/versions/{plan_of(run_id).version}"
    version = windows.ask(lambda azure: galleries.get_version(azure, version_id))
    assert version is not None
    assert not version.exclude_from_latest
    assert version.luns == (0,)
    assert_untouched(windows, run_id)
    (proof,) = summary.proof.values()
    assert proof["machine_sid"][0] != proof["machine_sid"][1]
    assert proof["computer_name"][1].casefold() == plan_of(run_id).test_computer_name
    assert proof["files"][CONTENT] is not None
    assert plan_of(run_id).temporary_admin not in proof["users"][1]
    assert "modelled Windows guest" in Path(summary.report).read_text()
    evidence = record_of(run_id).load("evidence.json")
    assert evidence["closing"]["port_open"] is False
    assert record_of(run_id).load("sysprep-log.json")


def test_no_password_of_the_run_is_anywhere_in_its_record_or_in_the_clouds_logs(
    windows: Cloud, prefect: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    of = Run.password

    def remembered(run: Run, purpose: str):  # type: ignore[no-untyped-def]
        password = of(run, purpose)
        made.append(password.get_secret_value())
        return password

    monkeypatch.setattr(Run, "password", remembered)
    run_id = fresh_run_id()
    with pytest.raises(GateRefused):
        rebuild(recipe(), run_id, skip=["deprovision"])
    assert_untouched(windows, run_id)
    assert len(set(made)) == 1
    kept = b"".join(path.read_bytes() for path in record_of(run_id).directory.rglob("*") if path.is_file())
    told = (windows.local.state / "requests.jsonl").read_bytes()
    told += (windows.local.state / "server.out").read_bytes()
    assert made[0].encode() not in kept + told


def strike(cloud: Cloud, name: str) -> None:
    """The next machine that starts has it: the clone."""
    cloud.local.ask("/_local/faults", method="DELETE")
    cloud.local.ask("/_local/faults", method="POST", body={"name": name})


def fails(cloud: Cloud, name: str, kind: type[FactoryError], **changes: object) -> FactoryError:
    """Run with a fault, to its one clear error and nothing left."""
    strike(cloud, name)
    run_id = fresh_run_id()
    wanted = recipe()
    deadlines = wanted.deadlines.model_copy(update=changes)
    with pytest.raises(kind) as caught:
        rebuild(wanted.model_copy(update={"customize": [], "deadlines": deadlines}), run_id)
    assert caught.value.remedy
    assert_untouched(cloud, run_id)
    return caught.value


def test_a_package_of_one_user_is_named_with_its_remedy_and_the_source_runs_on(
    windows: Cloud, prefect: None
) -> None:
    error = fails(windows, "appx-per-user", SysprepFailed)
    assert "Microsoft.Windows.Photos" in error.message
    assert "remove_user_appx" in str(error)


@pytest.mark.real
@pytest.mark.parametrize("name", [name for name in KNOWN if name != "appx-per-user"])
def test_each_known_failure_is_named_with_its_remedy_and_the_source_runs_on(
    windows: Cloud, prefect: None, name: str
) -> None:
    (failure,) = (one for one in known_failures() if one.name == name.replace("-", "_"))
    error = fails(windows, name, SysprepFailed, **({"sysprep": 1} if failure.hang else {}))
    assert failure.remedy in str(error)
    assert isinstance(error, SysprepFailed)
    assert error.causes


@pytest.mark.real
@pytest.mark.parametrize(("name", "last"), [("hangs", "sppnp.dll"), ("media-sharing", "wmpnssci.dll")])
def test_a_sysprep_that_hangs_ends_at_its_deadline_with_its_last_word(
    windows: Cloud, prefect: None, name: str, last: str
) -> None:
    began = time.monotonic()
    error = fails(windows, name, SysprepFailed, sysprep=1)
    assert "hung" in error.message
    assert last in error.message
    assert "1 min" in error.message or "60 s" in error.message
    assert time.monotonic() - began < 240


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("custom-unattend", "answer file"),
        ("domain-joined", "corp.contoso.com"),
        ("must-change-password", "must change its password"),
        ("provisioning-media", "cdrom"),
        ("unsupported-role", "role"),
    ],
)
def test_what_would_break_the_images_machines_is_found_before_sysprep(
    windows: Cloud, prefect: None, name: str, words: str
) -> None:
    error = fails(windows, name, NotGeneralizable)
    assert isinstance(error, NotGeneralizable)
    assert any(words in finding and "Remedy: " in finding for finding in error.findings)


@pytest.mark.real
def test_a_failure_that_no_entry_knows_quotes_the_log_and_names_the_component(
    windows: Cloud, prefect: None
) -> None:
    error = fails(windows, "unknown-provider", SysprepFailed)
    assert isinstance(error, SysprepFailed)
    assert error.causes == []
    assert error.lines[-1] in error.message
    assert "backupagent.dll" in (error.remedy or "")
