"""Two thousand bodies with one defect each: all refused in ARM's form, and nothing has changed."""

from __future__ import annotations

import json
import sqlite3
import ssl
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPSConnection
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.localazure.galleries.shelves import DEFINITION, definition, gallery
from tests.localazure.galleries.shelves import body as version_body
from tests.localazure.machines import Yard
from tests.localazure.schemas import published
from tests.localazure.schemas.defects import BAD_NAMES, KINDS, Defect, spoil

pytestmark = pytest.mark.skipif(not published.FOLDER.is_dir(), reason=published.ABSENT)

COUNT = 2000
SEED = 20260301


@dataclass(frozen=True)
class Place:
    """A body that would be taken: its type, its path, and itself."""

    kind: str
    path: str
    body: dict[str, Any]


def located(**properties: Any) -> dict[str, Any]:
    return {"location": "westeurope", "properties": properties}


def open_places(yard: Yard) -> list[Place]:
    """A valid body for each type, on resources that are there."""
    vm, source = yard.machine("source"), yard.machine("model")
    yard.bring(source, "generalized")
    disk, shelf = yard.disk("whole"), gallery(yard)
    parent = definition(yard, shelf)
    collection = yard.path("restorePointCollections", "points")
    yard.done(yard.wire("PUT", collection, located(source={"id": vm})))
    copied = {"createOption": "Copy", "sourceResourceId": disk}
    identified = {"identifier": {"publisher": "us", "offer": "debian", "sku": "new"}}
    spoken = located(**(DEFINITION["properties"] | identified))
    bodies = [
        ("virtualMachines", yard.path("virtualMachines", "new"), yard.machine_body()),
        ("virtualMachines/runCommands", f"{vm}/runCommands/new", located(source={"script": "true"})),
        ("disks", yard.path("disks", "new"), located(creationData={"createOption": "Empty"}, diskSizeGB=4)),
        ("snapshots", yard.path("snapshots", "new"), located(creationData=copied)),
        (
            "images",
            yard.path("images", "new"),
            located(sourceVirtualMachine={"id": source}, hyperVGeneration="V2"),
        ),
        ("galleries", yard.path("galleries", "new"), located()),
        ("galleries/images", f"{shelf}/images/new", spoken),
        ("galleries/images/versions", f"{parent}/versions/1.0.0", version_body(source)),
        (
            "restorePointCollections",
            yard.path("restorePointCollections", "new"),
            located(source={"id": vm}),
        ),
        (
            "restorePointCollections/restorePoints",
            f"{collection}/restorePoints/new",
            {"properties": {"consistencyMode": "CrashConsistent"}},
        ),
    ]
    return [Place(f"Microsoft.Compute/{kind}", path, body) for kind, path, body in bodies]


def malformed(places: list[Place], count: int) -> Iterator[tuple[Place, str, Defect]]:
    """Seeded: place, path to send to, and the defect."""
    rng = Random(SEED)
    for _ in range(count):
        place = rng.choice(places)
        if rng.random() < 0.1:
            name = rng.choice(BAD_NAMES)
            yield place, f"{place.path.rsplit('/', 1)[0]}/{name}", Defect("bad name", name, place.body)
            continue
        wanted = rng.choice(KINDS)
        if wanted == "missing required" and place.kind.endswith("/restorePoints"):
            wanted = "wrong type"  # nothing is required of a point
        yield place, place.path, spoil(rng, place.kind, place.body, wanted)


def everything(yard: Yard) -> dict[str, list[tuple[str, str]]]:
    """All documents and operations of the server, private parts too, from its own database."""
    with sqlite3.connect(f"file:{Path(yard.cloud.state) / 'state.db'}?mode=ro", uri=True) as db:
        found = {
            table: db.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall()
            for table in ("documents", "operations")
        }
    db.close()
    return found


def test_every_malformed_body_is_refused_and_changes_nothing(yard: Yard) -> None:
    places = open_places(yard)
    before, contents = everything(yard), yard.look()
    address = urlsplit(yard.cloud.endpoint)
    line = HTTPSConnection(
        address.hostname or "", address.port, context=ssl.create_default_context(cafile=yard.cloud.ca)
    )
    headers = {"Authorization": f"Bearer {yard.cloud.token()}", "Content-Type": "application/json"}
    counts: Counter[tuple[str, int]] = Counter()
    wrong = []
    for place, path, defect in malformed(places, COUNT):
        if defect.kind != "bad name":
            assert published.complaints(place.kind, defect.body), defect
        line.request("PUT", f"{path}?api-version=2026-03-01", json.dumps(defect.body), headers)
        answer = line.getresponse()
        status, text = answer.status, answer.read()
        counts[defect.kind, status] += 1
        error = json.loads(text).get("error") or {} if status >= 400 else {}
        if not (400 <= status < 500 and error.get("code") and error.get("message")):
            wrong.append((place.kind, defect.kind, defect.path, status, text[:160]))
    line.close()
    print(dict(sorted(counts.items())))
    assert wrong == []
    assert sum(counts.values()) == COUNT
    assert {kind for kind, _ in counts} == {*KINDS, "bad name"}
    assert (everything(yard), yard.look()) == (before, contents)
    for place in places:  # nothing but the defect was refused
        response = yard.wire("PUT", place.path, place.body)
        assert response.status_code < 300, (place.kind, response.text)


def test_the_same_seed_makes_the_same_bodies() -> None:
    place = Place("Microsoft.Compute/disks", "/disks/new", located(creationData={"createOption": "Empty"}))
    assert list(malformed([place], 50)) == list(malformed([place], 50))


BROKEN = {
    "no JSON": b"{",
    "no object": b"[]",
    "not a number": b'{"location": "westeurope", "properties": {"diskSizeGB": NaN}}',
    "half a character": b'{"location": "westeurope", "tags": {"a": "\\ud800"}}',
    "no UTF-8": b'{"location": "\xff"}',
    "endless nesting": b'{"location": "westeurope", "properties": '
    + b'{"a":' * 50_000
    + b"1"
    + b"}" * 50_001,
    "endless number": b'{"location": "westeurope", "properties": {"diskSizeGB": ' + b"9" * 5000 + b"}}",
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_no_json_is_refused(yard: Yard, name: str) -> None:
    response = yard.wire.session.put(
        f"{yard.cloud.endpoint}{yard.path('disks', 'new')}?api-version=2026-03-01",
        data=BROKEN[name],
        timeout=30,
    )
    assert (response.status_code, response.json()["error"]["code"]) == (400, "InvalidRequestContent")
