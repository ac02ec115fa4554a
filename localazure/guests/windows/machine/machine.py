"""One modelled machine that is on: its document, what runs, and the doors to each part of its state."""

from __future__ import annotations

import copy
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from localazure.guests.base import ExtensionGoal, MachineSpec
from localazure.guests.windows.machine.certificates import Certificates
from localazure.guests.windows.machine.clock import Clock
from localazure.guests.windows.machine.files import Drive, Files
from localazure.guests.windows.machine.process import SYSTEM, Process, ProcessTable, Token
from localazure.guests.windows.machine.registry import Registry
from localazure.guests.windows.machine.users import ADMINISTRATORS, Users
from localazure.guests.windows.powershell.values import CaseDict

log = logging.getLogger("localazure.windows")
GB = 1 << 30


@dataclass
class Volume:
    """A disk at a LUN: its content's document, and the letter of its volume while this machine has it."""

    lun: int
    content: str
    size_gb: int
    name: str
    document: dict[str, Any]


@dataclass
class AgentState:
    """What the guest agent has said since power-on, and the goals it was given."""

    provisioning: str | None = None
    detail: str = ""
    seen: float | None = None
    goals: dict[str, ExtensionGoal] = field(default_factory=dict)
    statuses: dict[str, dict[str, Any]] = field(default_factory=dict)


