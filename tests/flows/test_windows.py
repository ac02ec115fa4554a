"""The whole flow on modelled Windows machines; every test looks at what is left in the cloud."""

import asyncio
import os
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from factory.azure import galleries, groups, machines, run_commands
from factory.azure.client import Azure
from factory.errors import (
    CustomizationFailed,
    DeadlineExceeded,
    FactoryError,
    GateRefused,
    LoginRefused,
    NotGeneralizable,
)
from factory.plan import Plan
from factory.recipe import Customization, Recipe, load_recipe
from factory.record import RunRecord, runs_directory
from factory.rehearsal_windows import CONTENT, RELEASE, WINDOWS
from factory.remote.winrm_errors import CertificateExpired, CertificateMismatch, ShellQuota
from factory.report import Summary
from factory.run import Run, Skip, fresh_run_id
from factory.windows.errors import SysprepFailed
from factory.windows.failure import known_failures
from tests.cloud import Cloud, running_cloud
from tests.flows.watching import arguments_seen, everything_logged, prefect_database, read_if_there

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
    report = Path(summary.report).read_text()
    assert "Proof level: **a simulation**" in report
    assert "modelled Windows guest" in report
    assert "really booted" not in report
    assert "KB" in report.partition("## Changes")[2].partition("## Proof")[0]
    assert plan_of(run_id).temporary_admin not in proof["users"][0]
    evidence = record_of(run_id).load("evidence.json")
    assert evidence["closing"]["port_open"] is False
    assert record_of(run_id).load("sysprep-log.json")


