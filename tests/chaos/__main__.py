"""`python -m tests.chaos`: every instant, every blow, on simulated guests; a table, and what was found.

Each worker has a local Azure of its own. The seed decides the order and which runs are gone on with; the
same seed strikes the same way. With `--results` a file keeps what was found: cases that are in it are not
struck again, and the table is of all of it. So the whole can be done in pieces, by `--minutes` one after the
other or by `--slice` on several computers, whose files are added up by `cat` and `--sum`.
"""

import argparse
import contextlib
import os
import random
import signal
import sys
import tempfile
import time
from pathlib import Path
from types import FrameType

from tests.chaos.ground import PATIENCE, quiet_prefect
from tests.chaos.plan import Slice
from tests.chaos.table import Results, print_table
from tests.chaos.workers import Work, in_workers

WORKERS_A_CORE = 2
"""Two fifths of a run are waiting."""


def main() -> int:
    """Strike, and say what was found; 1 if anything was lost, leaked or unclear."""
    options = _options()
    signal.signal(signal.SIGTERM, _end)
    began = time.monotonic()
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="chaos-")))
        results = Results(options.results or folder / "results.jsonl")
        if not options.sum:
            stack.enter_context(quiet_prefect(folder / "prefect"))
            in_workers(_work(options, folder, results), options.workers)
        found = results.read()
    print(f"\nseed {options.seed}, {options.guest} guests, {time.monotonic() - began:.0f} s this time")
    return print_table(found)


def _work(options: argparse.Namespace, folder: Path, results: Results) -> Work:
    return Work(
        folder=folder,
        guest=options.guest,
        seed=options.seed,
        results=results,
        part=options.slice,
        only=options.only,
        most=options.cases,
        until=time.monotonic() + options.minutes * 60 if options.minutes else None,
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.chaos",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--guest", default="model", choices=PATIENCE)
    parser.add_argument("--workers", type=int, default=WORKERS_A_CORE * (os.cpu_count() or 2))
    parser.add_argument("--cases", type=int, help="only so many, drawn by the seed")
    parser.add_argument(
        "--only", default="", help="only cases whose line begins so: 'kill at guest command #3 '"
    )
    parser.add_argument("--slice", type=Slice.parse, default=Slice(), help="only the I-th of N parts: I/N")
    parser.add_argument("--results", type=Path, help="a file that keeps what was found")
    parser.add_argument("--minutes", type=float, help="begin no case after so many")
    parser.add_argument("--sum", action="store_true", help="only the table of what --results holds")
    return parser.parse_args()


def _end(_number: int, _frame: FrameType | None) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # whoever cleans up is not to be interrupted
    sys.exit("ended by a signal")


if __name__ == "__main__":
    sys.exit(main())
