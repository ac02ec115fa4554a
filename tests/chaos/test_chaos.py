"""A seeded few of all the cases of chaos, each blow among them; `make chaos` strikes at every instant."""

import argparse
import os
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.chaos.cases import Ground
from tests.chaos.doors import BLOWS, Blow, Instant, label_of
from tests.chaos.ground import on_ground, quiet_prefect
from tests.chaos.plan import Slice, choose
from tests.chaos.runs import warm
from tests.chaos.table import Found, Results, print_table

pytestmark = pytest.mark.prefect

SEED = int(os.environ.get("CHAOS_SEED", "20"))
EACH = 2
"""Cases of each blow."""


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """A local Azure with simulated guests."""
    folder = tmp_path_factory.mktemp("chaos")
    with quiet_prefect(folder / "prefect"), on_ground(folder / "ground", "model") as made:
        yield made


@pytest.fixture(scope="module")
def instants(ground: Ground) -> list[Instant]:
    """The instants of a run that nobody strikes."""
    found = ground.count_instants()
    warm(ground.counted / "modules")
    return found


def test_there_are_instants_enough_at_every_door(instants: list[Instant]) -> None:
    doors = {door: sum(instant.door == door for instant in instants) for door in ("azure", "guest", "record")}
    assert len(instants) >= 150, doors
    assert min(doors.values()) >= 20, doors


@pytest.mark.parametrize("blow", BLOWS)
def test_a_struck_run_loses_nothing_and_leaks_nothing(
    ground: Ground, instants: list[Instant], blow: Blow
) -> None:
    drawn = [case for case in choose(instants, seed=SEED) if case[1] == blow][:EACH]
    cases = [ground.strike(*case, random.Random(SEED + number)) for number, case in enumerate(drawn)]
    assert [str(case) for case in cases if not case.ok or case.missed] == []


@pytest.mark.parametrize(
    ("method", "path", "label"),
    [
        ("PUT", "/subscriptions/s/resourcegroups/g", "PUT resourcegroups"),
        ("GET", "/subscriptions/s/resourcegroups/g/resources", "GET resourcegroups/resources"),
        (
            "POST",
            "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/v/powerOff",
            "POST Microsoft.Compute/virtualMachines/powerOff",
        ),
        (
            "GET",
            "/subscriptions/s/providers/Microsoft.Compute/locations/l/operations/1",
            "poll Microsoft.Compute",
        ),
        ("POST", "/tenant/oauth2/v2.0/token", None),
    ],
)
def test_a_request_is_named_by_verb_and_type(method: str, path: str, label: str | None) -> None:
    assert label_of(method, f"https://localhost{path}?api-version=1", set()) == label


def test_an_operation_that_was_polled_before_is_no_new_instant() -> None:
    url = "https://localhost/subscriptions/s/providers/Microsoft.Compute/locations/l/operations/1"
    polled: set[str] = set()
    assert label_of("GET", url, polled) is not None
    assert label_of("GET", url, polled) is None


def test_the_same_seed_strikes_the_same_way() -> None:
    instants = [Instant("guest", "command", number, "after") for number in range(9)]
    assert choose(instants, seed=4) == choose(instants, seed=4)
    assert len(choose(instants, seed=4)) == len(instants) * len(BLOWS)


def test_parts_hold_each_case_once() -> None:
    parts = [Slice.parse(f"{number}/3") for number in (1, 2, 3)]
    assert [sum(part.holds(index) for part in parts) for index in range(10)] == [1] * 10


@pytest.mark.parametrize("text", ["0/3", "4/3", "1", "a/b"])
def test_what_is_no_part_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError):
        Slice.parse(text)


def test_the_table_adds_up_what_was_kept_and_one_loss_fails_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results = Results(tmp_path / "results")
    good = Found("guest command #1 after", "guest", "kill", "resumed", 4.0, [], [], [], "fine")
    results.add(good)
    assert print_table(results.read()) == 0
    results.add(replace(good, blow="reset", lost=["the source VM"], text="what was lost"))
    assert print_table(results.read()) == 1
    told = capsys.readouterr().out
    assert "1 instants (1 guest), 2 cases of 4.0 s each" in told
    assert told.endswith("\nwhat was lost\n")


def test_nothing_struck_is_nothing_shown(tmp_path: Path) -> None:
    assert print_table(Results(tmp_path / "none").read()) == 1
