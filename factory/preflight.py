"""Pre-flight: every reason why a recipe cannot be carried out, found before anything is made.

All rules look at once and all findings are told together: a user who mends one mistake a night needs a week.
"""

import ipaddress
import os
from collections.abc import Mapping

from factory.azure import galleries, groups, machines, network, skus
from factory.azure.client import Azure
from factory.azure.connection import Connection
from factory.azure.galleries import Definition
from factory.azure.machines import Machine
from factory.clock import Clock, SystemClock
from factory.errors import FactoryError, InvalidInput, NotFound, PreflightFailed
from factory.guest.units import Family
from factory.in_place import find_obstacles, judge_freeze
from factory.plan import PLAN, Plan, later_expiry, plan_rebuild
from factory.recipe import Recipe
from factory.record import RunRecord, open_record
from factory.run import fresh_run_id


async def plan_checked_run(recipe: Recipe, run_id: str | None, env: Mapping[str, str] | None = None) -> Plan:
    """Check the recipe against the cloud, plan the run and open its record.

    PreflightFailed lists every finding with what to do; nothing was made then. A run that has its plan
    already is entered again: nothing is checked, and what it makes from now on expires later.
    """
    env = os.environ if env is None else env
    clock = SystemClock()
    run_id = run_id or fresh_run_id(clock)
    record = open_record(env, run_id)
    if record.has(PLAN):
        return taken_up(recipe, record, clock)
    with record.step("preflight", recipe.name):
        plan = await checked_plan(recipe, run_id, Connection.from_environment(env), clock)
        record.save(PLAN, plan.model_dump(mode="json"))
    return plan


def taken_up(recipe: Recipe, record: RunRecord, clock: Clock) -> Plan:
    """The plan of a run that is entered again. InvalidInput where it was made of another recipe."""
    plan = Plan.model_validate(record.load(PLAN))
    if plan.recipe != recipe:
        raise InvalidInput(
            f"run {plan.run_id} was planned from another recipe",
            remedy="leave the run's ID empty for a new run, or go on with this one: golden resume "
            + plan.run_id,
        )
    return plan.model_copy(update={"expires": later_expiry(plan, clock.now())})


async def checked_plan(recipe: Recipe, run_id: str, connection: Connection, clock: Clock) -> Plan:
    """The plan of a run, if the cloud allows it. Makes nothing."""
    refuse_impossible(recipe)
    async with Azure(connection, run_id=run_id, clock=clock) as azure:
        machine, findings = await _source_machine(azure, recipe)
        os_type = machine.os_type if machine else await _os_type_of_target(azure, recipe)
        plan = plan_rebuild(
            recipe,
            run_id=run_id,
            now=clock.now(),
            luns=tuple(disk.lun for disk in machine.data_disks if disk.lun is not None) if machine else (),
            family=Family(os_type.lower()) if os_type in ("Linux", "Windows") else Family.LINUX,
        )
        findings += judge_machine(recipe, machine) if machine else []
        findings += judge_freeze(machine.tags.items(), clock.now()) if machine else []
        if machine and recipe.strategy == "in-place" and not findings:
            findings += await find_obstacles(azure, recipe, machine, now=clock.now())
        findings += await _network_findings(azure, recipe)
        findings += await _target_findings(azure, plan, machine)
        findings += await _size_findings(azure, recipe, machine)
        findings += await _container_findings(recipe, connection)
    if findings:
        raise PreflightFailed(recipe.name, findings)
    return plan


def refuse_impossible(recipe: Recipe) -> None:
    """What no cloud could make possible."""
    findings = []
    if recipe.strategy == "in-place" and recipe.source.vm is None:
        findings.append("strategy 'in-place' needs source.vm: an image has no original to work on")
    try:
        ipaddress.ip_network(recipe.build.worker_address or "127.0.0.1", strict=False)
    except ValueError:
        findings.append(
            f"build.worker_address {recipe.build.worker_address!r} is neither an address nor a CIDR"
        )
    if recipe.source.image and not recipe.build.size:
        findings.append("build.size is needed, since an image does not say which size suits it")
    if findings:
        raise PreflightFailed(recipe.name, findings)


