"""The first process of a machine: init, service manager, and the host's ear inside.

It runs what it is asked to run, reaps what ends, and answers the machine's own programs, which ask through a
pipe as systemctl asks systemd. When the yard goes away, or it ends itself, the kernel ends the machine.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import json
import os
import signal
import socket
import sys
import termios
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from localazure.guests import full_disk
from localazure.guests.model.agent import Agent
from localazure.guests.model.jail import OVERLAY_OPTIONS
from localazure.guests.model.logins import login, sshd_keys
from localazure.guests.model.plan import BootPlan
from localazure.guests.model.services import Manager

MESSAGE = 1 << 17
ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "LANG": "C.UTF-8",
}
_REQUESTS = Path("/run/model/requests")
_REPLIES = Path("/run/model/replies")
_TERM_SECONDS = 1.0
_INHERITED = (signal.SIGCHLD, signal.SIGPIPE, signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGXFSZ)
_LISTEN_SECONDS = 2.0


def say(line: socket.socket, descriptors: Sequence[int] = (), **message: Any) -> None:
    """Send one message over a control channel."""
    socket.send_fds(line, [json.dumps(message).encode()], list(descriptors))


def receive(line: socket.socket, most: int) -> tuple[bytes, list[int]]:
    """Take one message; its descriptors are for us alone, and for no program that is started later."""
    message, descriptors, _, _ = socket.recv_fds(line, MESSAGE, most)
    for descriptor in descriptors:
        os.set_inheritable(descriptor, False)
    return message, descriptors


class Init:
    """One boot, seen from inside."""

    def __init__(self, plan: BootPlan, line: socket.socket) -> None:
        self.plan, self.line = plan, line
        self.ending = ""
        self._waiting: dict[int, asyncio.Future[int]] = {}
        self._ended: dict[int, int] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self.over = asyncio.Event()
        self.services = Manager(self)
        self.agent = Agent(self)

    # Processes.

    def spawn(
        self,
        argv: Sequence[str],
        *,
        environment: dict[str, str] | None = None,
        streams: Sequence[int] = (),
        directory: str = "/",
        terminal: bool = False,
    ) -> int:
        """Start a process in a session of its own; raises OSError when there is no such program."""
        values = {**ENVIRONMENT, **(environment or {})}
        program = _find(argv[0], values["PATH"])
        child = os.fork()
        if child == 0:
            try:
                _become(program, argv, values, streams, directory, terminal)
            except OSError as error:
                os.write(2, f"{argv[0]}: {error.strerror}\n".encode())
            os._exit(127)
        self._waiting[child] = asyncio.get_running_loop().create_future()
        return child

    async def wait(self, pid: int) -> int:
        """Wait for a process that was spawned; its status as a shell tells it."""
        return await self._waiting[pid]

    async def run(self, argv: Sequence[str], **options: Any) -> int:
        """Start a process and wait for it."""
        try:
            return await self.wait(self.spawn(argv, **options))
        except OSError as error:
            self.log(f"{argv[0]}: {error.strerror}")
            return 203  # what systemd says where it cannot execute

    def reap(self) -> None:
        """Take note of all that have ended; orphans are ours as well."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            future = self._waiting.pop(pid, None)
            if future and not future.done():
                code = os.waitstatus_to_exitcode(status)
                future.set_result(code if code >= 0 else 128 - code)

    def task(self, work: Any) -> None:
        """Do something beside everything else."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            self.log("init: " + " ".join(traceback.format_exception(error)).replace("\n", " "))

    def log(self, text: str) -> None:
        """Write a line to the console."""
        os.write(1, f"{text}\r\n".encode())

    def tell(self, **message: Any) -> None:
        """Tell the yard something; without a yard it ends."""
        with contextlib.suppress(OSError):
            say(self.line, **message)

    # What is asked from outside.

    def heed(self) -> None:
        """Read what the yard wants."""
        try:
            message, descriptors = receive(self.line, 4)
        except BlockingIOError:
            return
        except OSError:
            message, descriptors = b"", []
        if not message:
            os._exit(0)  # the yard is gone: the plug is pulled
        request = json.loads(message)
        answer: dict[str, Any] = {}
        try:
            answer = self._do(request, descriptors)
        except OSError as error:
            answer = {"error": f"{error.strerror or error}", "errno": error.errno}
        finally:
            for descriptor in descriptors:
                os.close(descriptor)
        self.tell(re=request["id"], **answer)

    def _do(self, request: dict[str, Any], descriptors: list[int]) -> dict[str, Any]:
        operation = request["op"]
        if operation == "exec":
            return self._execute(request, descriptors)
        if operation == "login":
            return login(request["user"])
        if operation == "sshd":
            return sshd_keys()
        if operation == "goals":
            self.agent.want(json.loads(_text(descriptors[0])))
        elif operation == "exists":
            return {"exists": os.path.lexists(request["path"])}
        elif operation == "fill":
            full_disk.fill(Path("/proc/self/mountinfo").read_text(), OVERLAY_OPTIONS)
        elif operation == "freeze":
            os.kill(-1, signal.SIGSTOP)
        elif operation == "thaw":
            os.kill(-1, signal.SIGCONT)
        elif operation == "power":
            self.power(request["how"])
        else:
            return {"error": f"unknown operation {operation!r}"}
        return {}

    def _execute(self, request: dict[str, Any], descriptors: list[int]) -> dict[str, Any]:
        pid = self.spawn(
            request["argv"],
            environment=request.get("env"),
            streams=descriptors,
            directory=request.get("cwd", "/"),
            terminal=bool(request.get("terminal")),
        )

        async def follow() -> None:
            self.tell(event="exit", id=request["id"], status=await self.wait(pid))

        self.task(follow())
        return {"pid": pid}

    # What is asked from inside.

    def answer_requests(self, descriptor: int) -> None:
        """Read which programs of the machine want something; each left its words in a file."""
        with contextlib.suppress(BlockingIOError):
            for pid in os.read(descriptor, 4096).split():
                self.task(self._serve(pid.decode()))

    async def _serve(self, name: str) -> None:
        reply, request = _REPLIES / name, _REPLIES / f"{name}.request"
        try:
            words = request.read_text().split("\0")[:-1]
        except OSError:
            return
        try:
            status, text = await self._answer(words)
        except Exception as error:  # whoever asked waits for an answer
            status, text = 1, f"{type(error).__name__}: {error}"
        with contextlib.suppress(OSError):
            descriptor = await _listener(reply)
            os.set_blocking(descriptor, True)
            with os.fdopen(descriptor, "w") as file:
                file.write(f"{status}\n{text}")

    async def _answer(self, words: list[str]) -> tuple[int, str]:
        if words[0] == "systemctl":
            return await self.services.command(words[1:])
        if words[0] == "power":
            self.power(words[1])
            return 0, ""
        if words[0] == "health":
            self.tell(event="health", state=words[1], substatus=words[2], description=words[3])
            self.agent.look()
            return 0, ""
        return 1, f"init: no such request: {words[0]}\n"

    # The way of a boot.

    def power(self, how: str) -> None:
        """Begin to shut down: `poweroff` or `reboot`."""
        if not self.ending:
            self.ending = how
            self.task(self._shut_down())

    async def _shut_down(self) -> None:
        with contextlib.suppress(Exception):
            await self.services.stop_all()
        with contextlib.suppress(OSError):
            os.kill(-1, signal.SIGTERM)
            os.kill(-1, signal.SIGCONT)
        until = time.monotonic() + _TERM_SECONDS
        while _others() and time.monotonic() < until:  # noqa: ASYNC110 - nobody tells of another's child
            await asyncio.sleep(0.005)
        with contextlib.suppress(OSError):
            os.kill(-1, signal.SIGKILL)
        self.log("Rebooting." if self.ending == "reboot" else "Powering off.")
        self.tell(event="ended", how=self.ending)
        self.over.set()

    async def live(self) -> None:
        """From power-on to power-off."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGCHLD, self.reap)
        self.line.setblocking(False)
        loop.add_reader(self.line.fileno(), self.heed)
        requests = os.open(_REQUESTS, os.O_RDWR | os.O_NONBLOCK)  # never at its end, whoever comes and goes
        loop.add_reader(requests, self.answer_requests, requests)
        self.tell(event="running")
        self.task(self.agent.watch())
        self.task(self._boot())
        await self.over.wait()

    async def _boot(self) -> None:
        status = await self.run(["/usr/lib/model/boot"], environment={"BOOT": str(self.plan.boot)})
        if status != 0:
            self.log("You are in emergency mode.")
            return
        await self.services.start_enabled()
        name = socket.gethostname()
        self.log(f"\r\nDebian GNU/Linux 12 {name} ttyS0 (a model guest: a simulation)\r\n\r\n{name} login:")


