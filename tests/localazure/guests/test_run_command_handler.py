"""The run command's handler, started as the agent starts it, in a folder of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from localazure.guests.fabric import run_command_handler


class Extension:
    """The handler's folder, laid out as the agent does."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.status, self.config = base / "status", base / "config"
        for folder in (base / "bin", self.status, self.config):
            folder.mkdir()
        self.handler = base / "bin/handler.py"
        self.handler.write_text(Path(run_command_handler.__file__).read_text())
        environment = {"statusFolder": str(self.status), "configFolder": str(self.config)}
        (base / "HandlerEnvironment.json").write_text(json.dumps([{"handlerEnvironment": environment}]))

    def settings(self, name: str, sequence: int, public: Any) -> Path:
        file = self.config / f"{name}.{sequence}.settings"
        file.write_text(json.dumps({"runtimeSettings": [{"handlerSettings": {"publicSettings": public}}]}))
        return file

    def attempt(self, name: str, sequence: int) -> None:
        """Do what the handler's worker does."""
        folders = {"statusFolder": str(self.status), "configFolder": str(self.config)}
        run_command_handler.attempt(run_command_handler.Settings(folders, name, str(sequence)))

    def call(self, name: str, sequence: int, operation: str = "enable") -> None:
        """Start the handler as the agent does."""
        subprocess.run(
            [sys.executable, self.handler, operation],
            env={"PATH": "/usr/bin:/bin", "ConfigExtensionName": name, "ConfigSequenceNumber": str(sequence)},
            check=True,
            timeout=60,
        )

    def read(self, name: str, sequence: int) -> tuple[str, dict[str, Any]]:
        status = json.loads((self.status / f"{name}.{sequence}.status").read_text())[0]["status"]
        return status["status"], json.loads(status["formattedMessage"]["message"])

    def run(self, script: str, **public: Any) -> tuple[str, dict[str, Any]]:
        self.settings("cmd", 1, {"source": {"script": script}, **public})
        self.attempt("cmd", 1)
        return self.read("cmd", 1)


@pytest.fixture
def extension(tmp_path: Path) -> Extension:
    return Extension(tmp_path)


def test_output_exit_status_and_times_are_reported_and_a_failure_is_the_commands_not_ours(
    extension: Extension,
) -> None:
    status, result = extension.run("echo out; echo err >&2; exit 7")
    assert status == "success"
    assert (result["executionState"], result["exitCode"]) == ("Failed", 7)
    assert (result["output"], result["error"]) == ("out\n", "err\n")
    assert result["startTime"] <= result["endTime"]


def test_a_failure_is_the_deployments_when_so_asked(extension: Extension) -> None:
    status, result = extension.run("exit 1", treatFailureAsDeploymentFailure=True)
    assert (status, result["exitCode"]) == ("error", 1)


def test_a_script_may_name_its_interpreter(extension: Extension) -> None:
    _, result = extension.run(
        f"#!{sys.executable}\nimport sys\nprint(sys.argv[1:])", parameters=[{"value": "a b"}]
    )
    assert result["output"] == "['a b']\n"


def test_named_parameters_are_variables_and_the_agents_own_are_hidden(extension: Extension) -> None:
    _, result = extension.run(
        'echo "$WHO" "$ConfigExtensionName"', parameters=[{"name": "WHO", "value": "x'y"}]
    )
    assert result["output"] == "x'y \n"


def test_a_command_killed_by_a_signal_has_a_shells_exit_status(extension: Extension) -> None:
    assert extension.run("kill -9 $$")[1]["exitCode"] == 137


def test_the_script_is_not_left_on_the_disk(extension: Extension) -> None:
    extension.run("true # marker")
    left = [p for p in extension.base.rglob("*") if p.is_file() and b"marker" in p.read_bytes()]
    assert left == []


def test_a_command_that_has_ended_is_not_run_again(extension: Extension, tmp_path: Path) -> None:
    count = tmp_path / "count"
    extension.settings("cmd", 1, {"source": {"script": f"echo ran >> {count}"}})
    extension.call("cmd", 1)
    settings = extension.settings("cmd", 1, {"source": {"script": f"echo ran >> {count}"}})
    extension.call("cmd", 1)
    assert count.read_text() == "ran\n"
    assert not settings.exists()
    extension.settings("cmd", 2, {"source": {"script": f"echo ran >> {count}"}})
    extension.call("cmd", 2)
    assert count.read_text() == "ran\nran\n"


def test_a_child_left_in_the_background_does_not_hold_the_command_up(extension: Extension) -> None:
    begun = time.monotonic()
    _, result = extension.run("sleep 30 & echo done")
    assert (result["executionState"], result["output"]) == ("Succeeded", "done\n")
    assert time.monotonic() - begun < 10


@pytest.mark.parametrize(
    ("public", "why"),
    [
        ({"source": {"scriptUri": "https://example.org/x"}}, "source.script is required"),
        ({"source": {"script": "true"}, "runAsUser": "me"}, "runAsUser"),
    ],
)
def test_what_cannot_be_done_is_said(extension: Extension, public: dict[str, Any], why: str) -> None:
    extension.settings("cmd", 1, public)
    extension.attempt("cmd", 1)
    status, result = extension.read("cmd", 1)
    assert (status, result["executionState"]) == ("error", "Failed")
    assert why in result["executionMessage"]


def test_settings_that_cannot_be_read_are_reported(extension: Extension) -> None:
    (extension.config / "cmd.1.settings").write_text("{")
    extension.attempt("cmd", 1)
    assert extension.read("cmd", 1)[0] == "error"


def test_a_command_that_takes_too_long_is_killed_with_its_children(extension: Extension) -> None:
    _, result = extension.run("echo begun; sleep 47 & sleep 47", timeoutInSeconds=1)
    assert (result["executionState"], result["output"]) == ("TimedOut", "begun\n")
    running = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert "sleep 47" not in running


def test_other_operations_do_nothing(extension: Extension) -> None:
    extension.call("cmd", 1, "install")
    assert list(extension.status.iterdir()) == []
