"""What is known about a Windows guest: one script, one model.

Facts are taken from the source before anything is changed and from the test machine afterwards; what the two
must not share is decided by comparing them.
"""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, field_validator

from factory.guest.command import MINUTE
from factory.guest.guest import Guest, run_checked
from factory.guest.powershell import ps_file
from factory.windows.answers import answer_of, moment

_SCRIPT = Path(__file__).parent / "scripts" / "facts.ps1"


class Account(BaseModel):
    """A local account."""

    model_config = ConfigDict(frozen=True)

    name: str
    sid: str
    enabled: bool


class Profile(BaseModel):
    """A user's folder and the account that it belongs to."""

    model_config = ConfigDict(frozen=True)

    path: str
    sid: str


class DataDisk(BaseModel):
    """A data disk at its LUN."""

    model_config = ConfigDict(frozen=True)

    lun: int
    size_bytes: int


class Volume(BaseModel):
    """A volume with a drive letter."""

    model_config = ConfigDict(frozen=True)

    letter: str
    label: str = ""
    size_bytes: int = 0


class WindowsFacts(BaseModel):
    """What a Windows guest is. Files are SHA-256 by path, None where there is none."""

    model_config = ConfigDict(frozen=True)

    os: Literal["windows"] = "windows"
    machine_sid: str
    computer_name: str
    caption: str
    version: str
    build: str
    hardware: str = ""
    """Manufacturer and model, as the machine's firmware has them."""
    product_type: int
    """1 is a workstation, 2 a domain controller, 3 a server."""
    boot_time: datetime
    time: datetime
    image_state: str
    domain_joined: bool
    domain: str | None = None
    agent_version: str | None = None
    users: tuple[Account, ...] = ()
    profiles: tuple[Profile, ...] = ()
    data_disks: tuple[DataDisk, ...] = ()
    volumes: tuple[Volume, ...] = ()
    files: dict[str, str | None] = {}

    @field_validator("boot_time", "time", mode="before")
    @classmethod
    def _moment(cls, value: Any) -> Any:
        """PowerShell prints seven digits of a second."""
        return moment(value) if isinstance(value, str) else value


def parse_facts(output: str) -> WindowsFacts:
    """The facts in what the script printed. ValueError when they are not there."""
    return WindowsFacts.model_validate(answer_of(output))


async def gather_facts(guest: Guest, files: Sequence[str] = ()) -> WindowsFacts:
    """Read the facts of a guest; `files` are paths to hash."""
    command = ps_file(_SCRIPT, {"Files": "|".join(files)}, timeout=10 * MINUTE)
    return parse_facts((await run_checked(guest, command)).stdout)
