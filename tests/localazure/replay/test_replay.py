"""Every recorded exchange, sent to the local Azure and compared: code, headers, body."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from localazure.admin import coverage
from localazure.arm.routing import Router
from localazure.discovery import load_services
from tests.localazure.conftest import LocalCloud, wire_to
from tests.localazure.replay import cassettes
from tests.localazure.replay.allowed import ALLOWED, NOT_COMPARED
from tests.localazure.replay.cassettes import Exchange
from tests.localazure.replay.comparing import Answer, Difference, differences
from tests.localazure.replay.replaying import Replay
from tests.localazure.yards import MEMORY

CASSETTES = {"disks": 15, "disks_multi": 15, "galleries": 57, "shot": 27}
SCALE = "0.02"
"""Slow enough that an image version is still in progress when the recording says so."""

pytestmark = pytest.mark.skipif(
    not cassettes.FOLDER.is_dir(),
    reason=f"no recorded traffic of Azure at {cassettes.FOLDER}: it stays outside of the checkout",
)


@dataclass(frozen=True)
class Compared:
    """One exchange and what differed in it."""

    exchange: Exchange
    found: tuple[Difference, ...]

    @property
    def unexplained(self) -> list[str]:
        return [
            f"{self.exchange.name} {self.exchange.method}: {one}"
            for one in self.found
            if not any(allowance.covers(self.exchange, one) for allowance in ALLOWED)
        ]


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Compared]]:
    """All cassettes, replayed once against one server."""
    state = tmp_path_factory.mktemp("replay") / "state"
    cloud = LocalCloud(state, guest=MEMORY, options=("--scale", SCALE)).start()
    wire = wire_to(cloud)
    with wire.session:
        found: list[Compared] = []
        for name in CASSETTES:
            replay = Replay(wire, f"g-{uuid4().hex[:8]}")
            replay.open()
            for exchange in cassettes.read(name):
                found.append(Compared(exchange, tuple(differences(*map(_plain, replay.send(exchange))))))
        yield found
    assert cloud.stop() == 0


def _plain(answer: Answer) -> Answer:
    kept = {name: value for name, value in answer.headers.items() if name not in NOT_COMPARED}
    return Answer(answer.status, kept, answer.body)


@pytest.mark.parametrize("cassette", CASSETTES)
def test_a_recorded_exchange_differs_only_as_reviewed(compared: list[Compared], cassette: str) -> None:
    mine = [one for one in compared if one.exchange.cassette == cassette]
    assert len(mine) == CASSETTES[cassette]
    assert [line for one in mine for line in one.unexplained] == []


def test_every_allowed_difference_still_occurs(compared: list[Compared]) -> None:
    unused = [
        allowance
        for allowance in ALLOWED
        if not any(allowance.covers(one.exchange, found) for one in compared for found in one.found)
    ]
    assert unused == []
    assert all(allowance.reason for allowance in ALLOWED)


def test_all_recordings_there_are_have_been_replayed() -> None:
    assert set(cassettes.names()) == set(CASSETTES)


def test_what_the_coverage_table_calls_recorded_is_what_was_replayed(compared: list[Compared]) -> None:
    load_services()
    router = Router()
    replayed = set()
    for one in compared:
        match = router.match(one.exchange.method, urlsplit(one.exchange.url).path)
        if match is not None and not any(difference.where == "status" for difference in one.found):
            replayed.add(coverage.key(match.route))
    assert replayed == {name for name, entry in coverage.proof().items() if entry.get("recorded")}


def test_the_replay_in_one_line(compared: list[Compared], capsys: pytest.CaptureFixture[str]) -> None:
    exact = sum(not one.found for one in compared)
    unexplained = sum(bool(one.unexplained) for one in compared)
    line = (
        f"exchanges compared {len(compared)}, exact {exact}, "
        f"allowed {len(compared) - exact - unexplained}, unexplained {unexplained}"
    )
    with capsys.disabled():
        print(f"\n{line}", *_reasons(compared), sep="\n  ")
    assert line.endswith("unexplained 0")
    assert len(compared) == sum(CASSETTES.values())
    assert exact >= 50


def _reasons(compared: list[Compared]) -> list[str]:
    """How many exchanges each allowance covers."""
    return [
        f"{sum(any(one.covers(c.exchange, d) for d in c.found) for c in compared)}: {one.reason}"
        for one in ALLOWED
    ]
