#!/usr/bin/python3 -IS
"""The run command's handler: runs inside the guest, started by the machine's own agent.

It stands alone: any Python from 3.8 on, nothing but the standard library. The script's text comes with the
settings, runs from memory and is not left behind: the settings file is removed as soon as it is read. A
command that takes longer than some seconds goes on behind the agent's back: the agent has other work.
Python starts without its site (-IS): for an emulated processor that is a second.
"""

from __future__ import annotations

import base64
import datetime
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import IO, Any

TAIL = 4096
WAIT_SECONDS = 15.0
DEFAULT_TIMEOUT = 5400
WAAGENT = Path("/var/lib/waagent")
_NAME, _SEQUENCE = "ConfigExtensionName", "ConfigSequenceNumber"  # as the agent sets them


def now() -> str:
    """Tell the time as Azure writes it."""
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")  # noqa: UP017 - 3.8


class Settings:
    """One command: its settings as the agent left them."""

    def __init__(self, folders: dict[str, str], name: str, sequence: str) -> None:
        self.name, self.sequence = name, sequence
        stem = f"{name}.{sequence}" if name else str(sequence)
        self.status_file = Path(folders["statusFolder"]) / f"{stem}.status"
        self.settings_file = Path(folders["configFolder"]) / f"{stem}.settings"
        self.public: dict[str, Any] = {}
        self.protected: dict[str, Any] = {}

    def read(self) -> None:
        """Read the settings and remove them from the disk."""
        text = self.settings_file.read_text()
        self.settings_file.unlink()
        handler = json.loads(text)["runtimeSettings"][0]["handlerSettings"]
        self.public = handler.get("publicSettings") or {}
        if handler.get("protectedSettings"):
            thumbprint = handler["protectedSettingsCertThumbprint"]
            self.protected = json.loads(decrypt(handler["protectedSettings"], thumbprint))

    def done(self) -> bool:
        """The agent enables everything anew with each goal state: what has ended is not run again."""
        try:
            status = json.loads(self.status_file.read_text())[0]["status"]["status"]
        except (OSError, ValueError, LookupError):
            return False
        return status in ("success", "error")

    def report(self, status: str, result: dict[str, Any], code: int = 0) -> None:
        """Write the status file, whole or not at all."""
        document = [
            {
                "version": 1.0,
                "timestampUTC": now(),
                "status": {
                    "name": self.name,
                    "operation": "Enable",
                    "status": status,
                    "code": code,
                    "formattedMessage": {"lang": "en-US", "message": json.dumps(result)},
                },
            }
        ]
        draft = self.status_file.with_name(f".{self.status_file.name}.{os.getpid()}")
        draft.write_text(json.dumps(document))
        draft.replace(self.status_file)


def decrypt(text: str, thumbprint: str) -> bytes:
    """Open protected settings with the key that the agent keeps for them."""
    command = ["openssl", "cms", "-decrypt", "-inform", "DER", "-inkey", str(WAAGENT / f"{thumbprint}.prv")]
    return subprocess.run(command, input=base64.b64decode(text), stdout=subprocess.PIPE, check=True).stdout


class Tail(threading.Thread):
    """Reads a stream to its end and keeps the last bytes."""

    def __init__(self, stream: IO[bytes] | None) -> None:
        super().__init__(daemon=True)
        self.descriptor, self.kept = (stream.fileno() if stream else -1), b""
        self.start()

    def run(self) -> None:
        """Read."""
        while True:
            try:
                chunk = os.read(self.descriptor, 65536)
            except OSError:
                return
            if not chunk:
                return
            self.kept = (self.kept + chunk)[-TAIL:]

    def text(self) -> str:
        """Return what was kept; a child left in the background may hold the stream open for ever."""
        self.join(1.0)
        return self.kept.decode("utf-8", "replace")


def start(script: str, parameters: list[dict[str, Any]]) -> subprocess.Popen[bytes]:
    """Start a script from memory: by its own interpreter if it names one, else by bash or sh."""
    memory = os.memfd_create("script", 0)
    os.write(memory, script.encode())
    path = f"/proc/self/fd/{memory}"
    shell = "/bin/bash" if Path("/bin/bash").exists() else "/bin/sh"
    command = [path] if script.startswith("#!") else [shell, path]
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("Config", "AZURE_GUEST_AGENT"))}
    for parameter in parameters:
        value = str(parameter.get("value", ""))
        if parameter.get("name"):
            environment[parameter["name"]] = value
        else:
            command.append(value)
    try:
        return subprocess.Popen(
            command,
            cwd="/",
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=[memory],
            start_new_session=True,
        )
    finally:
        os.close(memory)


def run(settings: Settings) -> None:
    """Run the command to its end and report it."""
    public, protected = settings.public, settings.protected
    begun = now()
    process = start(
        public["source"]["script"],
        [*public.get("parameters", ()), *protected.get("protectedParameters", ())],
    )
    out, err = Tail(process.stdout), Tail(process.stderr)
    timed_out = False
    try:
        process.wait(int(public.get("timeoutInSeconds") or DEFAULT_TIMEOUT))
    except subprocess.TimeoutExpired:
        timed_out = True
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    status = process.returncode if process.returncode >= 0 else 128 - process.returncode
    state = "TimedOut" if timed_out else "Succeeded" if status == 0 else "Failed"
    result = {
        "executionState": state,
        "executionMessage": "Execution completed" if state != "TimedOut" else "Execution timed out",
        "output": out.text(),
        "error": err.text(),
        "exitCode": status,
        "startTime": begun,
        "endTime": now(),
    }
    failed = state != "Succeeded" and public.get("treatFailureAsDeploymentFailure", False)
    for stream in (process.stdout, process.stderr):
        if stream:
            stream.close()
    settings.report("error" if failed else "success", result, status if failed else 0)


def attempt(settings: Settings) -> None:
    """Run the command; what prevents it is reported as its failure."""
    try:
        settings.read()
        if not (settings.public.get("source") or {}).get("script"):
            raise ValueError("source.script is required: nothing can be downloaded from here")
        if settings.public.get("runAsUser"):
            raise ValueError("runAsUser is not supported here")
        settings.report("transitioning", {"executionState": "Running", "startTime": now()})
        run(settings)
    except Exception as error:  # whatever it is, the caller must hear of it
        failure = {
            "executionState": "Failed",
            "executionMessage": str(error),
            "error": str(error),
            "exitCode": -1,
        }
        settings.report("error", failure, 1)


def enable() -> None:
    """Run the command that the environment names, in a process of its own."""
    folders = json.loads(Path("HandlerEnvironment.json").read_text())[0]["handlerEnvironment"]
    settings = Settings(folders, os.environ.get(_NAME, ""), os.environ[_SEQUENCE])
    if settings.done():
        settings.settings_file.unlink()
        return
    worker = os.fork()
    if worker == 0:
        os.setsid()
        null = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(null, descriptor)
        attempt(settings)
        os._exit(0)
    until = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < until and os.waitpid(worker, os.WNOHANG)[0] == 0:
        time.sleep(0.02)


if __name__ == "__main__":
    os.chdir(Path(__file__).resolve().parent.parent)
    if sys.argv[1:] == ["enable"]:
        enable()
