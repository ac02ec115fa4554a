"""Change the build machine as the recipe says, then look whether it may be generalized at all."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from factory.access import Opened, connect
from factory.azure import machines
from factory.errors import CustomizationFailed, NotGeneralizable, RemoteError
from factory.guest.command import Command, sh, sh_script
from factory.guest.guest import Guest, run_checked
from factory.guest.units import Stage
from factory.linux.context import Context
from factory.linux.facts import GuestFacts, gather_facts
from factory.linux.generalize import examine, judge
from factory.memory import once
from factory.recipe import Customization
from factory.run import Run


class Source(BaseModel):
    """What the machine was before it was generalized: what its copies must not share, and must keep."""

    model_config = ConfigDict(frozen=True)

    facts: GuestFacts


@once("customize")
async def customize_machine(run: Run, opened: Opened) -> None:
    """Carry out the recipe's changes in order. CustomizationFailed names the step that failed."""
    steps = run.plan.recipe.customize
    with run.record.step("customize", f"changes: {len(steps)}"):
        for step in steps:
            run.record.write("customize", "progress", step.name)
            if step.reboot:
                await _reboot(run, opened)
                continue
            async with connect(run, opened) as guest:
                await _change(run, guest, step)


@once("check")
async def check_source(run: Run, opened: Opened) -> Source:
    """The facts of the machine as it will be generalized; NotGeneralizable lists what stands against it."""
    with run.record.step("check"):
        async with connect(run, opened) as guest:
            facts = await gather_facts(guest, run.plan.recipe.verify.files)
            evidence = await examine(guest, Stage.BEFORE_GENERALIZE, Context(facts=facts))
        run.record.save("source-facts.json", facts.model_dump(mode="json"))
        verdict = judge(evidence)
        for warning in verdict.warnings:
            run.record.write("check", "warning", warning)
        missing = [f"{path} is not there" for path, found in facts.files.items() if found is None]
        findings = [str(finding) for finding in verdict.findings] + missing
        if findings:
            raise NotGeneralizable(opened.address, findings)
        run.record.write("check", "fact", f"{len(verdict.checked)} checks passed", checks=verdict.checked)
        return Source(facts=facts)


async def _change(run: Run, guest: Guest, step: Customization) -> None:
    try:
        if step.copy_from is not None:
            await guest.put(step.copy_to or "", _read(step.copy_from), int(step.mode, 8))
        elif step.upgrade_packages:
            await _upgrade(guest)
        else:
            await run_checked(guest, _script(run, step))
    except RemoteError as error:
        raise CustomizationFailed(step.name, error) from error


def _read(path: str) -> bytes:
    return Path(path).read_bytes()


def _script(run: Run, step: Customization) -> Command:
    """The script comes by standard input into a file that is not on the disk, so the image never holds it."""
    seconds = run.plan.recipe.deadline("customize").total_seconds()
    return sh_script(
        'umask 077; file=$(mktemp /run/golden-XXXXXX); cat > "$file"; sh "$file" </dev/null; status=$?; '
        'rm -f "$file"; exit "$status"',
        stdin=(step.script or "").encode(),
        timeout=seconds,
    )


async def _upgrade(guest: Guest) -> None:
    facts = await gather_facts(guest)
    for command in Context(facts=facts).package_manager.upgrade:
        await run_checked(guest, command)


async def _reboot(run: Run, opened: Opened) -> None:
    """Restart through Azure, and believe it only when the kernel's boot ID has changed."""
    async with connect(run, opened) as guest:
        before = await _boot_id(guest)
        await run_checked(guest, sh("sync"))
    async with run.azure() as azure:
        await machines.restart(azure, opened.machine_id, deadline=run.plan.recipe.deadline("power"))
    async with connect(run, opened) as guest:
        if await _boot_id(guest) == before:
            raise RemoteError(
                guest.name, "restart", 0, "the boot ID is the same: the machine did not restart"
            )


async def _boot_id(guest: Guest) -> str:
    return (await run_checked(guest, sh("cat", "/proc/sys/kernel/random/boot_id"))).stdout.strip()
