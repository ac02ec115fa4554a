"""Break the code on purpose, once each: every break must turn its tests red.

`python -m tests.mutants [WORD ...]`; with words only mutants whose description has them all.
Each is one replacement in a copy of the checkout, and the tests that should notice: these must be green
before anything is broken. A mutant whose text is no longer
found, or that survives, fails the run.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SECONDS = 1200


@dataclass(frozen=True)
class Mutant:
    """What is broken, where, and who should notice."""

    what: str
    file: str
    old: str
    new: str
    tests: str
    guests: bool = False
    """Whether it takes the tests that boot machines to notice."""


MUTANTS = (
    Mutant(
        "a half-generalized guest is gone on with",
        "factory/resume.py",
        'elif is_guest_half_done(events) and "gate" not in taken:',
        "elif False:",
        "tests/factory/test_resume.py",
    ),
    Mutant(
        "what is gone from the cloud is taken over",
        "factory/memory.py",
        "    if seen is None:\n",
        "    if False:\n",
        "tests/factory/test_memory.py",
    ),
    Mutant(
        "somebody else's resource of the same name is taken",
        "factory/azure/ensure.py",
        "    if owner != run_id:\n",
        "    if False:\n",
        "tests/factory/azure/test_ensure.py",
    ),
    Mutant(
        "the reaper takes from a live run",
        "factory/reap.py",
        "return [leftover for leftover in late if leftover.run not in alive]",
        "return late",
        "tests/factory/test_reap.py",
    ),
    Mutant(
        "the gate lets everything pass",
        "factory/generalize.py",
        "elif not verdict.ok:",
        "elif False:",
        "tests/factory/test_gate.py",
    ),
    Mutant(
        "generalize is called without a good verdict",
        "factory/generalize.py",
        'if not (verdict["ok"] or verdict["skipped"]):',
        "if False:",
        "tests/factory/test_gate.py",
    ),
    Mutant(
        "the gate does not see a machine ID",
        "factory/linux/checks/machine_id_blank.py",
        'elif main not in ("", "uninitialized"):',
        "elif False:",
        "tests/factory/linux",
    ),
    Mutant(
        "a generalized VM may be started",
        "localazure/compute/transitions.py",
        'Cell("seen", refused=_because("start", errors.GENERALIZED))',
        'Cell("seen", "running")',
        "tests/localazure/compute/test_transitions.py",
    ),
    Mutant(
        "latest ignores excludeFromLatest",
        "localazure/galleries/resolve.py",
        "if not excluded and ",
        "if ",
        "tests/localazure/galleries",
    ),
    Mutant(
        "an attached disk may be deleted",
        "localazure/disks/routes.py",
        "    jobs.check_deletable(call.world, doc)\n",
        "",
        "tests/localazure/disks/test_disks.py",
    ),
    Mutant(
        "one failed undo stops the next",
        "factory/cleanup.py",
        "            await step(run)\n        except Exception as trouble:\n",
        "            await step(run)\n        except ZeroDivisionError as trouble:\n",
        "tests/factory/test_cleanup.py",
    ),
    Mutant(
        "a backup counts without a disk made from each part",
        "factory/backup.py",
        "        faults = await _try_parts(run, azure, manifest)\n",
        "        faults = []\n",
        "tests/factory/restoring/test_backing_up.py",
    ),
    Mutant(
        "a backup counts without its manifest being read back from the cloud",
        "factory/backup.py",
        "    faults += await _read_manifest_back(azure, manifest)\n",
        "",
        "tests/factory/restoring/test_backing_up.py",
    ),
    Mutant(
        "nothing is set to stay before the original is changed",
        "factory/in_place.py",
        "    if _going(machine):\n        machine = await",
        "    if False:\n        machine = await",
        "tests/factory/restoring/test_restoring.py",
    ),
    Mutant(
        "what a restore takes off a VM gets no expiry",
        "factory/restore.py",
        "    await _tag_replaced(work)\n",
        "",
        "tests/factory/restoring/test_restoring.py",
    ),
    Mutant(
        "an original that was changed is not given back",
        "factory/in_place.py",
        "    if not run.record.has(TOUCHED):\n        return None\n",
        "    return None\n",
        "tests/flows/test_in_place.py",
    ),
    Mutant(
        "a group is deleted with somebody else's resource in it",
        "factory/cleanup.py",
        "    if strangers:\n",
        "    if False:\n",
        "tests/flows/test_reaping.py",
    ),
    Mutant(
        "verification takes the source's machine ID for a new one",
        "factory/linux/checks/machine_id_new.py",
        "elif found == context.expected.source.machine_id:",
        "elif False:",
        "tests/factory/linux",
    ),
    Mutant(
        "verification takes the source's host keys for new ones",
        "factory/linux/checks/host_keys_new.py",
        "if found[kind] in context.expected.source.host_keys.values():",
        "if False:",
        "tests/factory/linux",
    ),
    Mutant(
        "what was not verified is promoted",
        "factory/promote.py",
        'if product.id not in proof["verified"]:',
        "if False:",
        "tests/factory/test_gate.py",
    ),
    Mutant(
        "the reaper takes what is not expired",
        "factory/reap.py",
        "expires is not None and expires < now",
        "expires is not None",
        "tests/factory/test_reap.py",
    ),
    Mutant(
        "any SSH host key is accepted",
        "factory/remote/keys.py",
        "return self.fingerprints.get(key_type) == fingerprint",
        "return True",
        "tests/factory/remote",
    ),
    Mutant(
        "a backup without a disk counts as complete",
        "factory/backup.py",
        "        if part is None:\n",
        "        if part is None:\n            continue\n        if False:\n",
        "tests/factory/test_backup.py",
    ),
    Mutant(
        "a mark of success of an older Sysprep passes the gate",
        "factory/windows/checks/sysprep_tag_new.py",
        'elif moment(answer["tag"]) < context.sysprep_began:',
        "elif False:",
        "tests/factory/windows/test_generalize.py",
    ),
    Mutant(
        "the Windows gate does not ask whether the way in is gone",
        "factory/windows/generalize.py",
        "    if evidence.stage is Stage.BEFORE_CAPTURE:\n",
        "    if False:\n",
        "tests/factory/windows/test_generalize.py",
    ),
    Mutant(
        "Sysprep is waited for without a deadline",
        "factory/windows/sysprep.py",
        "    if elapsed < limits.deadline:\n",
        "    if True:\n",
        "tests/factory/windows/test_sysprep.py",
    ),
    Mutant(
        "a command over WinRM is waited for without a deadline",
        "factory/remote/winrm.py",
        "            if time.monotonic() >= ends:\n",
        "            if False:\n",
        "tests/factory/remote/test_winrm.py",
    ),
    Mutant(
        "any certificate is accepted from a Windows guest",
        "factory/remote/pinning.py",
        """        pool["ssl_context"] = self._context
        pool["cert_reqs"] = "CERT_REQUIRED"
        pool["assert_hostname"] = False
        pool["assert_fingerprint"] = self._pin.fingerprint
