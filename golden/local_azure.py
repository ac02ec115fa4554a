"""The local Azure as a process of its own: started, watched and stopped, never imported."""

import json
import os
import random
import shlex
import shutil
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from golden.console import Trouble

START_DEADLINE = 60.0
STOP_DEADLINE = 60.0


def default_state() -> Path:
    """The state directory that `golden local` uses unless told otherwise."""
    state = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local/state")
    return Path(state) / "golden-image-factory" / "local"


@dataclass(frozen=True)
class LocalAzure:
    """A running local Azure, as its server file describes it."""

    state: Path
    server: dict[str, Any]
    child: "subprocess.Popen[bytes] | None" = None
    """The process, where it is this one's child and has to be waited for."""

    @property
    def pid(self) -> int:
        """The server's process."""
        return int(self.server["pid"])

    @property
    def endpoint(self) -> str:
        """The address of its Resource Manager."""
        return str(self.server["endpoint"])

    def ask(self, path: str, *, method: str = "GET", body: dict[str, Any] | None = None) -> Any:
        """What its own pages (`/_local/...`) answer; they are not part of Azure. Trouble where it refuses."""
        trust = ssl.create_default_context(cafile=self.server["ca"])
        request = urllib.request.Request(  # noqa: S310 - https
            self.endpoint + path, data=None if body is None else json.dumps(body).encode(), method=method
        )
        try:
            with urllib.request.urlopen(request, context=trust, timeout=10) as answer:  # noqa: S310 - https
                return json.load(answer)
        except urllib.error.HTTPError as refused:
            raise Trouble(json.load(refused)["error"]["message"]) from None

    def read(self, path: str) -> tuple[bytes, int]:
        """The bytes behind one of its own pages, and how far what they are a part of goes by now."""
        trust = ssl.create_default_context(cafile=self.server["ca"])
        with urllib.request.urlopen(self.endpoint + path, context=trust, timeout=10) as answer:  # noqa: S310 - https
            return answer.read(), int(answer.headers["x-size"])

    def environment(self) -> dict[str, str]:
        """What a client needs to find it and to trust it; the same variables lead to any other Azure."""
        secret = Path(self.server["client_secret_file"]).read_text(encoding="utf-8").strip()
        return {**self._public(), "AZURE_CLIENT_SECRET": secret}

    def exports(self) -> str:
        """The environment as shell text to be evaluated; the secret stays in its file until then."""
        lines = [f"export {name}={shlex.quote(value)}" for name, value in self._public().items()]
        lines.append(f'export AZURE_CLIENT_SECRET="$(cat {shlex.quote(self.server["client_secret_file"])})"')
        return "\n".join(lines)

    def az_commands(self) -> str:
        """Shell text: makes it a cloud of Azure's command line and logs in, in a configuration of its own."""
        exports = {
            "AZURE_CONFIG_DIR": str(self.state / "azure-cli"),
            "AZURE_CORE_INSTANCE_DISCOVERY": "false",
            "REQUESTS_CA_BUNDLE": self.server["ca"],
        }
        lines = [f"export {name}={shlex.quote(value)}" for name, value in exports.items()]
        roles = [
            "resource-manager",
            "active-directory",
            "active-directory-resource-id",
            "active-directory-graph-resource-id",
        ]
        places = " ".join(f"--endpoint-{role} {shlex.quote(self.endpoint)}" for role in roles)
        # accounts have no host of their own here: the command line takes their endpoints from the account
        places += " --suffix-storage-endpoint localhost"
        secret = shlex.quote(self.server["client_secret_file"])
        lines += [
            "az cloud show --name LocalAzure >/dev/null 2>&1 ||",
            f"  az cloud register --name LocalAzure {places} --skip-endpoint-discovery",
            "az cloud set --name LocalAzure --only-show-errors",
            f"az login --service-principal --tenant {self.server['tenant']} --output none "
            f'--username {self.server["client_id"]} --password="$(cat {secret})"',
        ]
        return "\n".join(lines)

    def _public(self) -> dict[str, str]:
        return {
            "AZURE_SUBSCRIPTION_ID": self.server["subscription"],
            "AZURE_TENANT_ID": self.server["tenant"],
            "AZURE_CLIENT_ID": self.server["client_id"],
            "AZURE_AUTHORITY_HOST": self.endpoint,
            "GOLDEN_ARM_ENDPOINT": self.endpoint,
            "GOLDEN_CA_BUNDLE": self.server["ca"],
            "GOLDEN_INSTANCE_DISCOVERY": "false",
        }


def free_network() -> str:
    """The first two numbers of loopback addresses that no machine of a local Azure here uses yet.

    A hint for a world to be made: two that are made at the same moment can still choose the same.
    """
    for number in random.sample(range(16, 120), 20):
        if not any(_is_used(f"127.{number}.0.4", port) for port in (22, 5986)):
            return f"127.{number}"
    raise Trouble(
        "no loopback network is free for the machines", remedy="stop a local Azure: golden local down"
    )


