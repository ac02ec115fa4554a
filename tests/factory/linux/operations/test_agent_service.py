"""The agent is stopped, however it was started."""

import time

from factory.guest.command import sh, sh_script
from factory.linux.checks.agent_stopped import agent_stopped
from factory.linux.context import Context
from factory.linux.operations.agent_service import agent_service
from tests.factory.linux.tree import Tree

_START = """
mkdir -p /mnt/sbin
printf '#!/bin/sh\\n%s\\nwhile :; do sleep 1; done\\n' "$1" > /mnt/sbin/waagent
chmod +x /mnt/sbin/waagent
/mnt/sbin/waagent -daemon > /dev/null 2>&1 &
sleep 0.3
"""


def test_an_agent_without_a_unit_is_ended_by_its_process(tree: Tree, context: Context) -> None:
    tree.do(sh_script(_START, ":"))
    assert tree.probe(agent_stopped, context), "the agent of this test must run"
    tree.apply(agent_service, context)
    assert not tree.probe(agent_stopped, context)


def test_what_merely_talks_of_the_agent_is_let_be(tree: Tree, context: Context) -> None:
    tree.do(sh_script("sh -c 'sleep 30; : /usr/sbin/waagent -daemon' > /dev/null 2>&1 &"))
    tree.apply(agent_service, context)
    assert "waagent -daemon" in tree.do(sh("ps", "ax"))[0].stdout


def test_an_agent_that_ignores_a_polite_end_is_killed(tree: Tree, context: Context) -> None:
    tree.do(sh_script(_START, "trap '' TERM"))
    begun = time.monotonic()
    tree.apply(agent_service, context)
    assert time.monotonic() - begun < 30
    time.sleep(0.2)
    assert not tree.probe(agent_stopped, context)


def test_the_service_is_asked_first_where_systemd_runs(context: Context) -> None:
    first = next(agent_service(context))
    assert first.line == "systemctl stop walinuxagent"
    assert first.guard == "test -e /run/systemd/system"
