"""The command line as a user types it, against a local Azure without machines."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from golden import local_azure
from golden.app import app
from tests.cloud import environment

RECIPE = str(Path(__file__).resolve().parents[2] / "deployments/recipes/demo.yaml")


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("golden")


@pytest.fixture(scope="module")
def wire(state: Path) -> Iterator[Path]:
    """A running local Azure, found through its environment."""
    local = local_azure.start(state, guest="none")
    try:
        with environment({**local.environment(), "GOLDEN_RUNS": str(state / "runs")}):
            yield state
    finally:
        local_azure.stop(local)


def golden(*words: str) -> tuple[int, str]:
    """Exit status and both outputs."""
    result = CliRunner().invoke(app, list(words))
    return result.exit_code, result.output


def test_a_plan_that_cannot_be_carried_out_names_every_reason_and_makes_nothing(wire: Path) -> None:
    status, text = golden("plan", RECIPE)
    assert status == 1
    for field in ("source.vm", "build.subnet", "target.definition"):
        assert field in text
    assert "remedy:" in text
    assert not (wire / "runs").exists()


def test_a_missing_recipe_is_one_clear_error(wire: Path) -> None:
    status, text = golden("rebuild", "/nowhere.yaml")
    assert status == 1
    assert "cannot be read" in text
    assert "Traceback" not in text


def test_without_any_azure_the_remedy_says_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(("AZURE_", "GOLDEN_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AZURE_SUBSCRIPTION_ID", "")
    status, text = golden("reap", "--dry-run")
    assert status == 1
    assert "AZURE_SUBSCRIPTION_ID" in text


def test_nothing_left_over_is_said_and_is_empty_json(wire: Path) -> None:
    assert golden("reap", "--dry-run") == (0, "nothing is left over\n")
    status, text = golden("reap", "--json")
    assert (status, json.loads(text)) == (0, [])


def test_the_environment_is_shell_text_without_the_secret_in_it(wire: Path) -> None:
    status, text = golden("local", "env", "--state", str(wire))
    secret = os.environ["AZURE_CLIENT_SECRET"]
    assert status == 0
    assert secret not in text
    assert f"export AZURE_SUBSCRIPTION_ID={os.environ['AZURE_SUBSCRIPTION_ID']}" in text
    assert "$(cat " in text


def test_what_runs_is_told(wire: Path) -> None:
    status, text = golden("local", "status", "--state", str(wire))
    assert status == 0
    assert "not_implemented" in text
    assert golden("local", "ps", "--state", str(wire))[0] == 0
    assert '"method"' in golden("local", "log", "--state", str(wire), "-n", "1")[1]


def test_the_environment_of_azures_command_line_keeps_the_secret_in_its_file(wire: Path) -> None:
    status, text = golden("local", "env", "--az", "--state", str(wire))
    assert status == 0
    assert f"export AZURE_CONFIG_DIR={wire}/azure-cli" in text
    assert "az cloud register --name LocalAzure --endpoint-resource-manager https://127.0.0.1:" in text
    assert (wire / "client-secret").read_text() not in text


def test_the_coverage_of_the_local_azure_is_a_table_or_json(wire: Path) -> None:
    status, text = golden("local", "coverage", "--state", str(wire), "--json")
    found = json.loads(text)
    assert (status, found["summary"]["operations"]) == (0, len(found["operations"]))
    status, text = golden("local", "coverage", "--state", str(wire))
    assert status == 0
    assert "implemented" in text
    assert f"operations: {found['summary']['operations']}" in text


def test_a_local_azure_that_does_not_run_is_said_with_the_remedy(tmp_path: Path) -> None:
    status, text = golden("local", "status", "--state", str(tmp_path))
    assert status == 1
    assert "golden local up" in text


def test_up_and_down_leave_no_process_and_no_state(tmp_path: Path) -> None:
    command = [str(Path(sys.executable).with_name("golden")), "local", "up", "--state", str(tmp_path / "s")]
    subprocess.run(
        [*command, "--guest", "none"], check=True, timeout=60
    )  # outlives the process that started it
    running = local_azure.find(tmp_path / "s")
    assert running is not None
    assert golden("local", "down", "--state", str(tmp_path / "s"), "--all")[0] == 0
    assert local_azure.find(tmp_path / "s") is None
    assert not (tmp_path / "s").exists()


def test_the_manual_and_the_schema_are_printed() -> None:
    assert "`machine_id_blank`" in golden("catalogue")[1]
    pages = json.loads(golden("catalogue", "--json")[1])
    assert {page["kind"] for page in pages} == {"operation", "check", "distribution", "known failure"}
    windows = json.loads(golden("catalogue", "windows", "--json")[1])
    assert {page["family"] for page in windows} == {"windows"}
    assert "properties" in json.loads(golden("recipe-schema")[1])


def test_an_unknown_guest_is_refused_with_what_is_known() -> None:
    status, text = golden("demo", "--guest", "vmware")
    assert status == 1
    assert "known are" in text