class Machine:
    """A machine from power-on to power-off. Its parts change the document under `lock`."""

    def __init__(
        self,
        spec: MachineSpec,
        document: dict[str, Any],
        volumes: list[Volume],
        clock: Clock,
        save: Callable[[Machine], None],
    ) -> None:
        self.spec, self.document, self.volumes, self.clock = spec, document, volumes, clock
        self._save = save
        self.lock = threading.RLock()
        self.registry = Registry(document["registry"], self.changed)
        self.files = Files(self.drives, clock.now, self.changed)
        self.users = Users(document, clock.now, self.changed)
        self.certificates = Certificates(document["certificates"], clock.now, self.changed)
        self.processes = ProcessTable(clock.now)
        self.agent = AgentState()
        self.temporary: dict[str, Any] = {}
        self.booted = clock.now()
        self.up = threading.Event()
        """Set once Windows runs: services, agent and listeners are there."""
        self.off = threading.Event()
        self.reboot_wanted = threading.Event()
        self.console: list[str] = []
        self.unknown: list[str] = []
        """What scripts asked for and the model does not know."""
        self.at_start: list[str] = []
        """Failures to bring about before the agent's first word, and below when Sysprep begins."""
        self.at_sysprep: list[str] = []
        self.listeners_changed: Callable[[], None] = lambda: None

    # State.

    @property
    def os(self) -> dict[str, Any]:
        """Caption, build, revision, edition."""
        found: dict[str, Any] = self.document["os"]
        return found

    def changed(self) -> None:
        """Something of the document changed: it will be written."""
        self._save(self)

    def snapshot(self) -> dict[str, Any]:
        """The OS disk's document at this moment."""
        with self.lock:
            return copy.deepcopy(self.document)

    @property
    def computer_name(self) -> str:
        """The name in force since the last start."""
        key = r"HKLM\SYSTEM\CurrentControlSet\Control\ComputerName\ActiveComputerName"
        return str(self.registry.value(key, "ComputerName", "") or "WIN-MODELLED")

    @property
    def image_state(self) -> str:
        """Setup's ImageState."""
        from localazure.guests.windows.machine.baseline import SETUP_STATE  # noqa: PLC0415 - data

        return str(self.registry.value(SETUP_STATE, "ImageState", ""))

    def set_image_state(self, state: str) -> None:
        """Write ImageState where Windows keeps it: registry and State.ini."""
        from localazure.guests.windows.machine.baseline import SETUP_STATE  # noqa: PLC0415 - data

        with self.lock:
            self.registry.set(SETUP_STATE, "ImageState", state)
            self.files.make_directory(r"C:\Windows\Setup\State")
            self.files.write_text(r"C:\Windows\Setup\State\State.ini", f"[State]\r\nImageState={state}\r\n")

    def drives(self) -> dict[str, Drive]:
        """The drive letters now."""
        disk = self.document["disk"]
        size = int(disk.get("size_gb", 127)) * GB
        found = {
            "C": Drive("C", self.document["files"], size, int(disk["used_gb"] * GB)),
            "D": Drive("D", self.temporary, 16 * GB),
        }
        for volume in self.volumes:
            letter = volume.document.get("letter")
            if letter and volume.document.get("formatted") and not volume.document.get("offline"):
                found[letter] = Drive(letter, volume.document["files"], volume.size_gb * GB)
        return found

    def uptime(self) -> float:
        """Seconds since the last start."""
        return (self.clock.now() - self.booted).total_seconds()

    def service(self, name: str) -> dict[str, Any] | None:
        """A service by its name."""
        found: dict[str, Any] | None = self.document["services"].get(name.lower())
        return found

    def say(self, text: str) -> None:
        """Write a line to the serial console."""
        self.console.append(f"{self.clock.now():%Y-%m-%dT%H:%M:%S} {text}")

    # Who may come in, and as what.

    def token_of(self, account: dict[str, Any], *, network: bool) -> Token:
        """The token of a login. A local administrator other than RID 500 is filtered over the network unless
        LocalAccountTokenFilterPolicy says otherwise."""
        admin = ADMINISTRATORS in account["groups"]
        key = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System"
        unfiltered = (
            account["rid"] == 500 or self.registry.value(key, "LocalAccountTokenFilterPolicy", 0) == 1
        )
        return Token(account["name"], self.users.sid(account), elevated=admin and (unfiltered or not network))

    def profile_of(self, token: Token) -> str:
        """The profile folder of a user, made at the first login."""
        if token.is_system:
            return r"C:\Windows\System32\config\systemprofile"
        known = next((one for one in self.users.profiles if one["sid"] == token.sid), None)
        if known is not None:
            return str(known["path"])
        with self.lock:
            path = f"C:\\Users\\{token.user}"
            if self.files.exists(path):
                path += f".{self.computer_name}"
            for folder in ("AppData\\Local\\Temp", "Desktop", "Documents"):
                self.files.make_directory(f"{path}\\{folder}")
            self.users.profiles.append({"sid": token.sid, "path": path, "special": False})
            key = rf"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\ProfileList\{token.sid}"
            self.registry.set(key, "ProfileImagePath", path)
            self.changed()
        return path

    def environment(self, token: Token) -> CaseDict:
        """The environment of a new process."""
        profile = self.profile_of(token)
        temporary = r"C:\Windows\TEMP" if token.is_system else f"{profile}\\AppData\\Local\\Temp"
        key = r"HKLM\SYSTEM\CurrentControlSet\Control\Session Manager\Environment"
        found = CaseDict(
            {
                "ALLUSERSPROFILE": r"C:\ProgramData",
                "ProgramData": r"C:\ProgramData",
                "ProgramFiles": r"C:\Program Files",
                "ProgramFiles(x86)": r"C:\Program Files (x86)",
                "SystemDrive": "C:",
                "SystemRoot": r"C:\Windows",
                "windir": r"C:\Windows",
                "PUBLIC": r"C:\Users\Public",
                "NUMBER_OF_PROCESSORS": "2",
                "PROCESSOR_ARCHITECTURE": "AMD64",
                "PATHEXT": ".COM;.EXE;.BAT;.CMD;.VBS;.VBE;.JS;.JSE;.WSF;.WSH;.MSC",
            }
        )
        for name, _, data in self.registry.values(key):
            found[name] = (
                str(data).replace("%SystemRoot%", r"C:\Windows").replace("%SYSTEMROOT%", r"C:\Windows")
            )
        found["COMPUTERNAME"] = self.computer_name
        found["USERNAME"] = f"{self.computer_name}$" if token.is_system else token.user
        found["USERDOMAIN"] = "WORKGROUP" if token.is_system else self.computer_name
        found["USERPROFILE"] = profile
        found["LOCALAPPDATA"] = f"{profile}\\AppData\\Local"
        found["APPDATA"] = f"{profile}\\AppData\\Roaming"
        found["TEMP"] = found["TMP"] = temporary
        return found

    def spawn(
        self, name: str, path: str, token: Token, *, parent: Process | None = None, **more: Any
    ) -> Process:
        """Make a process: in its parent's job, with its parent's environment, or with a new one."""
        environment = CaseDict(parent.environment.items()) if parent else self.environment(token)
        more.setdefault("directory", parent.directory if parent else self.profile_of(token))
        more.setdefault("job", parent.job if parent else "")
        return self.processes.add(
            name, path, token, environment=environment, parent=parent.pid if parent else 4, **more
        )

    def system_process(self, name: str, path: str) -> Process:
        """A process of SYSTEM that belongs to no shell."""
        return self.spawn(name, path, SYSTEM, directory=r"C:\Windows\System32")
