"""Linux, as the steps of a run see it."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from factory.azure import machines, run_commands
from factory.azure.client import Azure
from factory.errors import FactoryError, InvalidInput, RemoteError
from factory.family import AnyEvidence, Credentials, Facts, Proof
from factory.guest import units
from factory.guest.command import Command, sh, sh_script
from factory.guest.evidence import Verdict
from factory.guest.guest import Guest, run_checked
from factory.guest.units import Stage
from factory.linux.bootstrap import (
    host_keys_script,
    open_script,
    parse_host_keys,
    parse_open,
)
from factory.linux.checks.disk_space import PROBE, disk_space
from factory.linux.context import Context, Expected
from factory.linux.facts import GuestFacts, gather_facts
from factory.linux.generalize import Evidence, examine, generalize, judge
from factory.opened import Opened
from factory.plan import Plan
from factory.recipe import Build, Customization
from factory.remote.carried import AzureCarrier, CarriedGuest
from factory.remote.keys import HostKeys
from factory.remote.ssh import Login, SshGuest, try_login
from factory.run import BUILD_KEY, TEST_KEY, Run, Skip

LOGIN_GRACE = 30.0
"""Seconds in which a refused key may still become a good one: the agent has said Ready by then."""
TEST_SECONDS = 600.0
MAKE_ROOM = "make room on the source's disk, or make that larger; the source was not touched"


class LinuxFamily:
    """See `Family`. Where the recipe says so, Run Command is the only way in, and no account is made."""

    name = units.Family.LINUX

    def admitted_port(self, build: Build) -> int | None:
        """That of SSH, unless Run Command carries everything."""
        return build.ssh_port if build.transport == "ssh" else None

    def computer_name(self, name: str, run_id: str) -> str:
        """As it is: at most 64 characters."""
        return name

    def credentials(self, run: Run, purpose: str) -> Credentials:
        """A key; there are no passwords."""
        return Credentials(public_key=run.key(purpose).public)

    async def open_build(self, run: Run, azure: Azure, machine_id: str, address: str) -> Opened:
        """A temporary administrator with this run's key, and the machine's host keys."""
        plan = run.plan
        if plan.recipe.build.transport == "run-command":
            run.record.write("open", "fact", "Run Command alone: no account, no port")
            return Opened(machine_id=machine_id, address=address)
        script = open_script(plan.temporary_admin, run.key(BUILD_KEY).public)
        output = await _in_guest(azure, plan, machine_id, "golden-open", script)
        keys = parse_open(address, plan.temporary_admin, output)
        opened = _opened(run, machine_id, address, keys, user=plan.temporary_admin, key=BUILD_KEY)
        run.record.write("open", "fact", "host keys read through Azure", host_keys=opened.host_keys)
        return opened

    async def open_test(self, run: Run, azure: Azure, machine_id: str, address: str) -> Opened:
        """The host keys of a machine whose administrator Azure made."""
        if run.plan.recipe.build.transport == "run-command":
            return Opened(machine_id=machine_id, address=address)
        output = await _in_guest(azure, run.plan, machine_id, "golden-host-keys", host_keys_script())
        keys = parse_host_keys(address, output)
        return _opened(run, machine_id, address, keys, user=run.plan.test_admin, key=TEST_KEY)

    def connect(self, run: Run, opened: Opened) -> AbstractAsyncContextManager[Guest]:
        """A root shell over SSH, or batches that Run Command carries."""
        return _connect(run, opened)

    async def change(self, run: Run, opened: Opened, step: Customization) -> None:
        """Scripts, files, package upgrades and restarts."""
        if step.mend is not None:
            raise InvalidInput(
                f"there is no mending operation {step.mend} for Linux", remedy="write it as a script"
            )
        if step.reboot:
            await _reboot(run, opened)
            return
        async with _connect(run, opened) as guest:
            try:
                await _change(run, guest, step)
            except RemoteError as error:
                raise await _with_cause(guest, error) from error

    async def look(self, run: Run, opened: Opened) -> tuple[Facts, AnyEvidence]:
        """Facts, and the checks on the source."""
        async with _connect(run, opened) as guest:
            facts = await gather_facts(guest, run.plan.recipe.verify.files)
            return facts, await examine(guest, Stage.BEFORE_GENERALIZE, Context(facts=facts))

    async def generalize(self, run: Run, opened: Opened, facts: Facts, skip: list[Skip]) -> AnyEvidence:
        """The distribution's operations and the gate's probes, in one root process."""
        known = _linux(facts)
        accounts = {opened.user, opened.azure_admin, known.agent_admin} - {None}
        context = Context(facts=known, accounts=tuple(sorted(name for name in accounts if name)))
        run.record.write("generalize-guest", "fact", f"accounts to go: {', '.join(context.accounts)}")
        async with _connect(run, opened) as guest:
            return await generalize(guest, context, skip=[name for name in skip if name != "gate"])

    def judge(self, evidence: AnyEvidence) -> Verdict:
        """See `factory.linux.generalize.judge`."""
        if not isinstance(evidence, Evidence):
            raise InvalidInput("this is no evidence of a Linux guest")
        return judge(evidence)

    async def prove(self, run: Run, opened: Opened, facts: Facts) -> Proof:
        """The checks after provisioning, and the recipe's own tests."""
        source = _linux(facts)
        async with _connect(run, opened) as guest:
            found = await gather_facts(guest, run.plan.recipe.verify.files)
            evidence = await examine(guest, Stage.AFTER_PROVISION, _context(run, found, source))
            tests = await _own_tests(run, guest)
        verdict = judge(evidence)
        findings = [*(str(finding) for finding in verdict.findings), *tests]
        return Proof(_seen(source, found, verdict), findings, [])

    async def old_login(self, run: Run, opened: Opened) -> list[str]:
        """The build machine's administrator, with his key."""
        if opened.user is None:
            told = "no login was tried: the machine is reached by Run Command alone"
            run.record.write("verify", "warning", told)
            return []
        if not run.has_key(BUILD_KEY):
            told = "the old user's login was not tried: the old key is on another computer"
            run.record.write("verify", "warning", told)
            return []
        old = opened.model_copy(update={"user": run.plan.temporary_admin, "key": BUILD_KEY})
        if await try_login(replace(_login(run, old), login_grace=0)):
            return [f"the old user {old.user} still logs in with the old key"]
        return []


