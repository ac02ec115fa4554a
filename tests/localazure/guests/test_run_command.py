"""Run Command travels as on Azure: a goal state, a package that the agent downloads, a status it reports."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from localazure.guests.base import ExtensionGoal
from tests.localazure.guests.conftest import Guest, shared_machine, until

pytestmark = [pytest.mark.guest, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def guest(_image: None, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Guest]:
    """One machine for all of these: a command takes seconds, as the agent sleeps between its steps."""
    async with shared_machine(tmp_path_factory.mktemp("run-command")) as guest:
        yield await guest.agent_ready()


async def test_commands_run_one_after_the_other_and_each_is_reported_with_its_own_result(
    guest: Guest,
) -> None:
    first = await guest.run_command("first", 1, "id -un; echo trouble >&2; exit 3")
    second = await guest.run_command(
        "second",
        1,
        "echo $GREETING $1",
        parameters=[{"name": "GREETING", "value": "hi & <you>"}, {"value": "2"}],
    )

    result = (first.execution_state, first.exit_code, first.stdout, first.stderr)
    assert result == ("Failed", 3, "root\n", "trouble\n")
    assert first.started and first.ended and first.started <= first.ended
    assert (second.execution_state, second.exit_code, second.stdout) == ("Succeeded", 0, "hi & <you> 2\n")


async def test_only_the_end_of_long_output_is_reported(guest: Guest) -> None:
    status = await guest.run_command("long", 1, "seq 100000; echo last")
    assert len(status.stdout) == 4096
    assert status.stdout.endswith("100000\nlast\n")


async def test_a_command_that_takes_too_long_is_killed_and_reported_as_timed_out(guest: Guest) -> None:
    status = await guest.run_command("slow", 1, "echo begun; sleep 61", timeoutInSeconds=1)
    assert (status.execution_state, status.stdout) == ("TimedOut", "begun\n")
    assert "sleep 61" not in await guest.ssh("ps -eo args")


async def test_protected_parameters_arrive_and_are_nowhere_in_the_clear(guest: Guest) -> None:
    status = await guest.run_command(
        "secret",
        1,
        'echo "${#TOKEN} characters"',
        protected={"protectedParameters": [{"name": "TOKEN", "value": "hunter2-hunter2"}]},
    )

    assert status.stdout == "15 characters\n"
    assert "hunter2" not in await guest.sudo("grep -rs hunter2 /var /etc /run /tmp || true")
    outside = [p for p in guest.state.rglob("*") if p.is_file() and not p.is_symlink()]
    assert not [p for p in outside if b"hunter2" in p.read_bytes()]


async def test_a_done_command_does_not_run_again_when_the_agent_restarts(guest: Guest) -> None:
    await guest.run_command("once", 1, "echo ran >> /root/count")

    await guest.sudo("systemctl restart walinuxagent")
    seen = guest.report().agent_seen or 0
    await until(lambda: (guest.report().agent_seen or 0) > seen + 2, 30, "the agent's return")

    assert (await guest.sudo("cat /root/count")) == "ran\n"


async def test_a_command_is_not_reported_while_the_agent_is_stopped(guest: Guest) -> None:
    await guest.sudo("systemctl stop walinuxagent")
    await guest.host.set_extensions(guest.id, [ExtensionGoal("late", 1, {"source": {"script": "echo hi"}})])

    with pytest.raises(AssertionError, match="a report"):
        await until(lambda: "late" in guest.report().extensions, 3, "a report")

    await guest.sudo("systemctl start walinuxagent")
    await until(lambda: "late" in guest.report().extensions, 30, "the report")


async def test_what_the_agent_leaves_of_a_command_is_gone_after_deprovisioning(guest: Guest) -> None:
    await guest.run_command("marked", 1, "true # unmistakable-marker")
    settings = "/var/lib/waagent/Microsoft.CPlat.Core.RunCommandHandlerLinux-1.0.0/config/marked.1.settings"
    assert (await guest.sudo(f"test -e {settings} || echo gone")) == "gone\n"

    left = await guest.sudo(  # one login: the host keys go, and with them the next
        "waagent -deprovision -force > /dev/null; grep -rlsI unmistakable-marker /var /etc /root /tmp || true"
    )
    assert left == ""
