"""One case of chaos: a run that is struck, then gone on with or reaped; and what is left is judged.

`lost`: the source VM was touched, an unverified version can be had as latest, a run made two versions, or a
run that could be gone on with did not come to its end. `leaked`: something with the run's tags is left that
neither the run nor the reaper took away. `unclear`: a run ended without an error of the factory's that names
cause and remedy, or not at all.
"""

import asyncio
import os
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from azure.mgmt.compute.models import RunCommandInput

from factory.azure import galleries, groups, machines
from factory.azure.client import Azure
from factory.azure.connection import Connection
from factory.azure.ids import ArmId
from factory.plan import TAG_EXPIRES, TAG_RUN
from factory.reap import find_leftovers, reap
from factory.recipe import Recipe
from factory.record import RunRecord, runs_directory
from factory.run import fresh_run_id
from tests.chaos.doors import Blow, Doors, Instant, read_instants
from tests.chaos.runs import Ended, Ending, enter

T = TypeVar("T")
RESUMED = 0.7
"""The share of runs that are gone on with; the others are reaped."""
LATE = timedelta(days=60)
"""After this everything of a run has expired, its backup too."""
_SOON = timedelta(minutes=1)


@dataclass
class Case:
    """An instant, what struck there, and what was found afterwards."""

    instant: Instant
    blow: Blow
    run_id: str = ""
    missed: bool = False
    """The run ended without coming to the instant."""
    endings: list[Ending] = field(default_factory=list)
    log_from: int = 0
    """Where the request log ended when the case began: others' lines come before."""
    after: str = ""
    """What was done then: nothing, resumed, reaped."""
    lost: list[str] = field(default_factory=list)
    leaked: list[str] = field(default_factory=list)
    unclear: list[str] = field(default_factory=list)

    @property
    def ended(self) -> Ended:
        """How the last process of the run ended."""
        return self.endings[-1].how

    @property
    def ok(self) -> bool:
        """Nothing was found."""
        return not (self.lost or self.leaked or self.unclear)

    def __str__(self) -> str:
        ways = " → ".join(ending.how for ending in self.endings)
        found = "; ".join([*self.lost, *self.leaked, *self.unclear]) or "nothing lost, nothing leaked"
        return f"{self.blow} at {self.instant} (run {self.run_id}): {ways} → {self.after}: {found}"


