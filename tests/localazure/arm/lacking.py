"""A host of machines that this computer cannot run, and one that cannot be prepared."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from localazure.guests.base import GuestError
from localazure.hosts import NoMachines


class Lacking(NoMachines):
    def missing(self) -> list[str]:
        return [] if os.environ.get("LACKING") == "prepare" else ["no frobnicator: apt install frobnicator"]

    async def prepare(self, progress: Any) -> None:
        progress("building", 0.5)
        raise GuestError("the mirror does not answer")


def open_host(state: Path) -> Lacking:
    return Lacking()
