"""Runs in processes of their own: forked from one that has everything imported, struck, and waited for."""

import asyncio
import contextlib
import gc
import importlib
import os
import signal
import sys
import time
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from prefect.settings import (
    PREFECT_API_SSL_CERT_FILE,
    PREFECT_API_URL,
    PREFECT_LOGGING_LEVEL,
    temporary_settings,
)

from factory.errors import FactoryError
from factory.recipe import Recipe
from flows.rebuild_image import rebuild_image
from tests.chaos.doors import Doors

LONGEST_RUN = 120.0
"""Seconds after which a run on simulated guests counts as hung."""

Ended = Literal["done", "failed", "cancelled", "crashed", "killed", "hung"]
_DONE, _FAILED, _CRASHED, _CANCELLED = 0, 3, 4, 5


@dataclass(frozen=True)
class Ending:
    """How a run's process ended: `failed` with an error of the factory's, `crashed` with any other."""

    how: Ended
    seconds: float
    words: str


def warm(modules: Path) -> None:
    """Import what a run has imported by its end: a third of a run's own time, spent once for all of them."""
    for name in modules.read_text().split():
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    gc.collect()
    gc.freeze()  # forked processes then share these pages for good


def enter(recipe: Recipe, run_id: str, doors: Doors, log: Path, longest: float = LONGEST_RUN) -> Ending:
    """Enter a run in a new process and wait until that has ended. What it prints goes to the log."""
    began = time.monotonic()
    pid = os.fork()
    if pid == 0:
        _carry_out(recipe, run_id, doors, log)
    how = _wait(pid, began + longest)
    words = log.read_text(errors="replace").strip().splitlines()[-1:] or [""]
    return Ending(how, time.monotonic() - began, words[0])


def _carry_out(recipe: Recipe, run_id: str, doors: Doors, log: Path) -> None:
    """In the child: never returns."""
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(output, 1)
    os.dup2(output, 2)
    sys.stdout = sys.stderr = os.fdopen(output, "w", buffering=1)
    doors.install()
    settings = {
        PREFECT_API_URL: os.environ["PREFECT_API_URL"],
        PREFECT_LOGGING_LEVEL: "CRITICAL",
        PREFECT_API_SSL_CERT_FILE: os.environ["GOLDEN_CA_BUNDLE"],  # its clients read all of certifi's else
    }
    try:
        with temporary_settings(settings):  # Prefect has read the environment long ago
            asyncio.run(rebuild_image(recipe, run_id=run_id))
        code = _DONE
    except FactoryError as error:
        print(f"{type(error).__name__}: {error}")
        code = _FAILED
    except (KeyboardInterrupt, asyncio.CancelledError):
        code = _CANCELLED
    except BaseException:
        traceback.print_exc()
        code = _CRASHED
    if doors.log is not None:
        doors.log.with_name("modules").write_text("\n".join(sorted(sys.modules)))
    sys.stdout.flush()
    os._exit(code)


def _wait(pid: int, until: float) -> Ended:
    while time.monotonic() < until:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            if os.WIFSIGNALED(status):
                return "killed"
            return _named(os.WEXITSTATUS(status))
        time.sleep(0.02)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return "hung"


def _named(code: int) -> Ended:
    names: dict[int, Ended] = {_DONE: "done", _FAILED: "failed", _CANCELLED: "cancelled"}
    return names.get(code, "crashed")
