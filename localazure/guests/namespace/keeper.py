"""One boot of a machine: makes its PID namespace, waits for its init to end, and says how it ended.

The keeper stands between the supervisor and the guest's init because a process that makes a PID namespace can
do so once. It is also the second line of defence: if the supervisor is killed, its pipe ends, and the keeper
kills the guest and removes the control group; if the keeper is killed, the kernel kills the guest's init too.

On standard output, one JSON line each: {"init": PID} when the init runs, or {"failed": TEXT}; then
{"ended": HOW}.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
from pathlib import Path
from typing import NoReturn

from localazure.guests.namespace import kernel, rootfs
from localazure.guests.namespace.cgroups import ControlGroup
from localazure.guests.namespace.plan import BootPlan

INIT = "/sbin/init"
_IGNORED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE)
_ENDINGS = {signal.SIGHUP: "reboot", signal.SIGINT: "poweroff"}  # reboot(2) in a PID namespace


def _say(**fact: object) -> None:
    print(json.dumps(fact), flush=True)  # noqa: T201 - the protocol with the supervisor


def _become_init(plan: BootPlan, trouble: int) -> NoReturn:
    try:
        kernel.die_with_parent(signal.SIGKILL)
        (Path(plan.group) / "cgroup.procs").write_text("0")
        kernel.enter_namespace(plan.network, kernel.CLONE_NEWNET)
        kernel.unshare(
            kernel.CLONE_NEWNS | kernel.CLONE_NEWUTS | kernel.CLONE_NEWIPC | kernel.CLONE_NEWCGROUP
        )
        os.umask(0o022)
        rootfs.build(plan)
        for standard in (0, 1, 2):
            os.dup2(plan.console, standard)
        os.setsid()
        rootfs.renounce_capabilities()
        for ignored in _IGNORED:
            signal.signal(ignored, signal.SIG_DFL)
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "container": "localazure", "TERM": "dumb"}
        os.execve(INIT, [INIT, "--show-status=yes"], environment)  # noqa: S606 - a shell has no place here
    except BaseException as error:  # this process must end here, whatever happens
        os.write(trouble, f"{type(error).__name__}: {error}".encode())
    os._exit(1)


def _start(plan: BootPlan) -> tuple[int, str]:
    """Fork the guest's init; returns its id and, if it could not start, why."""
    listen, trouble = os.pipe2(os.O_CLOEXEC)
    kernel.unshare(kernel.CLONE_NEWPID)
    child = os.fork()
    if child == 0:
        _become_init(plan, trouble)
    os.close(trouble)
    with os.fdopen(listen) as pipe:
        return child, pipe.read()


def _wait(plan: BootPlan, child: int) -> str:
    """Wait for the init, or kill it when the supervisor is gone."""
    watch = os.pidfd_open(child)
    poll = select.poll()
    poll.register(watch, select.POLLIN)
    poll.register(plan.life, select.POLLIN | select.POLLHUP)
    orphaned = False
    while True:
        ready = {descriptor for descriptor, _ in poll.poll()}
        if plan.life in ready and not orphaned:
            orphaned = True
            poll.unregister(plan.life)
            os.kill(child, signal.SIGKILL)
        if watch in ready:
            break
    _, status = os.waitpid(child, 0)
    if orphaned:
        ControlGroup(Path(plan.group)).remove()
    return _ENDINGS.get(signal.Signals(os.WTERMSIG(status)), "killed") if os.WIFSIGNALED(status) else "ended"


def main() -> int:
    """Keep one boot."""
    for ignored in _IGNORED:
        signal.signal(ignored, signal.SIG_IGN)
    plan = BootPlan.from_json(sys.stdin.read())
    child, trouble = _start(plan)
    if trouble:
        os.waitpid(child, 0)
        _say(failed=trouble)
        return 1
    os.close(plan.network)
    os.close(plan.console)
    _say(init=child)
    ending = _wait(plan, child)
    try:
        _say(ended=ending)
    except OSError:
        return 0  # nobody is left to tell
    return 0


if __name__ == "__main__":
    sys.exit(main())