def judge_machine(recipe: Recipe, machine: Machine) -> list[str]:
    """What speaks against this VM as a source. Pure."""
    elsewhere = f"the source is in {machine.location}, the recipe says {recipe.location}"
    unfinished = f"the source is in provisioning state {machine.provisioning_state}: mend it first"
    for_managed_image = recipe.target.managed_image_group is not None
    rules = {
        f"{elsewhere}: disks are made from a backup in its own region": machine.location != recipe.location,
        "mend steps and tests for Pester are for Windows, and the source runs Linux": (
            machine.os_type == "Linux"
            and (
                any(step.mend for step in recipe.customize)
                or any(test.pester for test in recipe.verify.tests)
            )
        ),
        f"the source runs {machine.os_type}, which the factory does not know": (
            machine.os_type not in ("Linux", "Windows")
        ),
        "the source runs Windows, which is reached by WinRM alone: set build.transport to ssh": (
            machine.os_type == "Windows" and recipe.build.transport != "ssh"
        ),
        "the source is already generalized, so it cannot start: capture it by hand": machine.generalized,
        "the source has an ephemeral OS disk, which cannot be copied or deallocated": machine.ephemeral,
        unfinished: machine.provisioning_state not in ("Succeeded", "Updating"),
        f"the source is {machine.security_type}, which a managed image cannot hold: use a gallery": (
            machine.security_type is not None and for_managed_image
        ),
    }
    return [text for text, wrong in rules.items() if wrong]


def judge_definition(definition: Definition, machine: Machine | None) -> list[str]:
    """What speaks against this image definition. Pure."""
    findings = []
    if machine and definition.os_type != machine.os_type:
        findings.append(f"the image definition is for {definition.os_type}, the source is {machine.os_type}")
    if definition.os_state != "Generalized":
        findings.append(f"the image definition is for {definition.os_state} images, not Generalized ones")
    if machine and machine.generation and definition.generation != machine.generation:
        generations = f"generation {definition.generation}, the source is {machine.generation}"
        findings.append(f"the image definition is for {generations}")
    if machine and machine.security_type and definition.security_type is None:
        findings.append(
            f"the source is {machine.security_type}, and the image definition has no SecurityType feature"
        )
    return findings


async def _source_machine(azure: Azure, recipe: Recipe) -> tuple[Machine | None, list[str]]:
    if recipe.source.vm is None:
        return None, []
    try:
        return await machines.get_machine(azure, recipe.source.vm), []
    except NotFound as error:
        return None, [f"source.vm: {error.message}"]


async def _os_type_of_target(azure: Azure, recipe: Recipe) -> str:
    """What an image runs is not told by its name; the definition that it is to go to says it."""
    if recipe.target.definition is None:
        return "Linux"
    try:
        return (await galleries.get_definition(azure, recipe.target.definition)).os_type
    except NotFound:
        return "Linux"  # a finding of its own


async def _network_findings(azure: Azure, recipe: Recipe) -> list[str]:
    try:
        subnet = await network.get_subnet(azure, recipe.build.subnet)
    except NotFound as error:
        return [f"build.subnet: {error.message}"]
    if subnet.location != recipe.location:
        return [f"build.subnet is in {subnet.location}, the recipe says {recipe.location}"]
    return []


async def _target_findings(azure: Azure, plan: Plan, machine: Machine | None) -> list[str]:
    target = plan.recipe.target
    findings = []
    if target.definition:
        try:
            definition = await galleries.get_definition(azure, target.definition)
        except NotFound as error:
            return [f"target.definition: {error.message}"]
        findings += judge_definition(definition, machine)
        if await galleries.get_version(azure, f"{target.definition}/versions/{plan.version}"):
            findings.append(f"version {plan.version} exists already; versions are never written over")
    if target.managed_image_group and await groups.get_group(azure, target.managed_image_group) is None:
        findings.append(
            f"target.managed_image_group: there is no resource group {target.managed_image_group}"
        )
    return findings


async def _size_findings(azure: Azure, recipe: Recipe, machine: Machine | None) -> list[str]:
    size = recipe.build.size or (machine.size if machine else None)
    if size is None:
        return []
    try:
        offer = await skus.sku_available(azure, recipe.location, size)
    except FactoryError as error:
        return [f"build.size: {error}"]
    return [] if offer.available else [f"build.size: {offer.reason}"]


async def _container_findings(recipe: Recipe, connection: Connection) -> list[str]:
    address = recipe.backup.copy_to_container
    if address is None or recipe.source.vm is None:
        return []
    from factory.backup_container import judge_container  # noqa: PLC0415 - slow, and seldom

    return await judge_container(address, connection)
