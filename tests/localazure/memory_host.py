"""A host whose machines and disks are dictionaries, so that tests of the services' rules take milliseconds.

`--guest tests.localazure.memory_host` takes it. Tests reach into it through routes of its own (`/_stub/…`):
what is on a disk, how a machine of a name behaves, which contents were copied together. It survives the
server's death, as real machines do. Its guests understand scripts of these lines: `echo TEXT`,
`write FILE TEXT`, `exit N`, `hang`, `poweroff`.
"""

from __future__ import annotations

import base64
import json
import time
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from starlette.responses import Response

from localazure.arm.calls import Call
from localazure.arm.routing import route
from localazure.arm.wire import reply
from localazure.guests.base import (
    AgentReport,
    ExtensionGoal,
    ExtensionStatus,
    GuestError,
    MachineSpec,
    MarketplaceImage,
    Progress,
    Rule,
    UnknownContentError,
)
from localazure.guests.disturbances import Disturbance

MAGIC = b"memory-host\n"
IMAGES = ("1.0.0", "1.2.0", "1.10.0")


class MemoryHost:
    """Implements `localazure.guests.base.Host`."""

    name = "memory"
    proof = "no guest at all"
    disturbances = frozenset({"die"})
    interfaces = 2

    def __init__(self, state: Path) -> None:
        self._file = state / "memory-host.json"
        kept = json.loads(self._file.read_text()) if self._file.exists() else {}
        self.contents: dict[str, dict[str, Any]] = kept.get("contents", {})
        self.machines: dict[str, dict[str, Any]] = kept.get("machines", {})
        self.behaviours: dict[str, dict[str, Any]] = kept.get("behaviours", {})
        self.copies: list[list[str]] = kept.get("copies", [])
        for version in IMAGES:
            self.contents.setdefault(f"image-{version}", {"size_gb": 30, "files": {"version": version}})

    def _save(self) -> None:
        state = {
            "contents": self.contents,
            "machines": self.machines,
            "behaviours": self.behaviours,
            "copies": self.copies,
        }
        draft = self._file.with_suffix(".new")
        draft.write_text(json.dumps(state))
        draft.replace(self._file)

    def missing(self) -> list[str]:
        return []

    async def prepare(self, progress: Progress) -> None:
        progress("nothing", 1.0)

    def images(self) -> list[MarketplaceImage]:
        return [
            MarketplaceImage("Debian", "debian-12", "12-gen2", v, f"image-{v}", "Linux", 30, "V2")
            for v in IMAGES
        ]

    def _new(self, content: dict[str, Any]) -> str:
        name = str(uuid.uuid4())
        self.contents[name] = content
        self._save()
        return name

    async def create_empty(self, size_gb: int) -> str:
        return self._new({"size_gb": size_gb, "files": {}})

    async def copy(self, contents: Sequence[str]) -> list[str]:
        for content in contents:
            if content not in self.contents:
                raise UnknownContentError(f"no content {content}")
        self.copies.append(list(contents))
        return [self._new(json.loads(json.dumps(self.contents[content]))) for content in contents]

    async def discard(self, content: str) -> None:
        self.contents.pop(content, None)
        self._save()

    async def write_raw(self, content: str, size_gb: int, target: Path) -> None:
        """The document at the disk's beginning, and nothing but room after it."""
        if content not in self.contents:
            raise UnknownContentError(f"no content {content}")
        document = json.dumps(self.contents[content], sort_keys=True).encode()
        raw = self.contents[content].get("raw")
        with target.open("xb") as file:
            file.write(MAGIC + document + b"\0" if raw is None else base64.b64decode(raw))
            file.truncate(size_gb << 30)

    async def read_raw(self, source: Path) -> str:
        """Its first MiB is all that is kept of another's disk."""
        with source.open("rb") as file:
            head = file.read(1 << 20)
        if head.startswith(MAGIC):
            return self._new(json.loads(head.removeprefix(MAGIC).partition(b"\0")[0]))
        raw = base64.b64encode(head.rstrip(b"\0")).decode()
        return self._new({"size_gb": source.stat().st_size >> 30, "files": {}, "raw": raw})

    def used_bytes(self, content: str) -> int:
        return len(json.dumps(self.contents[content]))

    # machines

    async def start(self, spec: MachineSpec) -> None:
        behaviour = self.behaviours.get(spec.name, {})
        if behaviour.get("start") == "fails":
            raise GuestError("the machine's init did not come up")
        machine = self.machines.setdefault(spec.machine_id, {"starts": 0, "goals": {}})
        machine |= {
            "name": spec.name,
            "os_disk": spec.os_disk,
            "data_disks": {str(disk.lun): disk.content for disk in spec.data_disks},
            "address": spec.address,
            "dvd": spec.provisioning is not None,
            "metadata": dict(spec.metadata),
            "inbound": [rule.name for rule in spec.inbound],
            "running": True,
            "starts": machine["starts"] + 1,
            "statuses": {},
        }
        if spec.provisioning is not None and behaviour.get("provisioning") is None:
            self.contents[spec.os_disk]["files"] |= {
                "user": spec.provisioning.admin_username,
                "hostname": spec.provisioning.computer_name,
                "keys": [key for _, key in spec.provisioning.public_keys],
                "password": spec.provisioning.admin_password,
            }
        self._save()

    async def power_off(self, machine_id: str, *, graceful: bool, deadline: float = 90.0) -> None:
        if self.is_running(machine_id):
            self.machines[machine_id] |= {"running": False, "graceful": graceful}
            self._save()

    async def restart(self, machine_id: str) -> None:
        self.machines[machine_id]["restarts"] = self.machines[machine_id].get("restarts", 0) + 1
        self._save()

    def is_running(self, machine_id: str) -> bool:
        return bool(self.machines.get(machine_id, {}).get("running"))

    def report(self, machine_id: str) -> AgentReport:
        machine = self.machines.get(machine_id)
        if machine is None or not machine["running"]:
            return AgentReport()
        behaviour = self.behaviours.get(machine["name"], {})
        talks = behaviour.get("agent", "ready") == "ready"
        word = behaviour.get("provisioning")
        return AgentReport(
            provisioning=None if word == "silent" else "NotReady" if word else "Ready",
            provisioning_detail=word or "",
            agent_version="2.9.1.1" if talks else None,
            agent_status="Ready" if talks else None,
            agent_seen=time.time() if talks else None,
            os_name="debian" if talks else None,
            os_version="12" if talks else None,
            computer_name=machine["name"] if talks else None,
            extensions=self._statuses(machine) if talks else {},
        )

    def _statuses(self, machine: dict[str, Any]) -> Mapping[str, ExtensionStatus]:
        for name, goal in machine["goals"].items():
            status = machine["statuses"].get(name)
            if status is None or status["sequence"] != goal["sequence"]:
                machine["statuses"][name] = self._run(machine, name, goal)
                self._save()
        return {name: ExtensionStatus(**status) for name, status in machine["statuses"].items()}

    def _run(self, machine: dict[str, Any], name: str, goal: dict[str, Any]) -> dict[str, Any]:
        values = {one["name"]: one["value"] for one in goal["parameters"]}
        stdout, code, hangs = "", 0, False
        for line in goal["script"].splitlines():
            word, _, rest = line.strip().partition(" ")
            if word == "echo":
                stdout += values.get(rest.removeprefix("$"), rest) + "\n"
            elif word == "write":
                file, _, text = rest.partition(" ")
                self.contents[machine["os_disk"]]["files"][file] = text
            elif word == "exit":
                code = int(rest)
            elif word == "hang":
                hangs = True
            elif word == "poweroff":
                machine["running"] = False
        now = "2026-11-23T10:00:00+00:00"
        return {
            "name": name,
            "handler": "Microsoft.CPlat.Core.RunCommandHandlerLinux",
            "version": "1.0.0",
            "handler_status": "Ready",
            "sequence": goal["sequence"],
            "status": "transitioning" if hangs else "error" if code else "success",
            "execution_state": "Running" if hangs else "Failed" if code else "Succeeded",
            "exit_code": None if hangs else code,
            "message": f"the script exited with {code}" if code else "",
            "stdout": stdout,
            "stderr": "",
            "started": now,
            "ended": None if hangs else now,
        }

    async def disturb(self, machine_id: str, disturbance: Disturbance) -> None:
        machine = self.machines[machine_id]
        machine.setdefault("disturbances", []).append(disturbance.document())
        if disturbance.effect == "die":
            machine["running"] = False
        self._save()

    async def set_inbound(self, machine_id: str, rules: Sequence[Rule]) -> None:
        self.machines[machine_id]["inbound"] = [rule.name for rule in rules]

    async def set_extensions(self, machine_id: str, goals: Sequence[ExtensionGoal]) -> None:
        if not self.is_running(machine_id):
            raise GuestError("the machine is off")
        self.machines[machine_id]["goals"] = {
            goal.name: {
                "sequence": goal.sequence,
                "script": goal.public["source"]["script"],
                "parameters": [
                    *goal.public.get("parameters", []),
                    *(goal.protected or {}).get("protectedParameters", []),
                ],
            }
            for goal in goals
        }
        self._save()

    def serial_log(self, machine_id: str) -> bytes:
        return f"console of {self.machines[machine_id]['name']}\n".encode()

    async def forget(self, machine_id: str) -> None:
        self.machines.pop(machine_id, None)
        self._save()

    def adopt(self) -> None:
        pass

    async def shutdown(self) -> None:
        for machine in self.machines.values():
            machine["running"] = False
        self._save()


