"""A seeded few of all the cases of chaos, each blow among them; `make chaos` strikes at every instant."""

import os
import random
from collections.abc import Iterator

import pytest

from tests.chaos.cases import Ground
from tests.chaos.doors import BLOWS, Blow, Instant, label_of
from tests.chaos.ground import on_ground
from tests.chaos.plan import choose

pytestmark = pytest.mark.prefect

SEED = int(os.environ.get("CHAOS_SEED", "20"))
EACH = 2
"""Cases of each blow."""


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """A local Azure with simulated guests."""
    with on_ground(tmp_path_factory.mktemp("chaos") / "ground", "model") as made:
        yield made


@pytest.fixture(scope="module")
def instants(ground: Ground) -> list[Instant]:
    """The instants of a run that nobody strikes."""
    return ground.count_instants()


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
    assert [str(case) for case in cases if not case.ok] == []


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
