"""Where machines are born: a small process that forks the first process of each boot.

It is forked from the yard before that has threads or connections, and everything that a machine's first
process will need is loaded by then: there is nothing to import behind `change_root`. One request per message:
the plan, and with it the machine's end of its control channel and its console.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import socket
import traceback
from typing import NoReturn

from localazure.guests.model import init, jail
from localazure.guests.model.plan import BootPlan
from localazure.guests.namespace import kernel

_PR_SET_CHILD_SUBREAPER = 36

assert ctypes  # noqa: S101 - loaded here, for those who come to be


class Nursery:
    """The yard's end of it."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.pid = os.fork()
        if self.pid == 0:
            ours.close()
            _serve(theirs)
        theirs.close()
        self._channel = ours

    def bear(self, plan: BootPlan, control: socket.socket, console: int) -> None:
        """Have a machine's first process forked; it speaks up on its control channel."""
        socket.send_fds(self._channel, [plan.to_json().encode()], [control.fileno(), console])

    def close(self) -> None:
        """End it; machines that run end when their control channels do."""
        self._channel.close()
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.pid, 0)


def _serve(channel: socket.socket) -> NoReturn:
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    signal.signal(
        signal.SIGCHLD, signal.SIG_IGN
    )  # nobody waits: whoever is born here is reaped by the kernel
    kernel.control_process(_PR_SET_CHILD_SUBREAPER, 1)
    while True:
        message, descriptors = init.receive(channel, 2)
        if not message:
            os._exit(0)
        if os.fork() == 0:
            channel.close()
            _deliver(BootPlan.from_json(message.decode()), *descriptors)
        for descriptor in descriptors:
            os.close(descriptor)


def _deliver(plan: BootPlan, control: int, console: int) -> NoReturn:
    line = socket.socket(fileno=control)
    try:
        os.setsid()
        os.umask(0o022)
        jail.leave(plan)
        first = os.fork()
        if first:
            init.say(line, event="born", pid=first)
            os._exit(0)
        jail.build(plan)
        null = os.open(os.devnull, os.O_RDONLY)
        for source, target in ((null, 0), (console, 1), (console, 2)):
            os.dup2(source, target)
        os.setsid()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        init.run(plan, line)
    except BaseException as error:  # this process must end here, whatever happens
        traceback.print_exc()
        with contextlib.suppress(OSError):
            init.say(line, event="failed", why=f"{type(error).__name__}: {error}")
    os._exit(1)