""",
        """        pool["cert_reqs"] = "CERT_NONE"
        pool["assert_hostname"] = False
""",
        "tests/factory/remote/test_winrm.py",
    ),
    Mutant(
        "the password of a Windows administrator is sent as a parameter",
        "factory/windows/scripts/enable_winrm.ps1",
        """    $password = 'Gf1-' + [Convert]::ToBase64String($bytes)
""",
        """    $password = 'Gf1-' + [Convert]::ToBase64String($bytes)
    cmd.exe /c "echo $password" | Out-Null
""",
        "tests/factory/windows/test_on_machines.py::test_the_password_is_in_no_process_of_the_guest_and_on_no_disk_of_it",
    ),
    Mutant(
        "a restart under Sysprep is taken for Sysprep's own failure",
        "factory/windows/sysprep.py",
        "restarted(now.boot, look.boot)",
        "False",
        "tests/factory/windows/test_sysprep_run.py",
    ),
    Mutant(
        "a hang is known by any line of the log",
        "factory/windows/failure.py",
        "lines[-1:] if hung else lines",
        "lines",
        "tests/factory/windows/test_failures.py",
    ),
    Mutant(
        "the log of an older Sysprep is read as this run's",
        "factory/windows/sysprep_log.py",
        "    kept, young = [], began is None\n",
        "    return list(lines)\n    kept, young = [], began is None\n",
        "tests/factory/windows/test_sysprep_log.py",
    ),
    Mutant(
        "Azure is waited for without a deadline",
        "factory/azure/lro.py",
        "        if remaining <= 0:\n",
        "        if False:\n",
        "tests/factory/azure/test_lro.py",
    ),
    Mutant(
        "a private key gets into the record",
        "factory/run.py",
        "        return key\n",
        '        self.record.write("keys", "fact", key.private.get_secret_value())\n        return key\n',
        "tests/flows/test_secrets.py",
        guests=True,
    ),
)


def copy_checkout(target: Path) -> None:
    """The files that git knows or would know, as they are in the work tree."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for name in listed.stdout.splitlines():
        source = ROOT / name
        if source.is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target / name)


def run_tests(checkout: Path, tests: str, *, guests: bool) -> bool:
    """Whether they pass; SystemExit when they could not run at all."""
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider"]
    command += [] if guests else ["-m", "not guest", "--timeout=60"]
    environment = {**os.environ, "PYTHONPATH": str(checkout), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [*command, *tests.split()],
        cwd=checkout,
        env=environment,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    if done.returncode not in (0, 1):
        raise SystemExit(f"{tests} did not run:\n{done.stdout[-2000:]}{done.stderr[-500:]}")
    return done.returncode == 0


def red(mutant: Mutant, checkout: Path) -> bool:
    """Whether the tests notice; the file is as it was afterwards."""
    path = checkout / mutant.file
    text = path.read_text()
    if text.count(mutant.old) != 1:
        raise SystemExit(f"mutant {mutant.what!r}: its text is not once in {mutant.file}")
    path.write_text(text.replace(mutant.old, mutant.new))
    try:
        return not run_tests(checkout, mutant.tests, guests=mutant.guests)
    finally:
        path.write_text(text)


def green(mutants: Sequence[Mutant], checkout: Path) -> bool:
    """Whether their tests pass while nothing is broken."""
    for guests in (False, True):
        tests = {mutant.tests for mutant in mutants if mutant.guests is guests}
        if tests and not run_tests(checkout, " ".join(sorted(tests)), guests=guests):
            return False
    return True


def main(words: Sequence[str]) -> int:
    """Break one after the other; 1 when one survives."""
    mutants = [one for one in MUTANTS if all(word.lower() in one.what.lower() for word in words)]
    survivors = 0
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        checkout = Path(folder)
        copy_checkout(checkout)
        if not green(mutants, checkout):
            print("the tests are red before anything is broken")
            return 1
        for mutant in mutants:
            begun = time.monotonic()
            noticed = red(mutant, checkout)
            survivors += not noticed
            verdict = "red" if noticed else "SURVIVES"
            print(f"{verdict:9} {time.monotonic() - begun:5.1f} s  {mutant.what} ({mutant.file})", flush=True)
    print(f"{len(mutants) - survivors} of {len(mutants)} mutants turn the suite red")
    return 1 if survivors or not mutants else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
