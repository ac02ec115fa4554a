"""The machine that is generalized: a clone made from the backup, or a new VM from a source image.

It runs on an existing subnet without a public address; its security group admits the worker and nobody else.
"""

import asyncio

from pydantic import BaseModel, ConfigDict

from factory.azure import disks, groups, machines, marketplace, network
from factory.azure.client import Azure
from factory.azure.network import Interface, SecurityRule
from factory.backup import Backup
from factory.errors import NotFound
from factory.families import family_of
from factory.in_place import adopt_original, confirm_original
from factory.memory import once
from factory.plan import TAG_RUN, Plan
from factory.recipe import Build
from factory.resume import RUN, document_of, is_guest_half_done
from factory.run import BUILD_KEY, Run


class BuildMachine(BaseModel):
    """The machine that will become the image."""

    model_config = ConfigDict(frozen=True)

    id: str
    address: str
    azure_admin: str | None
    """The administrator that Azure made on the source, if it says so."""


def network_rules(build: Build, port: int | None) -> list[SecurityRule]:
    """The rules of the build network: the worker comes in at a port, nobody else; out as the recipe says."""
    rules = [SecurityRule("nobody-else-in", 4000, "Inbound", "Deny", "*")]
    if port is not None and build.worker_address:
        worker = build.worker_address
        rules.append(SecurityRule("worker-in", 100, "Inbound", "Allow", "Tcp", source=worker, port=str(port)))
    if build.egress == "azure":
        rules.append(
            SecurityRule("azure-out", 100, "Outbound", "Allow", "Tcp", destination="AzureCloud", port="443")
        )
    if build.egress != "route":
        rules.append(SecurityRule("nothing-else-out", 4000, "Outbound", "Deny", "*"))
    return rules


async def find_machine(run: Run, machine: BuildMachine) -> str | None:
    """Look whether the build machine is still there and this run's."""
    if run.plan.in_place:
        return confirm_original(run, captured=run.record.has(document_of("capture")))
    async with run.azure() as azure:
        try:
            found = await machines.get_machine(azure, machine.id)
        except NotFound:
            return None
    state = "generalized" if found.generalized else found.power_state
    return f"{found.name} is {state}" if found.tags.get(TAG_RUN) == run.plan.run_id else None


@once("build", confirm=find_machine, until="verify")
async def build(run: Run, backup: Backup) -> BuildMachine:
    """Make the run's group, its network and the machine. Idempotent by name."""
    plan = run.plan
    with run.record.step("build", plan.build_machine):
        async with run.azure() as azure:
            tags = plan.tags("scaffolding")
            await groups.create_group(azure, plan.scaffold_group, location=plan.recipe.location, tags=tags)
            if run.plan.in_place:
                return await _original(run, azure)
            if is_guest_half_done(run.record.events()):
                await throw_away(run, azure)
            if plan.recipe.source.vm:
                machine = await _clone(run, azure, backup)
            else:
                machine = await _from_image(run, azure)
        run.record.write("build", "fact", f"{plan.build_machine} runs at {machine.address}", id=machine.id)
        return machine


async def _original(run: Run, azure: Azure) -> BuildMachine:
    machine, address = await adopt_original(run, azure)
    return BuildMachine(id=machine.id, address=address, azure_admin=machine.admin_username)


async def throw_away(run: Run, azure: Azure) -> None:
    """Delete the build machine with its disks: a half-generalized guest is never gone on with."""
    plan, deadline = run.plan, run.plan.recipe.deadline("cleanup")
    run.record.write("build", "progress", f"throwing {plan.build_machine} away")
    await machines.delete_own_machine(azure, plan.scaffold_group, plan.build_machine, plan.run_id, deadline)
    for lun in (None, *plan.luns):
        await disks.delete_own_disk(
            azure, plan.scaffold_group, plan.disk(plan.build_machine, lun), plan.run_id, deadline
        )
    run.record.write(RUN, "discarded", plan.build_machine)


async def create_interface(azure: Azure, plan: Plan, name: str) -> Interface:
    """An interface on the build subnet, behind the run's security group."""
    tags, location = plan.tags("scaffolding"), plan.recipe.location
    group = await network.create_security_group(
        azure,
        plan.scaffold_group,
        plan.security_group,
        location=location,
        rules=network_rules(plan.recipe.build, family_of(plan).admitted_port(plan.recipe.build)),
        tags=tags,
    )
    return await network.create_interface(
        azure,
        plan.scaffold_group,
        name,
        location=location,
        subnet_id=plan.recipe.build.subnet,
        security_group_id=group,
        tags=tags,
    )


async def _clone(run: Run, azure: Azure, backup: Backup) -> BuildMachine:
    plan, recipe = run.plan, run.plan.recipe
    source = await machines.get_machine(azure, recipe.source.vm or "")
    interface, (os_disk, *data_disks) = await asyncio.gather(
        create_interface(azure, plan, plan.build_interface),
        asyncio.gather(*(_disk(run, azure, backup, lun) for lun in (None, *plan.luns))),
    )
    machine = await machines.create_machine_attached(
        azure,
        plan.scaffold_group,
        plan.build_machine,
        recipe.location,
        like=source,
        size=recipe.build.size or source.size,
        os_disk_id=os_disk,
        data_disks=dict(zip(plan.luns, data_disks, strict=True)),
        interface_id=interface.id,
        tags=plan.tags("scaffolding"),
        deadline=recipe.deadline("provision"),
        progress=lambda text: run.record.write("build", "progress", text),
    )
    return BuildMachine(id=machine.id, address=interface.private_ip, azure_admin=source.admin_username)


async def _disk(run: Run, azure: Azure, backup: Backup, lun: int | None) -> str:
    plan = run.plan
    part = backup.part(lun)
    return await disks.create_disk_from_copy(
        azure,
        plan.scaffold_group,
        plan.disk(plan.build_machine, lun),
        plan.recipe.location,
        source_id=part.source_id,
        sku=part.sku,
        tags=plan.tags("scaffolding"),
        deadline=plan.recipe.deadline("backup"),
    )


async def _from_image(run: Run, azure: Azure) -> BuildMachine:
    plan, recipe = run.plan, run.plan.recipe
    image, purchase_plan = await _resolve(azure, recipe.location, recipe.source.image or "")
    run.record.write("build", "fact", f"from {image}")
    interface = await create_interface(azure, plan, plan.build_interface)
    credentials = family_of(plan).credentials(run, BUILD_KEY)
    machine = await machines.create_machine_from_image(
        azure,
        plan.scaffold_group,
        plan.build_machine,
        recipe.location,
        image=image,
        plan=purchase_plan,
        size=recipe.build.size or "",
        computer_name=family_of(plan).computer_name(plan.build_machine, plan.run_id),
        admin=plan.temporary_admin,
        public_key=credentials.public_key,
        password=credentials.password,
        os_disk_name=plan.disk(plan.build_machine, None),
        luns=plan.luns,
        interface_id=interface.id,
        tags=plan.tags("scaffolding"),
        deadline=recipe.deadline("provision"),
        progress=lambda text: run.record.write("build", "progress", text),
    )
    return BuildMachine(id=machine.id, address=interface.private_ip, azure_admin=plan.temporary_admin)


async def _resolve(azure: Azure, location: str, image: str) -> tuple[str, machines.Plan | None]:
    """A marketplace URN as an exact version, with its purchase plan; any other image as it is."""
    if image.startswith("/"):
        return image, None
    found = await marketplace.resolve_version(azure, location, marketplace.Urn.parse(image))
    return str(found.urn), found.plan
