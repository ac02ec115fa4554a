"""The way into a Windows guest: made through Run Command, taken away by its own last script.

The guest makes the key and keeps it; Run Command, which Azure carries, brings back the public certificate.
What comes over the network is compared with that and with nothing else.
"""

import asyncio
import base64
import binascii
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError

from factory.clock import Clock, SystemClock
from factory.errors import FactoryError, GuestError
from factory.guest.command import MINUTE
from factory.guest.guest import Guest
from factory.guest.powershell import Value
from factory.remote.pinning import Pin
from factory.remote.winrm import is_open
from factory.windows.answers import NoAnswerError, answer_of
from factory.windows.probe import SCRIPTS, script

EXPIRES_DAYS = 2
"""A temporary administrator and a certificate that nobody removed are of no use after this."""
CLOSING_SECONDS = 60.0


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
    """What was left after the way in was taken away, as the guest's last script saw it, and from outside."""

    model_config = ConfigDict(frozen=True)

    tasks: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ()
    folder: bool = False
    certificates: tuple[str, ...] = ()
    handlers: tuple[str, ...] = ()
    port_open: bool = False

    def findings(self) -> list[str]:
        """What is still there and must not be, in sentences."""
        return [
            *(f"the scheduled task {name} is still there" for name in self.tasks),
            *(f"the temporary administrator {name} is still there" for name in self.users),
            *(f"the temporary profile {path} is still there" for path in self.profiles),
            *(["the folder of the factory's scripts is still there"] if self.folder else []),
            *(f"the listener's certificate {name} is still there" for name in self.certificates),
            *(f"Run Command's handler {name} is still there" for name in self.handlers),
            *(["the WinRM listener still answers"] if self.port_open else []),
        ]


@dataclass(frozen=True)
class Opening:
    """The script for Run Command that opens a guest, with its parameters; `protected` ones are secret."""

    script: str
    parameters: dict[str, str]
    protected: dict[str, str]


def opening(user: str, password: SecretStr, *, temporary: bool, port: int = 5986) -> Opening:
    """How to open a guest for this administrator, who is made if he is a temporary one."""
    return Opening(
        script=(SCRIPTS / "enable_winrm.ps1").read_text(encoding="utf-8"),
        parameters={
            "AdminName": user,
            "MakeAdmin": "yes" if temporary else "no",
            "Days": str(EXPIRES_DAYS),
            "Port": str(port),
        },
        protected={"AdminPassword": password.get_secret_value()},
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


async def close(guest: Guest, way_in: WayIn, clock: Clock | None = None) -> Closing:
    """Take away the way in by itself, and look from outside whether it is gone.

    The listener goes after the answer; that the connection then breaks is expected.
    """
    parameters: dict[str, Value] = {
        "AdminName": way_in.user,
        "RemoveAdmin": "yes" if way_in.temporary else "no",
        "Folder": way_in.folder,
        "Binding": way_in.before.get("binding") or "Relaxed",
        "Filter": way_in.before.get("filter", ""),
        "Service": way_in.before.get("service", ""),
    }
    lines: list[str] = []
    try:
        output = await guest.run(script("close_winrm", parameters, timeout=5 * MINUTE))
        lines = output.stdout.splitlines()
        problem = output.stderr if output.status != 0 else ""
    except GuestError as error:
        problem = error.message  # most often the listener went before the answer came
    try:
        seen = Closing.model_validate(answer_of("\n".join(lines)))
    except (NoAnswerError, ValidationError) as error:
        raise BootstrapError(
            f"{guest.name}: it is not known whether the way in was removed: {problem or error}",
            remedy="the clone is thrown away; run again",
        ) from error
    still = way_in.own_listener and await _stays_open(guest, way_in, clock or SystemClock())
    return seen.model_copy(update={"port_open": still})


async def _stays_open(guest: Guest, way_in: WayIn, clock: Clock) -> bool:
    host = guest.name.rpartition("@")[2].rpartition(":")[0]
    began = clock.monotonic()
    while await asyncio.to_thread(is_open, host, way_in.port):
        if clock.monotonic() - began >= CLOSING_SECONDS:
            return True
        await clock.sleep(1)
    return False
