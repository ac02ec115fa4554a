"""What throttling costs: a rebuild with a fifth of its calls answered 429, beside one without.

Both run on the same local Azure, one after the other: real machines, the real flow, the same recipe. Azure
names a delay of one second in each refusal. What is told is the second run's extra as a share of the first.
"""

import argparse
import contextlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from factory.recipe import Recipe, load_recipe
from factory.run import fresh_run_id
from golden.local_azure import LocalAzure
from golden.prefect_server import prefect_server
from golden.rebuild import rebuild
from tests.cloud import environment, running_cloud

RECIPE = Path(__file__).resolve().parent.parent / "deployments" / "recipes" / "demo.yaml"
RETRY_AFTER = 1


@dataclass(frozen=True)
class Measured:
    """One rebuild: wall time, calls of the Resource Manager, and how many of all were refused.

    Polls of operations are apart: a local Azure asks for them every 50 ms, and a refusal makes them fewer.
    """

    seconds: float
    calls: int
    polls: int
    refused: int


@dataclass(frozen=True)
class Result:
    """Both rebuilds, and what throttling added."""

    guest: str
    share: float
    seed: int
    without: Measured
    throttled: Measured

    @property
    def extra_time(self) -> float:
        """Extra wall time, as a share of the undisturbed run's."""
        return self.throttled.seconds / self.without.seconds - 1

    @property
    def extra_calls(self) -> float:
        """Extra calls without polls, as a share of the undisturbed run's."""
        return self.throttled.calls / self.without.calls - 1

    def lines(self) -> Iterator[str]:
        """Tell it to a person."""
        before, after = self.without, self.throttled
        yield f"A rebuild on {self.guest} guests, and one of whose requests {self.share:.0%} are answered 429"
        yield f"with Retry-After: {RETRY_AFTER} (seed {self.seed})."
        yield ""
        yield f"{'':14}{'wall time':>12}{'calls':>8}{'polls':>8}{'answered 429':>15}"
        for name, one in (("undisturbed", before), ("throttled", after)):
            yield f"{name:14}{one.seconds:10.1f} s{one.calls:8}{one.polls:8}{one.refused:15}"
        yield (
            f"{'extra':14}{after.seconds - before.seconds:+10.1f} s{after.calls - before.calls:+8}"
            f"{after.polls - before.polls:+8}"
        )
        yield f"{'':14}{self.extra_time:+12.0%}{self.extra_calls:+8.0%}"
        yield ""
        yield "Calls are requests that ask for something, polls those that ask how far an operation is (every"
        yield "50 ms here, every ten seconds on Azure). Those that were answered 429 are among both."


def measure(guest: str, share: float, seed: int) -> Result:
    """Rebuild twice; raises what a rebuild raises."""
    with contextlib.ExitStack() as stack:
        state = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="golden-benchmark-")))
        prefect = stack.enter_context(prefect_server(state / "prefect", keep=False))
        cloud = stack.enter_context(running_cloud(state / "azure", guest))
        prefect.wait_until_healthy()
        stack.enter_context(environment({"PREFECT_API_URL": prefect.api, "PREFECT_HOME": str(prefect.home)}))
        recipe = load_recipe(RECIPE, os.environ)
        without = _rebuild(cloud.local, recipe)
        fault = {"name": "throttled", "share": share, "seed": seed, "retry_after": RETRY_AFTER}
        cloud.local.ask("/_local/faults", method="POST", body=fault)
        throttled = _rebuild(cloud.local, recipe)
        cloud.local.ask("/_local/faults", method="DELETE")
        return Result(guest, share, seed, without, throttled)


def _rebuild(azure: LocalAzure, recipe: Recipe) -> Measured:
    azure.ask("/_local/faults/calls", method="DELETE")
    begun = time.monotonic()
    run_id = fresh_run_id()
    rebuild(recipe, run_id, skip=[], show=False)
    seconds = time.monotonic() - begun
    calls = azure.ask("/_local/faults/calls")["calls"]
    polls = sum("operation" in one["call"].lower() for one in calls)
    refused = sum(one["status"] == 429 for one in calls)
    return Measured(round(seconds, 1), len(calls) - polls, polls, refused)


def main() -> int:
    """Measure and tell."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.throttling", description=__doc__)
    parser.add_argument("--guest", default="namespace", help="what machines are made of")
    parser.add_argument("--share", type=float, default=0.2, help="of calls that are refused")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--json", action="store_true", help="for programs")
    options = parser.parse_args()
    result = measure(options.guest, options.share, options.seed)
    if options.json:
        extra = {"extra_time": result.extra_time, "extra_calls": result.extra_calls}
        json.dump(asdict(result) | extra, sys.stdout, indent=2)
    else:
        sys.stdout.writelines(f"{line}\n" for line in result.lines())
    return 0


if __name__ == "__main__":
    sys.exit(main())
