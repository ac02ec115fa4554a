"""What a kind of guest system does in its own way: one object a family, chosen by the plan.

The steps know the order of things and what Azure does; how a guest is opened, changed, generalized, judged
and proven is the family's. Nothing else asks which system a guest runs.
"""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from pydantic import SecretStr

from factory.azure.client import Azure
from factory.guest import units
from factory.guest.evidence import Verdict
from factory.guest.guest import Guest
from factory.linux.facts import GuestFacts
from factory.linux.generalize import Evidence
from factory.opened import Opened
from factory.recipe import Build, Customization
from factory.run import Run, Skip
from factory.windows.facts import WindowsFacts
from factory.windows.generalize import WindowsEvidence

Facts = GuestFacts | WindowsFacts
AnyEvidence = Evidence | WindowsEvidence


@dataclass(frozen=True)
class Credentials:
    """What a new machine's administrator logs in with: a public key, or a password."""

    public_key: str | None = None
    password: SecretStr | None = None


@dataclass(frozen=True)
class Proof:
    """What a machine made from the image showed: for the record, and what is not as it must be."""

    seen: dict[str, Any]
    findings: list[str]
    warnings: list[str]


class Family(Protocol):
    """The steps' view of a kind of guest system."""

    name: units.Family

    def admitted_port(self, build: Build) -> int | None:
        """Where the worker comes in; None where it needs no port."""

    def computer_name(self, name: str, run_id: str) -> str:
        """A name of at most the length that the system takes."""

    def credentials(self, run: Run, purpose: str) -> Credentials:
        """What the administrator of a machine made from an image logs in with."""

    async def open_build(self, run: Run, azure: Azure, machine_id: str, address: str) -> Opened:
        """Make a temporary administrator on the build machine, and what lets him in."""

    async def open_test(self, run: Run, azure: Azure, machine_id: str, address: str) -> Opened:
        """Get into a machine made from the image as the administrator whom Azure made on it."""

    def connect(self, run: Run, opened: Opened) -> AbstractAsyncContextManager[Guest]:
        """A way to run commands with all rights on an opened machine."""

    async def change(self, run: Run, opened: Opened, step: Customization) -> None:
        """Carry out one step of the recipe. Raises GuestError."""

    async def look(self, run: Run, opened: Opened) -> tuple[Facts, AnyEvidence]:
        """What the machine is before it is generalized, and every reason not to."""

    async def generalize(self, run: Run, opened: Opened, facts: Facts, skip: list[Skip]) -> AnyEvidence:
        """Generalize the guest, and gather the gate's evidence."""

    def judge(self, evidence: AnyEvidence) -> Verdict:
        """Decide on evidence alone; pure."""

    async def prove(self, run: Run, opened: Opened, facts: Facts) -> Proof:
        """Look at a machine made from the image, and compare it with its source."""

    async def old_login(self, run: Run, opened: Opened) -> list[str]:
        """A finding, if the build machine's administrator still gets in."""
