"""The way into a Windows guest: made through Run Command, taken away by its own last script.

The guest makes the key and keeps it; Run Command, which Azure carries, brings back the public certificate and
the temporary administrator's password, which the guest makes too, encrypted for this run.
What comes over the network is compared with that and with nothing else.
"""

import base64
import binascii
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError

from factory.clock import Clock, SystemClock
from factory.errors import FactoryError, Unreachable
from factory.guest.command import MINUTE
from factory.guest.guest import Guest, run_checked
from factory.guest.powershell import Value
from factory.remote.pinning import Pin
from factory.windows.answers import NoAnswerError, answer_of
from factory.windows.probe import SCRIPTS, script
from factory.windows.sealed import Seal

EXPIRES_DAYS = 2
"""A temporary administrator and a certificate that nobody removed are of no use after this."""
CLOSING_SECONDS = 120.0
CLOSING_TASK = "golden-close"
FINISH = "C:\\Windows\\Temp\\golden-close.ps1"


class BootstrapError(FactoryError):
    """The script that opens a guest did not give the answer that it gives when it worked."""


class WayIn(BaseModel):
    """What was made in a guest to get into it; `before` is what has to be put back."""

    model_config = ConfigDict(frozen=True)

    user: str
    temporary: bool
    """The account is the factory's own and goes with the way in."""
    pem: str
    thumbprint: str
    port: int
    own_listener: bool
    before: dict[str, str] = {}
    folder: str

    @property
    def pin(self) -> Pin:
        """The certificate that the guest may show."""
        return Pin(self.pem)


class Closing(BaseModel):
    """What was left when the way in had been taken away: as the guest saw it last, and from outside."""

    model_config = ConfigDict(frozen=True)

    tasks: tuple[str, ...] = ()
    folder: bool = False
    handlers: tuple[str, ...] = ()
    port_open: bool = False
    """The guest still lets the administrator in; all that goes before the listener may be there too."""

    def findings(self) -> list[str]:
        """What is still there and must not be, in sentences."""
        still = "WinRM still answers: the listener, the temporary administrator or his profile is still there"
        return [
            *(f"the scheduled task {name} is still there" for name in self.tasks),
            *(["the folder of the factory's scripts is still there"] if self.folder else []),
            *(f"Run Command's handler {name} is still there" for name in self.handlers),
            *([still] if self.port_open else []),
        ]


@dataclass(frozen=True)
class Opening:
    """The script for Run Command that opens a guest, with its parameters: none of them is secret."""

    script: str
    parameters: dict[str, str]


def opening(user: str, seal: Seal | None, *, port: int = 5986) -> Opening:
    """How to open a guest for this administrator, who is made if there is a seal for his password."""
    return Opening(
        script=(SCRIPTS / "enable_winrm.ps1").read_text(encoding="utf-8"),
        parameters={
            "AdminName": user,
            "SealKey": seal.public if seal else "none",
            "Days": str(EXPIRES_DAYS),
            "Port": str(port),
        },
    )


def parse_opening(host: str, output: str, *, temporary: bool, folder: str) -> WayIn:
    """The way in, from what the opening script printed. Raises BootstrapError."""
    try:
        answer: dict[str, Any] = answer_of(output)
        pin = Pin.of_der(base64.b64decode(answer["certificate"], validate=True))
        return WayIn(
            user=answer["user"],
            temporary=temporary,
            pem=pin.pem,
            thumbprint=answer["thumbprint"],
            port=answer["port"],
            own_listener=answer["own_listener"],
            before={key: str(value or "") for key, value in (answer.get("before") or {}).items()},
            folder=folder,
        )
    except (NoAnswerError, KeyError, TypeError, binascii.Error, ValueError, ValidationError) as error:
        raise BootstrapError(
            f"{host}: WinRM was not opened: {error}",
            remedy="look at the output of Run Command in the guest; is the VM agent up to date?",
        ) from error


def password_of(host: str, output: str, seal: Seal) -> SecretStr:
    """The temporary administrator's password, from what the opening script printed. Raises BootstrapError."""
    try:
        return seal.open(answer_of(output)["password"])
    except (NoAnswerError, KeyError, TypeError, ValueError) as error:
        raise BootstrapError(
            f"{host}: the temporary administrator has no password that this run can read: {error}",
            remedy="look at the output of Run Command in the guest",
        ) from error


async def close(guest: Guest, way_in: WayIn) -> Closing:
    """Have the way in taken away, and say what was left before: `look_from_outside` is the other half.

    What can be done without this session is left to a task of the guest's, whose last act takes the listener.
    A user's profile cannot go while a session of his is open, so end this one then.
    """
    output = await run_checked(guest, script("close_winrm", {"Folder": way_in.folder}, timeout=5 * MINUTE))
    seen = Closing.model_validate(answer_of(output.stdout))
    await guest.put(FINISH, b"\xef\xbb\xbf" + (SCRIPTS / "finish_close.ps1").read_bytes())
    start: dict[str, Value] = {"Task": CLOSING_TASK, "Script": FINISH, "Arguments": _finish(way_in)}
    with contextlib.suppress(Unreachable):  # it may be quicker than the answer
        await run_checked(guest, script("start_task", start, timeout=2 * MINUTE))
    return seen


async def look_from_outside(
    seen: Closing, gone: Callable[[], Awaitable[bool]], clock: Clock | None = None
) -> Closing:
    """Wait until the way in is gone, within its time; `gone` looks."""
    clock = clock or SystemClock()
    began = clock.monotonic()
    while not await gone():
        if clock.monotonic() - began >= CLOSING_SECONDS:
            return seen.model_copy(update={"port_open": True})
        await clock.sleep(1)
    return seen


def _finish(way_in: WayIn) -> str:
    """The arguments of the closing script; none of them can hold a space."""
    words = {
        "AdminName": way_in.user,
        "RemoveAdmin": "yes" if way_in.temporary else "no",
        "Binding": way_in.before.get("binding") or "Relaxed",
        "Filter": way_in.before.get("filter") or "none",
        "Service": way_in.before.get("service") or "none",
    }
    return " ".join(f"-{name} {value}" for name, value in words.items())
