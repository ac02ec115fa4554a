"""Verify: provision a machine from the product, with another user, key and name, log in, and compare.

An agent's "Ready" proves nothing: a copy that was never generalized reports it as well, and lets the old user
in with the old key. So the machine is logged in to, and what it is, is compared with what its source was.
"""

import re
from dataclasses import replace
from typing import Any

from factory.access import Opened, connect, login, read_host_keys
from factory.azure import machines
from factory.azure.client import Azure
from factory.build import create_interface
from factory.capture import Product
from factory.customize import Source
from factory.errors import FactoryError, LoginRefused, ProvisioningTimedOut, VerificationFailed
from factory.guest.command import sh_script
from factory.guest.guest import Guest
from factory.guest.units import Stage
from factory.in_place import is_in_place
from factory.linux.context import Context, Expected
from factory.linux.facts import GuestFacts, gather_facts
from factory.linux.generalize import Evidence, examine, judge
from factory.memory import once
from factory.remote.ssh import try_login
from factory.run import BUILD_KEY, TEST_KEY, Run

PROOF = "proof.json"
SERIAL_LINES = 20
TEST_SECONDS = 600.0
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
                findings = [_cannot_log_in(error), *await _old_login(run, opened)]
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
    if is_in_place(run):
        built = await machines.get_machine(azure, recipe.source.vm or "")
    else:
        built = await machines.get_machine_named(azure, plan.scaffold_group, plan.build_machine)
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
            public_key=run.key(TEST_KEY).public,
            os_disk_name=plan.disk(plan.test_machine, None),
            luns=tuple(disk.lun for disk in source.facts.data_disks),
            interface_id=interface.id,
            tags=plan.tags("scaffolding"),
            deadline=recipe.deadline("provision"),
            security=built.security,
            plan=built.plan,
            progress=lambda text: run.record.write("verify", "progress", text),
        )
        await machines.wait_for_agent(azure, machine.id, deadline=recipe.deadline("provision"))
    except ProvisioningTimedOut as error:
        raise await _failed(run, azure, product, [error.message]) from error
    if recipe.build.transport == "run-command":
        return Opened(machine_id=machine.id, address=interface.private_ip)
    keys = await read_host_keys(azure, plan, machine.id)
    return Opened(
        machine_id=machine.id,
        address=interface.private_ip,
        port=recipe.build.ssh_port,
        user=plan.test_admin,
        key=TEST_KEY,
        host_keys=keys.fingerprints,
    )


async def _look(run: Run, opened: Opened, source: Source) -> tuple[dict[str, Any], list[str]]:
    plan = run.plan
    async with connect(run, opened) as guest:
        facts = await gather_facts(guest, plan.recipe.verify.files)
        evidence = await examine(guest, Stage.AFTER_PROVISION, _context(run, facts, source))
        findings = [str(finding) for finding in judge(evidence).findings]
        findings += await _own_tests(run, guest)
    return _proof(source.facts, facts, evidence), findings + await _old_login(run, opened)


async def _old_login(run: Run, opened: Opened) -> list[str]:
    if opened.user is None:
        run.record.write(
            "verify", "warning", "no login was tried: the machine is reached by Run Command alone"
        )
        return []
    if not run.has_key(BUILD_KEY):
        told = (
            "whether the old user can log in with the old key was not tried: its key is on another computer"
        )
        run.record.write("verify", "warning", told)
        return []
    old = opened.model_copy(update={"user": run.plan.temporary_admin, "key": BUILD_KEY})
    if await try_login(replace(login(run, old), login_grace=0)):
        return [f"the old user {old.user} still logs in with the old key"]
    return []


def _context(run: Run, facts: GuestFacts, source: Source) -> Context:
    plan = run.plan
    accounts = {plan.temporary_admin, *([source.facts.agent_admin] if source.facts.agent_admin else [])}
    return Context(
        facts=facts,
        accounts=tuple(sorted(accounts)),
        expected=Expected(
            source=source.facts,
            hostname=plan.test_computer_name,
            admin=plan.test_admin,
            luns=tuple(disk.lun for disk in source.facts.data_disks),
        ),
    )


async def _own_tests(run: Run, guest: Guest) -> list[str]:
    findings = []
    for test in run.plan.recipe.verify.tests:
        output = await guest.run(sh_script("sh -s", stdin=test.script.encode(), timeout=TEST_SECONDS))
        if output.status != 0:
            said = (output.stderr or output.stdout).strip().splitlines()[-1:] or ["no message"]
            findings.append(f"the recipe's test {test.name!r} exited {output.status}: {said[0]}")
    return findings


def _proof(source: GuestFacts, facts: GuestFacts, evidence: Evidence) -> dict[str, Any]:
    return {
        "machine_id": [source.machine_id, facts.machine_id],
        "host_keys": [source.host_keys, facts.host_keys],
        "users": [[user.name for user in source.users], [user.name for user in facts.users]],
        "hostname": [source.hostname, facts.hostname],
        "files": facts.files,
        "data_disks": [disk.model_dump(mode="json") for disk in facts.data_disks],
        "checks": judge(evidence).checked,
    }


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
    run.record.write("verify", "warning", "serial log", log=log)
    return VerificationFailed(product.id, findings, serial_log=log)


async def _serial_log(azure: Azure, machine_id: str) -> str:
    """The last lines of the machine's serial log, as plain text: it is full of a terminal's colours."""
    try:
        log = await machines.serial_log(azure, machine_id, lines=SERIAL_LINES)
    except FactoryError as error:
        return f"(not to be had: {error.message})"
    return _NOT_TEXT.sub("", log)


def _cannot_log_in(error: LoginRefused) -> str:
    return f"the new user cannot log in with the new key ({error.message}): nothing was provisioned"
