"""What checks may know about the guest they are for."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict

from factory.windows.facts import WindowsFacts


class Expected(BaseModel):
    """What a machine made from an image must show; `source` is what the machine was that it came from."""

    model_config = ConfigDict(frozen=True)

    source: WindowsFacts
    computer_name: str
    admin: str
    luns: tuple[int, ...] = ()
    own_traces: tuple[str, ...] = ()
    """The certificate, folder and tasks of the way into the test machine itself."""


class Context(BaseModel):
    """A guest as its checks see it; kept with the evidence, so that evidence can be judged again.

    `accounts` must not be in the image. `sysprep_began` is the guest's own clock, just before Sysprep.
    """

    model_config = ConfigDict(frozen=True)

    accounts: tuple[str, ...] = ()
    sysprep_began: datetime | None = None
    expected: Expected | None = None
