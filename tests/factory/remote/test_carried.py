"""A guest behind Run Command: commands as batches, output in slices, evidence through the serial log."""

import asyncio
import os
import re
from datetime import timedelta
from pathlib import Path

import pytest

from factory.azure.run_commands import OUTPUT_LIMIT, RunCommandResult
from factory.errors import DeadlineExceeded, RemoteError
from factory.guest.command import sh, sh_script
from factory.guest.guest import run_all
from factory.remote import carried
from factory.remote.carried import CarriedGuest, find_lines


class LocalCarrier:
    """Runs scripts in this computer's own shell, and cuts what they print as Azure does."""

    def __init__(self, root: Path) -> None:
        self.console = root / "console"
        self.console.touch()
        self.scripts: list[str] = []
        self.lost: int | None = None

    async def run(self, script: str, *, deadline: timedelta, keep: bool) -> RunCommandResult:
        self.scripts.append(script)
        here = script.replace("/run/golden-", f"{self.console.parent}/golden-")
        here = here.replace("/dev/ttyS0 /dev/console", str(self.console)).replace("systemd-run", "no-such")
        here = here.replace("[ -c ", "[ -f ").replace("( : > ", "( : >> ")
        process = await asyncio.create_subprocess_exec(
            "sh", "-c", here, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        out, err = await process.communicate()
        if len(self.scripts) == self.lost:
            out = out[:-5]
        cut = [text[-OUTPUT_LIMIT:].decode() for text in (out, err)]
        state = "Succeeded" if process.returncode == 0 else "Failed"
        return RunCommandResult("vm", "name", state, process.returncode, cut[0], cut[1])

    async def serial_log(self) -> str:
        return self.console.read_text()


@pytest.fixture
def carrier(tmp_path: Path) -> LocalCarrier:
    return LocalCarrier(tmp_path)


def guest_of(carrier: LocalCarrier, seconds: float = 30) -> CarriedGuest:
    return CarriedGuest("vm", carrier, evidence_deadline=timedelta(seconds=seconds))


async def test_commands_leave_what_they_leave_in_any_shell(carrier: LocalCarrier) -> None:
    commands = [
        sh("printf", "%s", "it's; $HOME"),
        sh_script("cat; echo bad >&2; exit 3", stdin=b"from stdin\n"),
        sh("true").if_exists("/nowhere"),
        sh_script("exit 7"),
    ]
    one, two, three, four = await run_all(guest_of(carrier), commands)
    assert (one.status, one.stdout) == (0, "it's; $HOME")
    assert (two.status, two.stdout, two.stderr) == (3, "from stdin\n", "bad\n")
    assert three.skipped
    assert four.status == 7


async def test_output_that_azure_would_cut_comes_back_whole_in_slices(carrier: LocalCarrier) -> None:
    noise = os.urandom(9000).hex()
    output = await guest_of(carrier).run(sh("printf", "%s", noise))
    assert output.stdout == noise
    assert len(carrier.scripts) > 2
    assert not list(carrier.console.parent.glob("golden-*"))


async def test_of_a_flood_both_ends_are_kept(carrier: LocalCarrier) -> None:
    output = await guest_of(carrier).run(sh_script("echo first; seq 1 20000; echo last"))
    assert output.stdout.startswith("first\n")
    assert output.stdout.endswith("last\n")
    assert "left out" in output.stdout


async def test_an_answer_that_is_not_whole_is_an_error_and_no_output(carrier: LocalCarrier) -> None:
    carrier.lost = 1
    with pytest.raises(RemoteError, match="came back"):
        await guest_of(carrier).run(sh("printf", "%s", os.urandom(100).hex()))


async def test_a_sensitive_command_prints_into_nothing(carrier: LocalCarrier) -> None:
    output = await guest_of(carrier).run(sh("echo", "hunter2", sensitive=True))
    assert (output.status, output.stdout) == (0, "")


async def test_a_file_arrives_with_its_bytes_and_mode(carrier: LocalCarrier, tmp_path: Path) -> None:
    content = os.urandom(70_000)
    await guest_of(carrier).put(str(tmp_path / "file"), content, 0o640)
    assert (tmp_path / "file").read_bytes() == content
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o640


async def test_the_last_batch_is_read_by_the_serial_log(
    carrier: LocalCarrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(carried, "LAUNCH_GRACE", 0)
    noise = os.urandom(2000).hex()
    outputs = await run_all(guest_of(carrier), [sh("echo", noise), sh_script("exit 4")], last=True)
    assert outputs[0].stdout == f"{noise}\n"
    assert outputs[1].status == 4
    assert len(carrier.scripts) == 1


async def test_evidence_that_never_comes_ends_at_the_deadline(
    carrier: LocalCarrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(carried, "LAUNCH_GRACE", 600)
    monkeypatch.setattr(carried, "_LAUNCH", "echo launched")
    with pytest.raises(DeadlineExceeded, match="0 of unknown lines"):
        await guest_of(carrier, seconds=0).run_batch([sh("true")], last=True)


async def test_a_line_that_the_kernel_wrote_into_is_taken_from_its_second_copy(
    carrier: LocalCarrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(carried, "LAUNCH_GRACE", 0)
    guest = guest_of(carrier)
    await guest.run_batch([sh("echo", os.urandom(300).hex())], last=True)
    log = carrier.console.read_text()
    mark = re.findall(r"@(\w+) 1/", log)[0]
    whole, total = find_lines(log, mark)
    broken = log.replace(whole[2][:20], whole[2][:10] + "\n[   12.3] audit: x\n" + whole[2][10:20], 1)
    assert find_lines(broken, mark) == (whole, total)
    forged = broken.replace(whole[2], "A" * len(whole[2]))
    assert 2 not in find_lines(forged, mark)[0]