@pytest.fixture(autouse=True)
def no_password_is_told(windows: Cloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """However a run ends: no password of it is in a record, a log, the disks of machines or an argument."""
    made: list[str] = []
    of = Run.password

    def remembered(run: Run, purpose: str):  # type: ignore[no-untyped-def]
        password = of(run, purpose)
        made.append(password.get_secret_value())
        return password

    keep = Run.keep_password

    def kept(run: Run, purpose: str, password: SecretStr) -> None:
        made.append(password.get_secret_value())
        keep(run, purpose, password)

    monkeypatch.setattr(Run, "password", remembered)
    monkeypatch.setattr(Run, "keep_password", kept)
    with everything_logged() as logged, arguments_seen() as arguments:
        yield made
    assert made
    places = {
        "logs": "\n".join(logged.text).encode(),
        "process lists": b"\0".join(arguments),
        "Prefect's database": prefect_database(),
        # Records and reports of all runs are there too; its database is what Azure itself has to know.
        **{
            str(path): read_if_there(path)
            for path in windows.local.state.rglob("*")
            if not path.name.startswith("state.db")
        },
    }
    assert [place for place, text in places.items() for one in set(made) if one.encode() in text] == []


def test_a_gate_that_finds_no_sysprep_refuses(windows: Cloud, prefect: None) -> None:
    run_id = fresh_run_id()
    with pytest.raises(GateRefused):
        rebuild(recipe(), run_id, skip=["deprovision"])
    assert_untouched(windows, run_id)


def strike(cloud: Cloud, name: str) -> None:
    """The next machine that starts has it: the clone."""
    cloud.local.ask("/_local/faults", method="DELETE")
    cloud.local.ask("/_local/faults", method="POST", body={"name": name})


def fails(cloud: Cloud, name: str, kind: type[FactoryError], **changes: object) -> FactoryError:
    """Run with a fault, to its one clear error and nothing left."""
    strike(cloud, name)
    return ends_in(cloud, kind, **changes)


def ends_in(cloud: Cloud, kind: type[FactoryError], *scripts: str, **changes: object) -> FactoryError:
    """Run with these customizations and deadlines (minutes), to one clear error and nothing left."""
    run_id, wanted = fresh_run_id(), recipe()
    steps = [Customization(name=f"step {number}", script=text) for number, text in enumerate(scripts, 1)]
    deadlines = wanted.deadlines.model_copy(update=changes)
    with pytest.raises(kind) as caught:
        rebuild(wanted.model_copy(update={"customize": steps, "deadlines": deadlines}), run_id)
    assert caught.value.remedy
    assert_untouched(cloud, run_id)
    return caught.value


def test_a_package_of_one_user_is_named_with_its_remedy_and_the_source_runs_on(
    windows: Cloud, prefect: None
) -> None:
    error = fails(windows, "appx-per-user", SysprepFailed)
    assert "Microsoft.Windows.Photos" in error.message
    assert "remove_user_appx" in str(error)


ANYTHING = "'anything'"


def test_a_script_that_restarts_the_machine_is_named_as_what_did_it(windows: Cloud, prefect: None) -> None:
    error = ends_in(
        windows, CustomizationFailed, ANYTHING, "Restart-Computer -Force\nStart-Sleep -Seconds 90000"
    )
    assert "step 2" in error.message
    assert "restarted while this ran" in error.message
    assert "reboot: true" in (error.remedy or "")


@pytest.mark.real
def test_a_machine_that_restarts_under_sysprep_is_no_image(windows: Cloud, prefect: None) -> None:
    error = fails(windows, "restarts", SysprepFailed)
    assert "the machine restarted while Sysprep ran" in error.message


HASHES = rf"(Get-FileHash -Path {CONTENT}).Hash; (Get-FileHash -Path {RELEASE}).Hash; $env:COMPUTERNAME"


def told_by(cloud: Cloud, machine_id: str, script: str) -> list[str]:
    """What a script prints in a machine, by Run Command."""

    async def run(azure: Azure) -> list[str]:
        minutes = timedelta(minutes=2)
        done = await run_commands.run_command(
            azure, machine_id, name="users-own", script=script, deadline=minutes, tags={}
        )
        return done.checked().split()

    return cloud.ask(run)


@pytest.mark.real
def test_the_source_of_a_run_that_failed_can_be_had_again_with_its_content(
    windows: Cloud, prefect: None
) -> None:
    from flows.restore_vm import restore_vm

    strike(windows, "restarts")
    run_id = fresh_run_id()
    with pytest.raises(SysprepFailed):
        rebuild(recipe().model_copy(update={"customize": []}), run_id)
    restored = asyncio.run(restore_vm(run_id, name="again"))
    machine = windows.ask(lambda azure: machines.get_machine(azure, restored.machine_id))
    assert (machine.power_state, machine.generalized) == ("running", False)
    before, after = (told_by(windows, one, HASHES) for one in (windows.world.machine_id, restored.machine_id))
    assert before == after
    assert len(before[0]) == 64
    group, soon = restored.machine_id.split("/")[4], timedelta(minutes=5)
    windows.ask(lambda azure: groups.delete_group(azure, group, deadline=soon))


@pytest.mark.real
def test_a_machine_whose_connections_are_all_lost_under_sysprep_is_given_up_in_time(
    windows: Cloud, prefect: None
) -> None:
    error = fails(windows, "unreachable", SysprepFailed, sysprep=1)
    assert "was not seen for" in error.message
    assert "boot diagnostics" in (error.remedy or "")


CHANGES_THE_PASSWORD = """
$password = ConvertTo-SecureString -String 'Another-Pass-77' -AsPlainText -Force
Get-LocalUser | Where-Object { $_.Name -like 'gf*build' } | Set-LocalUser -Password $password
"""


@pytest.mark.real
def test_a_password_that_something_changes_is_one_clear_error(windows: Cloud, prefect: None) -> None:
    error = ends_in(windows, LoginRefused, CHANGES_THE_PASSWORD, ANYTHING)
    assert "refuses the password" in error.message
    assert "LAPS" in (error.remedy or "")


NO_LISTENER = r"""
foreach ($listener in @(Get-ChildItem -Path WSMan:\localhost\Listener)) {
    Remove-Item -Path "WSMan:\localhost\Listener\$($listener.Name)" -Recurse -Force
}
"""
OTHER_CERTIFICATE = (
    NO_LISTENER
    + r"""
$made = New-SelfSignedCertificate -DnsName other -CertStoreLocation Cert:\LocalMachine\My
$listener = @{ Transport = 'HTTPS'; Address = '*'; CertificateThumbPrint = $made.Thumbprint }
New-Item -Path WSMan:\localhost\Listener @listener -Force | Out-Null
"""
)


@pytest.mark.real
def test_a_certificate_that_is_another_one_later_is_never_accepted(windows: Cloud, prefect: None) -> None:
    error = ends_in(windows, CertificateMismatch, OTHER_CERTIFICATE, ANYTHING)
    assert "never accepted" in str(error) or "no other certificate" in str(error)


EXPIRED_LISTENER = r"""
$days = @{ NotBefore = (Get-Date).AddDays(-9); NotAfter = (Get-Date).AddDays(-1) }
$made = New-SelfSignedCertificate -DnsName own -CertStoreLocation Cert:\LocalMachine\My @days
$listener = @{ Transport = 'HTTPS'; Address = '*'; CertificateThumbPrint = $made.Thumbprint }
New-Item -Path WSMan:\localhost\Listener @listener -Force | Out-Null
"""


@pytest.mark.real
def test_a_listener_of_the_users_own_whose_certificate_has_ended_is_told(
    windows: Cloud, prefect: None
) -> None:
    told_by(windows, windows.world.machine_id, EXPIRED_LISTENER)
    try:
        error = ends_in(windows, CertificateExpired, ANYTHING)
    finally:
        told_by(windows, windows.world.machine_id, NO_LISTENER)
    assert "renew its certificate on the source" in (error.remedy or "")


@pytest.mark.real
def test_a_winrm_that_is_switched_off_is_told_as_off(windows: Cloud, prefect: None) -> None:
    error = ends_in(
        windows,
        DeadlineExceeded,
        "Set-Service -Name WinRM -StartupType Disabled\nStop-Service -Name WinRM -Force",
        ANYTHING,
        connect=1,
    )
    assert "WinRM is off" in error.message
    assert "hardening" in (error.remedy or "")


@pytest.mark.real
def test_a_shell_that_is_left_over_where_one_is_allowed_is_told_as_the_quota(
    windows: Cloud, prefect: None
) -> None:
    """The tenth answer of the first session is to the closing of its shell, which is therefore not closed."""
    windows.local.ask("/_local/faults", method="DELETE")
    cut = {"operation": "GUEST start", "kind": "ssh-cut", "data": {"port": 5986, "connection": 10}}
    windows.local.ask("/_local/faults", method="POST", body=cut)
    error = ends_in(
        windows, ShellQuota, r"Set-Item -Path WSMan:\localhost\Shell\MaxShellsPerUser -Value 1", ANYTHING
    )
    assert "MaxShellsPerUser" in (error.remedy or "")


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
