"""`python -m tests.chaos`: every instant, every blow, on simulated guests; a table, and what was found.

Each worker has a local Azure and a Prefect server of its own. The seed decides the order and which runs are
gone on with; the same seed strikes the same way.
"""

import argparse
import json
import os
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.chaos.doors import BLOWS
from tests.chaos.ground import on_ground
from tests.chaos.plan import choose


def main() -> int:
    """Strike, and say what was found; 1 if anything was lost, leaked or unclear."""
    options = _options()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="chaos-") as folder:
        results = _in_workers(Path(folder), options)
    instants = {entry["instant"] for entry in results}
    print(f"\nseed {options.seed}, {options.guest} guests, {len(instants)} instants, {len(results)} cases,")
    print(f"{time.monotonic() - began:.0f} s")
    print(
        f"\n{'':12}{'cases':>8}{'done':>8}{'resumed':>9}{'reaped':>8}{'lost':>6}{'leaked':>8}{'unclear':>9}"
    )
    for blow in BLOWS:
        of_blow = [entry for entry in results if entry["blow"] == blow]
        after = Counter(entry["after"] for entry in of_blow)
        found = [sum(bool(entry[what]) for entry in of_blow) for what in ("lost", "leaked", "unclear")]
        print(
            f"{blow:12}{len(of_blow):8}{after['done by itself']:8}{after['resumed']:9}{after['reaped']:8}"
            f"{found[0]:6}{found[1]:8}{found[2]:9}"
        )
    bad = [entry for entry in results if entry["lost"] or entry["leaked"] or entry["unclear"]]
    for entry in bad:
        print(f"\n{entry['text']}")
    return 1 if bad else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--guest", default="model", help="model, namespace or qemu")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 2)
    parser.add_argument("--cases", type=int, help="only so many, drawn by the seed")
    return parser.parse_args()


def _in_workers(folder: Path, options: argparse.Namespace) -> list[dict[str, object]]:
    """Fork the workers before any of them has a thread; each writes a line a case."""
    files, pids = [], []
    for number in range(options.workers):
        file = folder / f"results-{number}"
        files.append(file)
        pid = os.fork()
        if pid == 0:
            os._exit(_work(folder / f"worker-{number}", file, number, options))
        pids.append(pid)
    codes = [os.waitpid(pid, 0)[1] for pid in pids]
    if any(codes):
        sys.exit("a worker did not come to its end")
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]


def _work(folder: Path, results: Path, number: int, options: argparse.Namespace) -> int:
    results.touch()
    with on_ground(folder, options.guest) as ground:
        cases = choose(ground.count_instants(), seed=options.seed, cases=options.cases)
        for index, (instant, blow) in enumerate(cases):
            if index % options.workers != number:
                continue
            case = ground.strike(instant, blow, random.Random(f"{options.seed}/{index}"))
            print(f"{index + 1}/{len(cases)} {case}", flush=True)
            entry: dict[str, object] = {
                "instant": str(instant),
                "blow": blow,
                "after": case.after,
                "text": str(case),
            }
            entry |= {"lost": case.lost, "leaked": case.leaked, "unclear": case.unclear}
            with results.open("a") as file:
                file.write(json.dumps(entry) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
