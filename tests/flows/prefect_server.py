"""A Prefect server and a worker as people run them: programs on loopback, reached over HTTP.

Not Prefect's test harness, which runs flows in the test's own process: here schedules, work pools, the run
form and the environment that a flow's process inherits are the real ones.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import httpx

T = TypeVar("T")

CHECKOUT = Path(__file__).resolve().parents[2]
POOL = "golden"
START_DEADLINE = 120.0
STOP_DEADLINE = 45.0
COMMAND_DEADLINE = 120.0
ENDED = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")
QUIET = {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_SCHEDULER_RECENT_DEPLOYMENTS_LOOP_SECONDS": "1",
    "PREFECT_WORKER_QUERY_SECONDS": "2",
    "PREFECT_CLI_COLORS": "false",
    "NO_PROXY": "127.0.0.1,localhost",
}


class PrefectServer:
    """A server with a database of its own under `home`, and the programs that belong to it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.address = f"http://127.0.0.1:{_free_port()}"
        self.http = httpx.Client(base_url=f"{self.address}/api", timeout=30, trust_env=False)
        self._programs: list[subprocess.Popen[bytes]] = []

    def start(self) -> PrefectServer:
        """Start the server; a fresh database takes it about 20 seconds."""
        self.home.mkdir(parents=True)
        port = self.address.rsplit(":", 1)[1]
        self._launch("server", "server", "start", "--host", "127.0.0.1", "--port", port)
        until("a healthy Prefect server", self._healthy, START_DEADLINE, self._logs)
        return self

    def start_worker(self) -> subprocess.Popen[bytes]:
        """Start a process worker in a directory that is not the checkout; the runs get its environment."""
        worker = self._launch("worker", "worker", "start", "--type", "process", "--pool", POOL)
        until("an online worker", self._worker_is_online, START_DEADLINE, self._logs)
        return worker

    def environment(self) -> dict[str, str]:
        """This process's, less what it knows of other Prefects, plus the way to this server."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
        own = {"PREFECT_HOME": str(self.home), "PREFECT_API_URL": f"{self.address}/api"}
        return {**inherited, **QUIET, **own}

    def run(self, *command: str, **more: str) -> str:
        """Run a program in the checkout, against this server; its output, or a failure that shows it."""
        done = subprocess.run(
            command,
            env={**self.environment(), **more},
            cwd=CHECKOUT,
            timeout=COMMAND_DEADLINE,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout

    def stop(self) -> list[str]:
        """Stop all, the server last, with everything that they started; what had to be killed for it."""
        for program in reversed(self._programs):
            program.terminate()
            try:
                program.wait(STOP_DEADLINE)
            except subprocess.TimeoutExpired:
                continue
        self.http.close()
        return self._kill_the_rest()

    # --- What the API says

    def deployment(self, name: str) -> dict[str, Any]:
        """A deployment by "flow/deployment"."""
        found: dict[str, Any] = self._ask("GET", f"/deployments/name/{name}")
        return found

    def schedule_once(self, deployment: dict[str, Any], after: timedelta) -> datetime:
        """Add a schedule that is due after that time, and then not for a year. Returns when it is due.

        By an update of the deployment, which the scheduler sees within seconds; a schedule that is added
        beside it is seen within a minute.
        """
        due = datetime.now(UTC) + after
        soon = {"interval": 365 * 86400, "anchor_date": due.isoformat()}
        schedules = [
            {"slug": old["slug"], "active": old["active"], "schedule": old["schedule"]}
            for old in deployment["schedules"]
        ]
        schedules.append({"slug": "soon", "active": True, "schedule": soon})
        self._ask("PATCH", f"/deployments/{deployment['id']}", {"schedules": schedules})
        return due

    def runs_of(self, deployment: dict[str, Any]) -> list[dict[str, Any]]:
        """Its runs that are due or have begun, newest first."""
        now = (datetime.now(UTC) + timedelta(minutes=1)).isoformat()
        body = {
            "deployments": {"id": {"any_": [deployment["id"]]}},
            "flow_runs": {"expected_start_time": {"before_": now}},
            "sort": "EXPECTED_START_TIME_DESC",
        }
        found: list[dict[str, Any]] = self._ask("POST", "/flow_runs/filter", body)
        return found

    def wait_for_end(self, run: dict[str, Any], deadline: float) -> dict[str, Any]:
        """The run once it has ended, however."""

        def ended() -> dict[str, Any] | None:
            now: dict[str, Any] = self._ask("GET", f"/flow_runs/{run['id']}")
            return now if now["state_type"] in ENDED else None

        return until(f"the end of flow run {run['name']}", ended, deadline, lambda: self.log_of(run))

    def steps_of(self, run: dict[str, Any]) -> dict[str, str]:
        """Its task runs in their order: name -> state."""
        body = {"flow_runs": {"id": {"any_": [run["id"]]}}, "sort": "EXPECTED_START_TIME_ASC"}
        return {task["name"]: task["state_name"] for task in self._ask("POST", "/task_runs/filter", body)}

    def artifacts_of(self, run: dict[str, Any]) -> list[dict[str, Any]]:
        """What the run published. Kept results are artifacts too, which its page does not show."""
        shown = {"flow_run_id": {"any_": [run["id"]]}, "type": {"not_any_": ["result"]}}
        body = {"artifacts": shown}
        found: list[dict[str, Any]] = self._ask("POST", "/artifacts/filter", body)
        return found

    def log_of(self, run: dict[str, Any]) -> str:
        """What the run's page shows as its log."""
        body = {"logs": {"flow_run_id": {"any_": [run["id"]]}}, "sort": "TIMESTAMP_ASC"}
        return "\n".join(line["message"] for line in self._ask("POST", "/logs/filter", body))

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        """Ask; again while SQLite is locked (503), as Prefect's own clients do."""
        answers: list[httpx.Response] = []

        def answered() -> bool:
            answers.append(self.http.request(method, path, json=body))
            return answers[-1].status_code != 503

        until(f"{method} {path}", answered, 30)
        assert answers[-1].is_success, f"{method} {path}: {answers[-1].status_code} {answers[-1].text}"
        return answers[-1].json() if answers[-1].content else None

    # --- Processes

    def _launch(self, name: str, *words: str) -> subprocess.Popen[bytes]:
        """Start a program of Prefect's, which ends on SIGTERM by sending itself SIGINT.

        So that must not be ignored, as it is by whatever a shell starts in its background.
        """
        with (self.home / f"{name}.log").open("ab") as log:
            program = subprocess.Popen(
                ["env", "--default-signal=INT", sys.executable, "-m", "prefect", *words],
                env=self.environment(),
                cwd=self.home,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._programs.append(program)
        return program

    def _healthy(self) -> bool:
        self._all_run()
        try:
            return self.http.get("/health").is_success
        except httpx.TransportError:
            return False

    def _worker_is_online(self) -> bool:
        self._all_run()
        answer = self.http.post(f"/work_pools/{POOL}/workers/filter", json={})
        return answer.is_success and any(worker["status"] == "ONLINE" for worker in answer.json())

    def _all_run(self) -> None:
        assert all(program.poll() is None for program in self._programs), self._logs()

    def _logs(self) -> str:
        return "\n".join(path.read_text(errors="replace")[-4000:] for path in self.home.glob("*.log"))

    def _kill_the_rest(self) -> list[str]:
        """A flow run has a process group of its own, so that of its worker is not all: look through /proc."""
        killed = []
        for pid in _processes_with(f"PREFECT_HOME={self.home}"):
            killed.append(_command_line(pid))
            os.kill(pid, signal.SIGKILL)
        for program in self._programs:
            program.wait(STOP_DEADLINE)
        return killed


def until(
    what: str, look: Callable[[], T | None], deadline: float, explain: Callable[[], str] = lambda: ""
) -> T:
    """Look until there is something; a failure with the explanation when the deadline (seconds) is over."""
    end = time.monotonic() + deadline
    while True:
        seen = look()
        if seen:
            return seen
        assert time.monotonic() < end, f"{what}: not within {deadline:g} s\n{explain()}"
        time.sleep(0.25)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _processes_with(variable: str) -> list[int]:
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and int(folder.name) != os.getpid():
            try:
                environment = (folder / "environ").read_bytes().split(b"\0")
            except OSError:
                continue
            if variable.encode() in environment:
                found.append(int(folder.name))
    return found


def _command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return f"process {pid}"
