"""Scripts that travel to the guest's agent and what comes back."""

from __future__ import annotations

from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError
from azure.mgmt.compute import ComputeManagementClient

from tests.localazure.machines import Yard


def command(*lines: str, **properties: Any) -> Any:  # the SDK's types list models only; it takes dictionaries
    return {"location": "westeurope", "properties": {"source": {"script": "\n".join(lines)}} | properties}


def test_a_script_runs_in_the_guest_and_its_output_is_read_from_the_instance_view(
    yard: Yard, compute: ComputeManagementClient
) -> None:
    vm = yard.machine()
    body = command("echo $who", "write /etc/motd hi", parameters=[{"name": "who", "value": "world"}])
    operations = compute.virtual_machine_run_commands
    operations.begin_create_or_update(yard.name, "vm", "greet", body, polling_interval=0.05).result()
    done = operations.get_by_virtual_machine(yard.name, "vm", "greet", expand="instanceView")
    assert done.provisioning_state == "Succeeded"
    assert done.instance_view is not None
    assert (done.instance_view.execution_state, done.instance_view.exit_code) == ("Succeeded", 0)
    assert done.instance_view.output == "world\n"
    assert yard.files(yard.os_disk(vm))["/etc/motd"] == "hi"
    assert [one.name for one in operations.list_by_virtual_machine(yard.name, "vm")] == ["greet"]


def test_without_expand_there_is_no_instance_view(yard: Yard) -> None:
    vm = yard.machine()
    yard.done(yard.wire("PUT", f"{vm}/runCommands/c", command("echo x")))
    assert "instanceView" not in yard.get(f"{vm}/runCommands/c")["properties"]


def test_a_protected_parameter_reaches_the_guest_and_is_never_shown(yard: Yard) -> None:
    vm = yard.machine()
    secret = [{"name": "token", "value": "s3cret-word"}]
    response = yard.wire("PUT", f"{vm}/runCommands/c", command("write seen yes", protectedParameters=secret))
    assert response.status_code == 201
    assert "s3cret-word" not in response.text
    yard.done(response)
    shown = yard.wire("GET", f"{vm}/runCommands/c", **{"$expand": "instanceView"}).text
    assert "s3cret-word" not in shown and "protectedParameters" not in shown
    assert yard.guest(vm)["goals"]["c"]["parameters"] == secret


def test_a_failing_script_is_a_succeeded_deployment_with_a_failed_view(yard: Yard) -> None:
    vm = yard.machine()
    yard.done(yard.wire("PUT", f"{vm}/runCommands/c", command("echo before", "exit 3")))
    properties = yard.get(f"{vm}/runCommands/c", **{"$expand": "instanceView"})["properties"]
    assert properties["provisioningState"] == "Succeeded"
    view = properties["instanceView"]
    assert (view["executionState"], view["exitCode"], view["output"]) == ("Failed", 3, "before\n")


def test_a_failing_script_fails_the_deployment_when_that_is_asked(yard: Yard) -> None:
    vm = yard.machine()
    body = command("exit 3", treatFailureAsDeploymentFailure=True)
    error = yard.failed(yard.wire("PUT", f"{vm}/runCommands/c", body))
    assert error["code"] == "VMExtensionProvisioningError"
    assert "the script exited with 3" in error["message"]
    assert yard.get(f"{vm}/runCommands/c")["properties"]["provisioningState"] == "Failed"


def test_an_asynchronous_script_is_done_when_it_has_begun(yard: Yard) -> None:
    vm = yard.machine()
    yard.done(yard.wire("PUT", f"{vm}/runCommands/c", command("hang", asyncExecution=True)))
    view = yard.get(f"{vm}/runCommands/c", **{"$expand": "instanceView"})["properties"]["instanceView"]
    assert view["executionState"] == "Running"
    assert "exitCode" not in view


