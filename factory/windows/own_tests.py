"""The recipe's own tests on a machine made from the image: PowerShell that exits 0, or files for Pester."""

from collections.abc import Sequence

from factory.guest.guest import Guest, run_checked
from factory.guest.powershell import ps
from factory.recipe import Test
from factory.remote.winrm import make_folder
from factory.windows.answers import NoAnswerError, answer_of
from factory.windows.probe import script

TEST_SECONDS = 600.0


async def run_own_tests(guest: Guest, tests: Sequence[Test], folder: str) -> list[str]:
    """What fails, in sentences. `folder` is the factory's in the guest."""
    findings: list[str] = []
    for test in tests:
        findings += await _pester(guest, test, folder) if test.pester else await _script(guest, test)
    return findings


async def _script(guest: Guest, test: Test) -> list[str]:
    output = await guest.run(ps("test", test.script, timeout=TEST_SECONDS))
    return [] if output.status == 0 else [_ended(test, output.status, output.stderr or output.stdout)]


async def _pester(guest: Guest, test: Test, folder: str) -> list[str]:
    path = f"{folder}\\recipe.Tests.ps1"
    await run_checked(guest, make_folder(folder))
    await guest.put(path, b"\xef\xbb\xbf" + test.script.encode())
    output = await guest.run(script("run_pester", {"Path": path}, timeout=TEST_SECONDS))
    try:
        answer = answer_of(output.stdout)
    except NoAnswerError:
        return [_ended(test, output.status, output.stderr or output.stdout)]
    if answer["total"] == 0:
        return [f"the recipe's test {test.name!r} holds no test for Pester"]
    return [f"the recipe's test {test.name!r}: {failed}" for failed in answer["failed"]]


def _ended(test: Test, status: int, text: str) -> str:
    said = text.strip().splitlines()[-1:] or ["no message"]
    return f"the recipe's test {test.name!r} exited {status}: {said[0]}"
