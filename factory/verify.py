"""Verify: provision a machine from the product, with another user, key and name, log in, and compare.

An agent's "Ready" proves nothing: a copy that was never generalized reports it as well, and lets the old user
in with the old key. So the machine is logged in to, and what it is, is compared with what its source was.
"""

import re
from typing import Any

from factory.azure import machines
from factory.azure.client import Azure
from factory.build import create_interface
from factory.capture import Product
from factory.customize import Source
from factory.errors import (
    ExtensionFailed,
    FactoryError,
    LoginRefused,
    OperationTimedOut,
    ProvisioningTimedOut,
    VerificationFailed,
)
from factory.families import family_of
from factory.memory import once
from factory.opened import Opened
from factory.run import TEST_KEY, Run

PROOF = "proof.json"
SERIAL_LINES = 20
_NOT_TEXT = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[^\n\t\x20-\x7e\u00a0-\uffff]")


@once("verify", keeps=(PROOF,))
async def verify_products(run: Run, products: list[Product], source: Source) -> None:
    """Prove each product; one that an earlier entry of the run proved is not proved again."""
    proven = run.record.load(PROOF)["verified"] if run.record.has(PROOF) else {}
    for product in products:
        if product.id in proven:
            run.record.write("verify", "taken-over", f"proven already: {product.id}")
        else:
            await verify_product(run, product, source)


async def verify_product(run: Run, product: Product, source: Source) -> None:
    """Boot the product and prove it; VerificationFailed says in sentences what is wrong."""
    with run.record.step("verify", product.id):
        async with run.azure() as azure:
            opened = await _provision(run, azure, product, source)
            try:
                proof, findings = await _look(run, opened, source)
            except LoginRefused as error:
                findings = [_cannot_log_in(error), *await family_of(run.plan).old_login(run, opened)]
                raise await _failed(run, azure, product, findings) from error
            if findings:
                raise await _failed(run, azure, product, findings)
            proof["serial_log"] = (await _serial_log(azure, opened.machine_id)).splitlines()
            await machines.delete_machine(
                azure, opened.machine_id, deadline=run.plan.recipe.deadline("cleanup")
            )
        _keep(run, product, proof)


async def _provision(run: Run, azure: Azure, product: Product, source: Source) -> Opened:
    plan, recipe = run.plan, run.plan.recipe
    deadline = recipe.deadline("cleanup")  # what an earlier, killed verification left: its key may be lost
    await machines.delete_own_machine(azure, plan.scaffold_group, plan.test_machine, plan.run_id, deadline)
    interface = await create_interface(azure, plan, plan.test_interface)
    if run.plan.in_place:
        built = await machines.get_machine(azure, recipe.source.vm or "")
    else:
        built = await machines.get_machine_named(azure, plan.scaffold_group, plan.build_machine)
    credentials = family_of(plan).credentials(run, TEST_KEY)
    try:
        machine = await machines.create_machine_from_image(
            azure,
            plan.scaffold_group,
            plan.test_machine,
            recipe.location,
            image=product.id,
            size=built.size,
            computer_name=plan.test_computer_name,
            admin=plan.test_admin,
            public_key=credentials.public_key,
            password=credentials.password,
            os_disk_name=plan.disk(plan.test_machine, None),
            luns=tuple(disk.lun for disk in source.facts.data_disks),
            interface_id=interface.id,
            tags=plan.tags("scaffolding"),
            deadline=recipe.deadline("provision"),
            security=built.security,
            plan=built.plan,
            progress=lambda text: run.record.write("verify", "progress", text),
        )
    except ProvisioningTimedOut as error:
        raise await _failed(run, azure, product, [error.message]) from error
    try:
        await machines.wait_for_agent(azure, machine.id, deadline=recipe.deadline("provision"))
        return await family_of(plan).open_test(run, azure, machine.id, interface.private_ip)
    except (OperationTimedOut, ExtensionFailed) as error:  # provisioned, and yet nobody answers inside
        raise await _failed(run, azure, product, [error.message]) from error


async def _look(run: Run, opened: Opened, source: Source) -> tuple[dict[str, Any], list[str]]:
    family = family_of(run.plan)
    proof = await family.prove(run, opened, source.facts)
    for warning in proof.warnings:
        run.record.write("verify", "warning", warning)
    return proof.seen, proof.findings + await family.old_login(run, opened)


def _keep(run: Run, product: Product, proof: dict[str, Any]) -> None:
    kept = run.record.load(PROOF) if run.record.has(PROOF) else {"verified": {}}
    kept["verified"][product.id] = proof
    run.record.save(PROOF, kept)
    run.record.write("verify", "fact", f"{len(proof['checks'])} checks passed", proof=proof)


async def _failed(run: Run, azure: Azure, product: Product, findings: list[str]) -> VerificationFailed:
    plan = run.plan
    try:
        machine = await machines.get_machine_named(azure, plan.scaffold_group, plan.test_machine)
        log = await _serial_log(azure, machine.id)
    except FactoryError as error:
        log = f"(not to be had: {error.message})"
    run.record.write("verify", "warning", "serial log", log=log, findings=findings)
    return VerificationFailed(product.id, findings, serial_log=log)


async def _serial_log(azure: Azure, machine_id: str) -> str:
    """The last lines of the machine's serial log, as plain text: it is full of a terminal's colours."""
    try:
        log = await machines.serial_log(azure, machine_id, lines=SERIAL_LINES)
    except FactoryError as error:
        return f"(not to be had: {error.message})"
    return "\n".join(line for line in _NOT_TEXT.sub("", log).splitlines() if line.strip())


def _cannot_log_in(error: LoginRefused) -> str:
    return f"the new user cannot log in ({error.message}): nothing was provisioned"