def test_putting_a_command_again_runs_it_again(yard: Yard) -> None:
    vm = yard.machine()
    yard.done(yard.wire("PUT", f"{vm}/runCommands/c", command("write count one")))
    again = yard.wire("PUT", f"{vm}/runCommands/c", command("write count two"))
    assert again.status_code == 200
    yard.done(again)
    assert yard.files(yard.os_disk(vm))["count"] == "two"
    assert yard.guest(vm)["goals"]["c"]["sequence"] == 1


def test_a_deleted_command_leaves_the_goal_state_and_its_name_can_be_used_again(yard: Yard) -> None:
    vm = yard.machine()
    yard.done(yard.wire("PUT", f"{vm}/runCommands/c", command("write count one")))
    yard.done(yard.wire("DELETE", f"{vm}/runCommands/c"))
    assert yard.wire("GET", f"{vm}/runCommands/c").status_code == 404
    assert yard.guest(vm)["goals"] == {}
    yard.done(yard.wire("PUT", f"{vm}/runCommands/c", command("write count two")))
    assert yard.files(yard.os_disk(vm))["count"] == "two", (
        "the agent must not take the new one for the old one"
    )


def test_one_goal_state_holds_all_commands(yard: Yard) -> None:
    vm = yard.machine()
    for name in ("a", "b"):
        yard.done(yard.wire("PUT", f"{vm}/runCommands/{name}", command(f"write {name} 1")))
    assert set(yard.guest(vm)["goals"]) == {"a", "b"}


def test_a_silent_agent_fails_the_command_in_azures_words(yard: Yard) -> None:
    yard.behave("mute", agent="silent")
    vm = yard.machine("mute")
    error = yard.failed(yard.wire("PUT", f"{vm}/runCommands/c", command("echo x")))
    assert error["code"] == "VMAgentStatusCommunicationError"
    assert error["message"].startswith("VM 'mute' has not reported status for VM agent or extensions.")
    action = yard.act(vm, "runCommand", {"commandId": "RunShellScript", "script": ["echo x"]})
    assert yard.failed(action)["code"] == "VMAgentStatusCommunicationError"


def test_a_script_that_never_ends_holds_its_name(yard: Yard) -> None:
    vm = yard.machine()
    yard.wire("PUT", f"{vm}/runCommands/c", command("hang", timeoutInSeconds=1))
    status, code, _ = yard.refused(yard.wire("PUT", f"{vm}/runCommands/c", command("echo x")))
    assert (status, code) == (409, "AnotherOperationInProgress")


def test_a_machine_that_goes_ends_its_scripts(yard: Yard) -> None:
    vm = yard.machine()
    running = yard.wire("PUT", f"{vm}/runCommands/c", command("hang", timeoutInSeconds=60))
    yard.done(yard.wire("DELETE", vm))
    assert yard.canceled(running)["code"] == "OperationPreempted"


@pytest.mark.parametrize("state", ["stopped", "deallocated", "generalized"])
def test_a_machine_that_is_off_refuses_scripts(yard: Yard, state: str) -> None:
    vm = yard.machine()
    yard.bring(vm, state)
    found = yard.refused(yard.wire("PUT", f"{vm}/runCommands/c", command("echo x")))
    assert found == (
        409,
        "OperationNotAllowed",
        "The operation requires the VM to be running (or set to run).",
    )
    assert yard.wire("GET", f"{vm}/runCommands/c").status_code == 404


def test_the_action_answers_in_its_result(yard: Yard, compute: ComputeManagementClient) -> None:
    yard.machine()
    body: Any = {"commandId": "RunShellScript", "script": ["echo one", "echo two"]}
    result = compute.virtual_machines.begin_run_command(yard.name, "vm", body, polling_interval=0.05).result()
    assert result.value is not None
    (entry,) = result.value
    assert entry.code == "ProvisioningState/succeeded"
    assert entry.message == "Enable succeeded: \n[stdout]\none\ntwo\n\n[stderr]\n"