async def _listener(reply: Path) -> int:
    """Open a pipe for which somebody is about to listen; OSError where nobody does."""
    until = time.monotonic() + _LISTEN_SECONDS
    while True:
        try:
            return os.open(reply, os.O_WRONLY | os.O_NONBLOCK)
        except OSError as error:
            if error.errno != errno.ENXIO or time.monotonic() > until:
                raise
        await asyncio.sleep(0.001)


def _find(program: str, path: str) -> str:
    if "/" in program:
        return program
    for place in path.split(":"):
        if os.access(f"{place}/{program}", os.X_OK):
            return f"{place}/{program}"
    raise FileNotFoundError(2, "command not found")


def _become(  # noqa: PLR0917 - the parts of a process
    program: str,
    argv: Sequence[str],
    environment: dict[str, str],
    streams: Sequence[int],
    directory: str,
    terminal: bool,
) -> None:
    os.setsid()
    signal.set_wakeup_fd(-1)
    for number in _INHERITED:
        signal.signal(number, signal.SIG_DFL)
    for target, source in enumerate(streams[:3]):
        os.dup2(source, target)
    for kept in streams[3:]:
        os.set_inheritable(kept, True)
    if terminal:
        _control_terminal()
    try:
        os.chdir(directory)
    except OSError:
        os.chdir("/")
    os.execve(program, list(argv), environment)  # noqa: S606 - a shell has no place here


def _control_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def _others() -> list[str]:
    return [name for name in os.listdir("/proc") if name.isdigit() and name != "1"]  # noqa: PTH208 - hot


def _text(descriptor: int) -> str:
    os.lseek(descriptor, 0, os.SEEK_SET)
    with os.fdopen(os.dup(descriptor)) as file:
        return file.read()


Start = Callable[..., int]


def run(plan: BootPlan, line: socket.socket) -> None:
    """Be the first process of a machine until it is off."""
    sys.stdout = sys.stderr = os.fdopen(os.dup(1), "w", buffering=1)
    say(line, event="pid", boot=plan.boot)

    async def life() -> None:
        await Init(plan, line).live()

    asyncio.run(life())
    os._exit(0)
