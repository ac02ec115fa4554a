"""Run Command: results, limits, and that nothing stays behind."""

from datetime import timedelta
from typing import Any

import pytest

from factory.azure.client import Azure
from factory.azure.run_commands import RunCommandResult, run_command
from factory.errors import ExtensionFailed, OperationNotAllowed, OperationTimedOut, OutputTruncated
from tests.factory.azure import bodies
from tests.factory.azure.bodies import VM
from tests.factory.azure.conftest import JumpingClock
from tests.factory.azure.wire import Answer, Wire, fails, running, succeeded

SOON = timedelta(minutes=2)


def outcome(state: str = "Succeeded", **view: Any) -> Answer:
    properties = {"provisioningState": "Succeeded", "instanceView": {"executionState": state, **view}}
    return Answer(200, {"id": f"{VM}/runCommands/c", "name": "c", "location": "w", "properties": properties})


def script_azure(wire: Wire, end: Answer, status: Answer | None = None) -> None:
    wire.on("GET", "/virtualMachines/vm", Answer(200, bodies.machine()))
    wire.on(
        "PUT",
        "/runCommands/c",
        Answer(201, outcome("Pending").body, wire.serve_operation(status or succeeded())),
    )
    wire.on("GET", "/runCommands/c", end)
    wire.on("DELETE", "/runCommands/c", Answer(202, None, wire.serve_operation(succeeded(), name="op2")))


async def run(azure: Azure, **more: Any) -> RunCommandResult:
    return await run_command(azure, VM, name="c", script="id", deadline=SOON, tags={"run": "r-1"}, **more)


async def test_a_script_brings_back_what_it_printed_and_is_taken_away(azure: Azure, wire: Wire) -> None:
    script_azure(wire, outcome(exitCode=0, output="uid=0(root)\n", error=""))
    result = await run(azure)
    assert result.checked() == "uid=0(root)\n"
    put = wire.sent("PUT")[0].body
    assert put["location"] == "westeurope"
    assert put["properties"]["source"] == {"script": "id"}
    assert put["properties"]["timeoutInSeconds"] == 120
    assert put["tags"] == {"run": "r-1"}
    assert wire.sent("DELETE", "/runCommands/c")


async def test_secrets_go_as_protected_parameters(azure: Azure, wire: Wire) -> None:
    script_azure(wire, outcome(exitCode=0))
    await run(azure, parameters={"user": "a"}, protected={"password": "p"}, location="westeurope")
    properties = wire.sent("PUT")[0].body["properties"]
    assert properties["parameters"] == [{"name": "user", "value": "a"}]
    assert properties["protectedParameters"] == [{"name": "password", "value": "p"}]


async def test_a_script_that_fails_is_a_result_until_it_is_checked(azure: Azure, wire: Wire) -> None:
    script_azure(wire, outcome("Failed", exitCode=3, output="a", error="line\nno such file\n"))
    result = await run(azure)
    assert (result.state, result.exit_code) == ("Failed", 3)
    with pytest.raises(ExtensionFailed, match=r"run c in VM vm.*exit code 3: no such file"):
        result.checked()


async def test_a_script_cut_by_its_deadline_is_told_so(azure: Azure, wire: Wire) -> None:
    script_azure(wire, outcome("TimedOut", executionMessage="Command timed out"))
    with pytest.raises(ExtensionFailed, match="TimedOut"):
        (await run(azure)).checked()


def test_an_exit_code_counts_although_azure_calls_it_a_success() -> None:
    with pytest.raises(ExtensionFailed, match="exit code 2"):
        RunCommandResult("vm", "c", "Succeeded", 2, "", "").checked()


def test_output_that_reaches_azures_limit_is_not_taken_for_whole() -> None:
    short = RunCommandResult("vm", "c", "Succeeded", 0, "x" * 4095, "")
    full = RunCommandResult("vm", "c", "Succeeded", 0, "é" * 2048, "")
    assert short.checked(whole=True) == short.output
    assert full.checked() == full.output
    with pytest.raises(OutputTruncated, match="4096"):
        full.checked(whole=True)


async def test_the_command_is_taken_away_after_a_failure_too_and_the_first_error_is_told(
    azure: Azure, wire: Wire, clock: JumpingClock
) -> None:
    script_azure(wire, outcome(), status=running())
    wire.on("DELETE", "/runCommands/c", fails(409, "Conflict"))
    with pytest.raises(OperationTimedOut, match="run c in VM vm"):
        await run(azure)
    assert wire.sent("DELETE", "/runCommands/c")


async def test_a_machine_that_is_off_refuses_it(azure: Azure, wire: Wire) -> None:
    script_azure(wire, outcome())
    text = "The operation requires the VM to be running (or set to run)."
    wire.on("PUT", "/runCommands/c", fails(409, "OperationNotAllowed", text))
    with pytest.raises(OperationNotAllowed, match="requires the VM to be running"):
        await run(azure)