def open_host(state: Path) -> MemoryHost:
    return MemoryHost(state)


def _host(call: Call) -> MemoryHost:
    host = call.world.guests
    assert isinstance(host, MemoryHost)
    return host


@route("GET", "/_stub", public=True, bare=True)
async def look(call: Call) -> Response:
    host = _host(call)
    documents = {
        doc["id"].lower(): doc["_content"]
        for doc in call.world.store.beneath("/subscriptions")
        if "_content" in doc
    }
    return Response(
        json.dumps(
            {
                "contents": host.contents,
                "machines": host.machines,
                "copies": host.copies,
                "content_of": documents,
            }
        ),
        media_type="application/json",
    )


@route("POST", "/_stub/machines/{name}", public=True, bare=True)
async def behave(call: Call) -> Response:
    """Say how a machine of a name behaves from now on; null takes a behaviour back."""
    host = _host(call)
    wanted = host.behaviours.setdefault(call.path["name"], {})
    wanted |= call.json
    for key in [key for key, value in wanted.items() if value is None]:
        del wanted[key]
    for machine in host.machines.values():
        if machine["name"] == call.path["name"] and wanted.get("power") == "off":
            machine["running"] = False
    host._save()
    return reply({"now": wanted})


@route("POST", "/_stub/contents/{content}", public=True, bare=True)
async def write(call: Call) -> Response:
    """Change what is on a disk, as its guest would."""
    host = _host(call)
    host.contents[call.path["content"]]["files"] |= call.json
    host._save()
    return reply({})