@asynccontextmanager
async def _connect(run: Run, opened: Opened) -> AsyncIterator[Guest]:
    if opened.user is None:
        async with run.azure() as azure:
            yield CarriedGuest(
                opened.name,
                AzureCarrier(azure, opened.machine_id, run.plan.tags("scaffolding")),
                evidence_deadline=run.plan.recipe.deadline("generalize"),
            )
    else:
        async with SshGuest(_login(run, opened)) as guest:
            yield guest


def _login(run: Run, opened: Opened) -> Login:
    """How to log in to an opened machine; ValueError where no login is possible."""
    if opened.user is None:
        raise ValueError(f"{opened.machine_id} is reached by Run Command alone")
    return Login(
        host=opened.address,
        port=opened.port,
        user=opened.user,
        key=run.key(opened.key),
        host_keys=HostKeys(opened.host_keys),
        deadline=run.plan.recipe.deadline("connect").total_seconds(),
        login_grace=LOGIN_GRACE,
    )


def _opened(run: Run, machine_id: str, address: str, keys: HostKeys, *, user: str, key: str) -> Opened:
    return Opened(
        machine_id=machine_id,
        address=address,
        port=run.plan.recipe.build.ssh_port,
        user=user,
        key=key,
        host_keys=keys.fingerprints,
    )


async def _in_guest(azure: Azure, plan: Plan, machine_id: str, name: str, script: str) -> str:
    result = await run_commands.run_command(
        azure,
        machine_id,
        name=name,
        script=script,
        deadline=plan.recipe.deadline("run_command"),
        tags=plan.tags("scaffolding"),
    )
    return result.checked()


async def _change(run: Run, guest: Guest, step: Customization) -> None:
    if step.copy_from is not None:
        await guest.put(step.copy_to or "", _read(step.copy_from), int(step.mode, 8))
    elif step.upgrade_packages:
        await _upgrade(guest)
    else:
        await run_checked(guest, _script(run, step))


async def _with_cause(guest: Guest, error: RemoteError) -> RemoteError:
    """The error with what is seen of the disk, if that is full: a shell says "I/O error" at most."""
    try:
        full = disk_space(await guest.run(PROBE))
    except FactoryError:
        return error  # the first error counts
    if not full:
        return error
    said = f"{error.stderr.strip() or 'no message'} ({'; '.join(full)})"
    return RemoteError(error.host, error.command, error.status, said, remedy=MAKE_ROOM)


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
    async with _connect(run, opened) as guest:
        before = await _boot_id(guest)
        await run_checked(guest, sh("sync"))
    async with run.azure() as azure:
        await machines.restart(azure, opened.machine_id, deadline=run.plan.recipe.deadline("power"))
    async with _connect(run, opened) as guest:
        if await _boot_id(guest) == before:
            raise RemoteError(
                guest.name, "restart", 0, "the boot ID is the same: the machine did not restart"
            )


async def _boot_id(guest: Guest) -> str:
    return (await run_checked(guest, sh("cat", "/proc/sys/kernel/random/boot_id"))).stdout.strip()


def _linux(facts: Facts) -> GuestFacts:
    if not isinstance(facts, GuestFacts):
        raise InvalidInput("these are no facts of a Linux guest")
    return facts


def _context(run: Run, facts: GuestFacts, source: GuestFacts) -> Context:
    plan = run.plan
    accounts = {plan.temporary_admin, *([source.agent_admin] if source.agent_admin else [])}
    return Context(
        facts=facts,
        accounts=tuple(sorted(accounts)),
        expected=Expected(
            source=source,
            hostname=plan.test_computer_name,
            admin=plan.test_admin,
            luns=tuple(disk.lun for disk in source.data_disks),
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


def _seen(source: GuestFacts, found: GuestFacts, verdict: Verdict) -> dict[str, Any]:
    keys = sorted(found.host_keys)
    return {
        "rows": [
            ["system", *(facts.os_release.get("PRETTY_NAME", "unknown") for facts in (source, found))],
            ["machine ID", source.machine_id, found.machine_id],
            *(
                ["host key " + kind, source.host_keys.get(kind, "none"), found.host_keys[kind]]
                for kind in keys
            ),
            ["users", *(", ".join(user.name for user in facts.users) for facts in (source, found))],
            ["host name", source.hostname, found.hostname],
            *(["SHA-256 of " + path, str(sha256), "the same"] for path, sha256 in found.files.items()),
        ],
        "machine_id": [source.machine_id, found.machine_id],
        "host_keys": [source.host_keys, found.host_keys],
        "users": [[user.name for user in source.users], [user.name for user in found.users]],
        "hostname": [source.hostname, found.hostname],
        "files": found.files,
        "data_disks": [disk.model_dump(mode="json") for disk in found.data_disks],
        "checks": verdict.checked,
    }


FAMILY = LinuxFamily()
