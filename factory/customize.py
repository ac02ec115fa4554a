"""Change the build machine as the recipe says, then look whether it may be generalized at all."""

from pydantic import BaseModel, ConfigDict

from factory.errors import CustomizationFailed, NotGeneralizable, RemoteError
from factory.families import family_of
from factory.family import Facts
from factory.memory import once
from factory.opened import Opened
from factory.run import Run


class Source(BaseModel):
    """What the machine was before it was generalized: what its copies must not share, and must keep."""

    model_config = ConfigDict(frozen=True)

    facts: Facts


@once("customize")
async def customize_machine(run: Run, opened: Opened) -> None:
    """Carry out the recipe's changes in order. CustomizationFailed names the step that failed."""
    steps = run.plan.recipe.customize
    with run.record.step("customize", f"changes: {len(steps)}"):
        for step in steps:
            run.record.write("customize", "progress", step.name)
            try:
                await family_of(run.plan).change(run, opened, step)
            except RemoteError as error:
                raise CustomizationFailed(step.name, error) from error


@once("check")
async def check_source(run: Run, opened: Opened) -> Source:
    """The facts of the machine as it will be generalized; NotGeneralizable lists what stands against it."""
    family = family_of(run.plan)
    with run.record.step("check"):
        facts, evidence = await family.look(run, opened)
        run.record.save("source-facts.json", facts.model_dump(mode="json"))
        verdict = family.judge(evidence)
        for warning in verdict.warnings:
            run.record.write("check", "warning", warning)
        missing = [f"{path} is not there" for path, found in facts.files.items() if found is None]
        findings = [str(finding) for finding in verdict.findings] + missing
        if findings:
            raise NotGeneralizable(opened.name, findings)
        run.record.write("check", "fact", f"{len(verdict.checked)} checks passed", checks=verdict.checked)
        return Source(facts=facts)
