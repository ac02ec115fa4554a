"""What was published belongs to its users: published once, and a late or failed replication is told."""

from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from factory.azure.client import Azure
from factory.capture import Product
from factory.plan import plan_rebuild
from factory.products import remove_version
from factory.promote import promote_products
from factory.record import RunRecord
from factory.run import Run
from factory.verify import PROOF
from tests.factory.azure.conftest import JumpingClock
from tests.factory.azure.wire import COMPUTE, Answer, Seen, Wire, fails, succeeded
from tests.factory.recipes import recipe

DEFINITION = f"{COMPUTE}/galleries/gal/images/debian"


@pytest.fixture
def run(tmp_path: Path, azure: Azure, clock: JumpingClock) -> Run:
    class Wired(Run):
        def azure(self) -> Any:  # Any: the client of the test, not closed when a step is done
            return nullcontext(azure)

    wanted = recipe(target={"definition": DEFINITION, "version": "1.0.0"}, deadlines={"replicate": 1})
    plan = plan_rebuild(wanted, run_id="r1", now=datetime(2026, 3, 4, tzinfo=UTC))
    made = Wired(plan, RunRecord(tmp_path / "r1"), azure.connection, clock)
    made.record.save(PROOF, {"verified": {version_id(made): {}}})
    return made


def version_id(run: Run) -> str:
    return f"{DEFINITION}/versions/{run.plan.version}"


def product(run: Run) -> Product:
    return Product(kind="gallery-version", id=version_id(run))


def serve_version(wire: Wire, run: Run, replication: str) -> None:
    """A version that takes what is put, and whose replication comes as far as this."""
    shown: dict[str, Any] = {
        "id": version_id(run),
        "name": "1.0.0",
        "location": "westeurope",
        "tags": run.plan.tags("product"),
        "properties": {
            "provisioningState": "Succeeded",
            "publishingProfile": {"targetRegions": [{"name": "West Europe"}], "excludeFromLatest": True},
            "replicationStatus": {
                "aggregatedState": replication,
                "summary": [{"region": "West Europe", "state": replication}],
            },
        },
    }

    def put(seen: Seen) -> Answer:
        shown["tags"] = seen.body["tags"]
        return Answer(200, shown)

    wire.on("GET", "/versions/1.0.0", lambda _seen: Answer(200, shown))
    wire.on("PUT", "/versions/1.0.0", put)
    wire.on("DELETE", "/versions/1.0.0", Answer(202, None, wire.serve_operation(succeeded())))


def warnings(run: Run) -> list[str]:
    return [event.text for event in run.record.events() if event.kind == "warning"]


@pytest.mark.parametrize(
    ("replication", "told"), [("InProgress", "is still going on"), ("Failed", "failed"), ("Completed", None)]
)
async def test_a_replication_that_is_late_or_fails_is_told_and_fails_no_build(
    run: Run, wire: Wire, replication: str, told: str | None
) -> None:
    serve_version(wire, run, replication)
    await promote_products(run, [product(run)])
    assert [told is not None and told in text for text in warnings(run)] == ([True] if told else [])
    assert [event.kind for event in run.record.events()][-1] == "finished"


async def test_what_an_earlier_entry_published_is_not_published_again(run: Run, wire: Wire) -> None:
    serve_version(wire, run, "Completed")
    await promote_products(run, [product(run)])
    run.record.remove("step-promote.json")  # killed after Azure had accepted it, before it was remembered
    await promote_products(run, [product(run)])
    assert len(wire.sent("PUT")) == 1


async def test_a_replication_that_cannot_be_watched_fails_no_build(run: Run, wire: Wire) -> None:
    serve_version(wire, run, "Completed")
    await promote_products(run, [product(run)])
    wire.on("GET", "/versions/1.0.0", fails(403, "AuthorizationFailed"))
    await promote_products(run, [product(run)])
    assert "could not be watched" in warnings(run)[0]


async def test_an_undo_takes_an_unpromoted_version_and_no_other(run: Run, wire: Wire) -> None:
    serve_version(wire, run, "Completed")
    await remove_version(run)
    assert len(wire.sent("DELETE")) == 1
    await promote_products(run, [product(run)])
    await remove_version(run)
    assert len(wire.sent("DELETE")) == 1