def _is_used(address: str, port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((address, port))
        except OSError:
            return True
    return False


def find(state: Path) -> LocalAzure | None:
    """The local Azure that runs on this state directory, if one does."""
    try:
        server = json.loads((state / "server.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return LocalAzure(state, server) if _alive(int(server["pid"]), state) else None


def start(
    state: Path,
    *,
    scale: float = 0.0,
    guest: str = "namespace",
    port: int = 0,
    on_progress: Callable[[str], None] = lambda _text: None,
) -> LocalAzure:
    """Start a local Azure, or take the one that runs already.

    Where its machines need root it is started by sudo, which says so first.
    """
    running = find(state)
    if running:
        return running
    state.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "localazure", "serve", "--state", str(state), "--port", str(port)]
    command += ["--scale", str(scale), "--guest", guest]
    if needs_root(state, guest):
        on_progress("the machines need root; starting by sudo: " + shlex.join(command))
        command = _privileged(command)
    with (state / "server.out").open("ab") as log:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, cwd=_checkout()
        )
    return _wait_until_ready(state, process)


def prepare(
    state: Path, guest: str, on_progress: Callable[[str, float], None], options: Sequence[str] = ()
) -> None:
    """Build what the machines boot from; a second call finds it built. `options` choose the image.

    Trouble, in the program's own words, where this computer lacks something.
    """
    command = [*_program("prepare", state, guest), *options]
    if needs_root(state, guest):
        command = _privileged(command)
    said = []
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=_checkout()) as process:
        for line in process.stderr or ():
            report = _progress_report(line)
            if report:
                on_progress(*report)
            else:
                said.append(line.strip().removeprefix("localazure: "))
    if process.returncode != 0:
        raise Trouble("; ".join(said[-5:]) or "the machines' image cannot be built", remedy="make host")


def fault_pages(which: str) -> list[dict[str, Any]]:
    """The `named` faults or the `kinds` of faults that a local Azure knows; none has to run."""
    command = [sys.executable, "-m", "localazure", "faults", which]
    told = subprocess.run(command, capture_output=True, text=True, check=True, cwd=_checkout())
    pages: list[dict[str, Any]] = json.loads(told.stdout)
    return pages


def missing(state: Path, guest: str) -> list[str]:
    """What this computer lacks for a kind of guest, a line each, with the command that mends it."""
    state.mkdir(parents=True, exist_ok=True)
    command = _program("missing", state, guest)
    try:
        if needs_root(state, guest):
            command = _privileged(command)
    except Trouble as trouble:
        return [str(trouble)]
    return _lines_of(command)


def needs_root(state: Path, guest: str) -> bool:
    """Whether this user cannot have these guests, but root may. Asked of the guests themselves, once."""
    if os.geteuid() == 0 or guest in ("none", "model", "windows"):
        return False
    return guest == "namespace" or bool(_lines_of(_program("missing", state, guest)))


def _program(command: str, state: Path, guest: str) -> list[str]:
    return [sys.executable, "-m", "localazure", command, "--state", str(state), "--guest", guest]


@cache
def _answer(*command: str) -> tuple[int, str, str]:
    done = subprocess.run(command, capture_output=True, text=True, cwd=_checkout(), check=False)
    return done.returncode, done.stdout, done.stderr


def _lines_of(command: list[str]) -> list[str]:
    """What a program lists; what it complains of, if it failed without a list."""
    status, said, complaint = _answer(*command)
    lines = said.splitlines()
    return lines or (
        [] if status == 0 else complaint.strip().splitlines()[-1:] or [f"it ended with {status}"]
    )


def image_options(flavour: str | None, base_image: Path | None) -> list[str]:
    """Which image machines boot, as the local Azure's own options."""
    options = ["--flavour", flavour] if flavour else []
    return options + (["--base-image", str(base_image.resolve())] if base_image else [])


def stop(running: LocalAzure) -> None:
    """Stop it and its machines; Trouble when it does not end in time."""
    running.ask("/_local/shutdown", method="POST")  # not by signal: it may run as root, and we not
    deadline = time.monotonic() + STOP_DEADLINE
    while _alive(running.pid, running.state):
        if time.monotonic() > deadline:
            raise Trouble(
                f"the local Azure (process {running.pid}) did not stop within {STOP_DEADLINE:.0f} s",
                remedy=f"look at {running.state / 'server.out'}, then: kill -9 {running.pid}",
            )
        time.sleep(0.05)
    if running.child is not None:
        running.child.wait(STOP_DEADLINE)


def _wait_until_ready(state: Path, process: "subprocess.Popen[bytes]") -> LocalAzure:
    deadline = time.monotonic() + START_DEADLINE
    while time.monotonic() < deadline:
        running = find(state)
        if running:
            return replace(running, child=process)
        if process.poll() is not None:
            raise Trouble(f"the local Azure did not start: {_last_line(state)}", remedy=_read(state))
        time.sleep(0.05)
    process.kill()
    raise Trouble(f"the local Azure was not ready within {START_DEADLINE:.0f} s", remedy=_read(state))


def remove(state: Path) -> None:
    """Remove a state directory, root's files in it too."""
    shutil.rmtree(state, ignore_errors=True)
    if state.exists():
        subprocess.run(_privileged(["rm", "-rf", "--", str(state)]), check=True)


def _privileged(command: list[str]) -> list[str]:
    if os.geteuid() == 0:
        return command
    if shutil.which("sudo") is None:
        raise Trouble(
            "these machines of the local Azure need root (namespaces, mounts, loop devices), "
            "and there is no sudo here",
            remedy="run this as root, or choose another kind: --guest qemu, --guest model",
        )
    return ["sudo", "--", *command]


def _progress_report(line: str) -> tuple[str, float] | None:
    try:
        report = json.loads(line)
        return str(report["progress"]), float(report["done"])
    except (ValueError, KeyError, TypeError):
        return None


def _read(state: Path) -> str:
    return f"read {state / 'server.out'}"


def _last_line(state: Path) -> str:
    lines = (state / "server.out").read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return lines[-1] if lines else "it printed nothing"


def _alive(pid: int, state: Path) -> bool:
    """Whether this process is that local Azure: a process ID alone may be somebody else's by now."""
    try:
        raw = Path(f"/proc/{pid}/cmdline").read_bytes()
        zombie = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return False
    words = raw.decode(errors="replace").split("\0")
    return not zombie and "localazure" in words and str(state) in words


def _checkout() -> Path:
    return Path(__file__).resolve().parent.parent
