"""The comparison itself: it finds what differs, and only that."""

from __future__ import annotations

from typing import Any

import pytest

from tests.localazure.replay.comparing import Answer, differences

GUID = "0144e615-7956-4a63-88f9-900e48690e95"
OTHER = "da3016f2-f263-436f-a9bb-c68181fbfe6f"


def where(recorded: Any, live: Any) -> list[str]:
    return [one.where for one in differences(Answer(200, {}, recorded), Answer(200, {}, live))]


@pytest.mark.parametrize(
    ("recorded", "live", "found"),
    [
        ({"a": 1}, {"a": 2}, ["body.a"]),
        ({"a": 1}, {"a": "1"}, ["body.a"]),
        ({"a": 1}, {"a": True}, ["body.a"]),
        ({"a": 1, "b": 2}, {"a": 1}, ["body.b"]),
        ({"a": 1}, {"a": 1, "b": 2}, ["body.b"]),
        ({"a": {"b": [{"c": "x"}]}}, {"a": {"b": [{"c": "y"}]}}, ["body.a.b[].c"]),
        ({"a": [1]}, {"a": [1, 2]}, ["body.a"]),
        ({"a": []}, {}, ["body.a"]),
        (None, {"a": 1}, ["body"]),
        ({"id": f"/x/{GUID}"}, {"id": f"/y/{OTHER}"}, ["body.id"]),
    ],
)
def test_a_difference_in_a_body_is_found_where_it_is(recorded: Any, live: Any, found: list[str]) -> None:
    assert where(recorded, live) == found


def test_of_what_is_volatile_the_form_is_compared() -> None:
    recorded = {"id": GUID, "at": "2021-10-12T06:27:15.6373292+00:00"}
    assert where(recorded, {"id": OTHER, "at": "2026-01-02T03:04:05+00:00"}) == []
    assert where(recorded, {"id": "x", "at": "yesterday"}) == ["body.id", "body.at"]


def test_codes_and_headers_are_compared() -> None:
    had = Answer(202, {"location": f"https://x/{GUID}", "x-ms-ratelimit-remaining-resource": "a;5"}, None)
    same = Answer(202, {"location": f"https://x/{OTHER}", "x-ms-ratelimit-remaining-resource": "a;7"}, None)
    assert list(differences(had, same)) == []
    other = Answer(201, {"location": "https://x/1", "retry-after": "5"}, None)
    assert [one.where for one in differences(had, other)] == [
        "status",
        "header location",
        "header retry-after",
        "header x-ms-ratelimit-remaining-resource",
    ]
