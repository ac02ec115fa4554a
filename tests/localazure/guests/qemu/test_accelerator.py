"""The choice of an accelerator: only what really runs a machine counts."""

import json
import os
import shutil
from pathlib import Path

import pytest

from localazure.guests.qemu import accelerator

needs_qemu = pytest.mark.skipif(
    shutil.which(accelerator.PROGRAM) is None, reason="QEMU is not installed: apt-get install qemu-system-x86"
)


def pretend(directory: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a program before QEMU on the path."""
    program = directory / accelerator.PROGRAM
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{directory}:/usr/bin:/bin")


@needs_qemu
async def test_the_translator_runs_the_boot_sector() -> None:
    assert await accelerator.runs("tcg", seconds=30)


async def test_an_accelerator_that_answers_too_late_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend(tmp_path, "exec sleep 20", monkeypatch)
    assert not await accelerator.runs("tcg", seconds=0.3)


async def test_an_accelerator_that_ends_in_silence_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend(tmp_path, "exit 0", monkeypatch)
    assert not await accelerator.runs("tcg")


async def test_the_answer_is_kept_until_qemu_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(tmp_path, "exit 1", monkeypatch)
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert await accelerator.choose(tmp_path) == "tcg"
    kept = tmp_path / "accelerator.json"
    kept.write_text(json.dumps({**json.loads(kept.read_text()), "accelerator": "kvm"}))
    assert await accelerator.choose(tmp_path) == "kvm", "what was found is not looked for again"
    pretend(tmp_path, "exit 1 # another", monkeypatch)
    assert await accelerator.choose(tmp_path) == "tcg"