def test_the_action_runs_one_script_at_a_time(yard: Yard) -> None:
    vm = yard.machine()
    yard.act(vm, "runCommand", {"commandId": "RunShellScript", "script": ["hang"]})
    body = {"commandId": "RunShellScript", "script": ["echo x"]}
    status, code, message = yard.refused(yard.act(vm, "runCommand", body))
    assert (status, code) == (409, "Conflict")
    assert message.startswith("Run command extension execution is in progress.")


BAD: list[tuple[dict[str, Any], int, str]] = [
    ({"source": None}, 400, "Required parameter 'properties.source' is missing (null)."),
    ({"source": {"script": "  "}}, 400, "Required parameter 'properties.source.script' is missing (null)."),
    ({"timeoutInSeconds": 99999}, 400, "The value 99999 of parameter timeoutInSeconds is out of range."),
    ({"runAsUser": "root"}, 501, "The local Azure does not implement run commands with runAsUser."),
    (
        {"source": {"scriptUri": "https://x"}},
        501,
        "The local Azure does not implement run commands whose source",
    ),
    ({"parameters": [{"value": "x"}]}, 400, "The value of parameter parameters is invalid."),
]


@pytest.mark.parametrize(("change", "status", "text"), BAD, ids=[text[:40] for _, _, text in BAD])
def test_a_bad_command_is_refused(yard: Yard, change: dict[str, Any], status: int, text: str) -> None:
    vm = yard.machine()
    found = yard.refused(yard.wire("PUT", f"{vm}/runCommands/c", command("echo x", **change)))
    assert found[0] == status
    assert found[2].startswith(text)


def test_a_command_on_no_machine_names_the_missing_parent(yard: Yard) -> None:
    path = yard.path("virtualMachines", "ghost") + "/runCommands/c"
    assert yard.refused(yard.wire("PUT", path, command("echo x")))[:2] == (404, "ParentResourceNotFound")
    assert yard.refused(yard.wire("GET", path))[:2] == (404, "ResourceNotFound")


def test_the_sdk_reads_the_refusal(yard: Yard, compute: ComputeManagementClient) -> None:
    vm = yard.machine()
    yard.bring(vm, "stopped")
    with pytest.raises(HttpResponseError) as caught:
        compute.virtual_machine_run_commands.begin_create_or_update(yard.name, "vm", "c", command("echo x"))
    assert caught.value.error is not None
    assert caught.value.error.code == "OperationNotAllowed"


def test_a_patched_command_runs_again_with_its_parameters(yard: Yard) -> None:
    vm = yard.machine()
    body = command("echo $who", parameters=[{"name": "who", "value": "one"}])
    yard.done(yard.wire("PUT", f"{vm}/runCommands/c", body))
    change = {"properties": {"parameters": [{"name": "who", "value": "two"}]}}
    response = yard.wire("PATCH", f"{vm}/runCommands/c", change)
    assert response.status_code == 200
    assert response.json()["properties"]["provisioningState"] == "Updating"
    yard.done(response)
    view = yard.get(f"{vm}/runCommands/c", **{"$expand": "instanceView"})["properties"]["instanceView"]
    assert view["output"] == "two\n"


def test_a_command_cannot_be_deleted_while_it_runs(yard: Yard) -> None:
    vm = yard.machine()
    yard.wire("PUT", f"{vm}/runCommands/c", command("hang", timeoutInSeconds=1))
    assert yard.refused(yard.wire("DELETE", f"{vm}/runCommands/c"))[:2] == (409, "AnotherOperationInProgress")
    assert yard.wire("DELETE", f"{vm}/runCommands/other").status_code == 204


@pytest.mark.parametrize("body", [{"commandId": "RunPowerShellScript"}, {"commandId": "RunShellScript"}])
def test_the_action_needs_a_shell_script(yard: Yard, body: dict[str, Any]) -> None:
    assert yard.act(yard.machine(), "runCommand", body).status_code in (400, 501)