@dataclass(frozen=True)
class Ground:
    """Where runs are struck: a local Azure with a user's world, reached by the environment."""

    recipe: Recipe
    source: machines.Machine
    log: Path
    """The request log of the local Azure."""
    directory: Path
    secrets: tuple[str, ...]
    longest: float
    """Seconds that a run may take."""
    contents: str
    """Hashes of the files of the source VM, as it was."""

    @property
    def counted(self) -> Path:
        """Where a run that nobody struck has left its instants, and the names of all that it imported."""
        return self.directory / "counted"

    def count_instants(self) -> list[Instant]:
        """Let one run go through and note its instants."""
        self.counted.mkdir()
        log = self.counted / "instants"
        run_id = fresh_run_id()
        ending = enter(self.recipe, run_id, Doors(log=log), self.directory / "counted.log", self.longest)
        if ending.how != "done":
            raise RuntimeError(f"a run that nobody struck ended {ending.how}: {ending.words}")
        self.clear(run_id)
        return read_instants(log)

    def strike(self, instant: Instant, blow: Blow, chance: random.Random) -> Case:
        """Run, strike, go on or reap, judge."""
        case = Case(instant, blow, fresh_run_id(), log_from=self.log.stat().st_size)
        output = self.directory / f"{case.run_id}.log"
        mark = output.with_suffix(".struck")
        doors = Doors(instant, blow, mark=mark)
        case.endings.append(enter(self.recipe, case.run_id, doors, output, self.longest))
        case.missed = not mark.exists()
        self._judge_ending(case)
        self._judge_safety(case, "after the blow")
        case.after = "done by itself" if case.ended == "done" else "reaped"
        if case.ended != "done" and chance.random() < RESUMED:
            self._resume(case, output)
        self._judge_product(case)
        self._judge_contents(case)
        case.leaked += self.clear(case.run_id)
        self._judge_secrets(case, output)
        return case

    def clear(self, run_id: str) -> list[str]:
        """Reap as if it were long after; what is left then, but for a promoted version, is leaked.

        That version goes as well, when all was looked at: the world is the same for every case.
        """

        async def go(azure: Azure) -> list[str]:
            found = await find_leftovers(azure, factory=self.recipe.factory, now=datetime.now(UTC) + LATE)
            await reap(azure, [leftover for leftover in found if leftover.run == run_id])
            left = [group.name for group in await groups.list_groups_by_tag(azure, TAG_RUN, run_id)]
            resources = await groups.list_resources_by_tag(azure, TAG_RUN, run_id)
            left += [resource.id for resource in resources if TAG_EXPIRES in resource.tags]
            for version in await self._find_versions(azure, run_id):
                await galleries.delete_version(azure, version.id, deadline=_SOON)
            return left

        return [f"left after reaping: {name}" for name in ask(go)]

    def _resume(self, case: Case, output: Path) -> None:
        case.after = "resumed"
        ending = enter(self.recipe, case.run_id, Doors(), output, self.longest)
        case.endings.append(ending)
        if ending.how != "done":
            case.lost.append(f"could not be gone on with: {ending.how}, {ending.words}")
        self._judge_safety(case, "after it went on")

    def _judge_ending(self, case: Case) -> None:
        ending = case.endings[-1]
        if ending.how in ("hung", "crashed"):
            case.unclear.append(f"{ending.how} after {ending.seconds:.0f} s: {ending.words}")
        elif ending.how == "failed" and case.blow == "kill":
            case.unclear.append(f"was not struck: {ending.words}")

    def _judge_safety(self, case: Case, when: str) -> None:
        """The source as it was; nothing to be had as latest that was not verified."""
        now = ask(lambda azure: machines.get_machine(azure, self.source.id))
        if (now.vm_id, now.power_state, now.disks) != (self.source.vm_id, "running", self.source.disks):
            case.lost.append(f"{when} the source VM is not as it was")
        writes = [line for line in self._calls(case) if self._changes_source(line)]
        if writes:
            case.lost.append(f"{when} the source VM had been written to: {writes[0]}")
        for version in self._versions(case.run_id):
            if not version.exclude_from_latest and not self._was_verified(case.run_id, version.id):
                case.lost.append(f"{when} {version.name} can be had as latest and was never verified")

    def _judge_contents(self, case: Case) -> None:
        if hash_files(self.source.id) != self.contents:
            case.lost.append("files of the source VM have changed")

    def _judge_product(self, case: Case) -> None:
        versions = self._versions(case.run_id)
        if len(versions) > 1:
            case.lost.append(f"{len(versions)} versions of one run")
        visible = [version for version in versions if not version.exclude_from_latest]
        if case.ended == "done" and len(visible) != 1:
            case.lost.append(f"the run is done, and {len(visible)} versions can be had as latest")

    def _judge_secrets(self, case: Case, output: Path) -> None:
        record = runs_directory(os.environ) / case.run_id
        files = [output, *(path for path in record.glob("*") if path.is_file())]
        texts = {path.name: path.read_text(errors="replace") for path in files}
        texts[self.log.name] = self._logged(case)
        for name, text in texts.items():
            case.lost += [f"a secret is in {name}" for secret in self.secrets if secret in text]

    def _versions(self, run_id: str) -> list[galleries.Version]:
        return ask(lambda azure: self._find_versions(azure, run_id))

    async def _find_versions(self, azure: Azure, run_id: str) -> list[galleries.Version]:
        found = await galleries.list_versions(azure, self.recipe.target.definition or "")
        return [version for version in found if version.tags.get(TAG_RUN) == run_id]

    def _was_verified(self, run_id: str, version_id: str) -> bool:
        record = RunRecord(runs_directory(os.environ) / run_id)
        if not record.has("proof.json"):
            return False
        return version_id.lower() in {kept.lower() for kept in record.load("proof.json")["verified"]}

    def _logged(self, case: Case) -> str:
        with self.log.open("rb") as log:
            log.seek(case.log_from)
            return log.read().decode(errors="replace")

    def _calls(self, case: Case) -> list[str]:
        mark = f"run/{case.run_id}"
        return [line for line in self._logged(case).splitlines() if mark in line]

    def _changes_source(self, line: str) -> bool:
        named = any(f'"path": "{thing}'.lower() in line.lower() for thing in self._of_source())
        return named and '"method": "GET"' not in line

    def _of_source(self) -> list[str]:
        return [self.source.id, *(disk.id for disk in self.source.disks)]


def ask(question: Callable[[Azure], Awaitable[T]]) -> T:
    """Ask Azure, with a client of one's own."""

    async def go() -> T:
        async with Azure(Connection.from_environment(os.environ)) as azure:
            return await question(azure)

    return asyncio.run(go())


def hash_files(machine_id: str) -> str:
    """One hash over what a VM's users and administrators keep on its disks, told by the VM itself."""
    script = "find /etc /home /root /srv -type f -exec sha256sum {} + | sort | sha256sum"
    rid = ArmId.parse(machine_id)

    async def go(azure: Azure) -> str:
        begin = azure.compute.virtual_machines.begin_run_command
        command = RunCommandInput(command_id="RunShellScript", script=[script])
        running = await azure.begin("hash files", begin, rid.group or "", rid.name, command)
        return str([status.message for status in (await azure.wait(running, deadline=_SOON)).value or ()])

    return ask(go)
