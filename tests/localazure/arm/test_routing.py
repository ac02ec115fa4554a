"""Paths find their routes whatever their case, and the most literal route wins."""

from __future__ import annotations

from starlette.responses import Response

from localazure.arm.calls import Call
from localazure.arm.routing import Route, Router


async def nothing(call: Call) -> Response:
    return Response()


def router(*patterns: str) -> Router:
    return Router([Route("GET", pattern, nothing) for pattern in patterns])


def test_literals_match_without_case_and_show_the_routes_own() -> None:
    match = router("/subscriptions/{sub}/resourceGroups/{rg}").match(
        "GET", "/Subscriptions/S/resourcegroups/Gr"
    )
    assert match is not None
    assert match.path == {"sub": "S", "rg": "Gr"}
    assert match.canonical == "/subscriptions/S/resourceGroups/Gr"


def test_a_trailing_slash_changes_nothing() -> None:
    assert router("/a/{b}").match("GET", "/a/x/") is not None


def test_a_literal_wins_over_a_parameter_whatever_the_order() -> None:
    for patterns in (("/a/{b}", "/a/c"), ("/a/c", "/a/{b}")):
        match = router(*patterns).match("GET", "/A/C")
        assert match is not None
        assert match.route.pattern == "/a/c"


def test_a_scope_takes_all_segments_in_front() -> None:
    match = router("/{scope*}/providers/P/locks/{lock}").match("GET", "/subscriptions/s/providers/p/locks/L")
    assert match is not None
    assert match.path == {"scope": "/subscriptions/s", "lock": "L"}


def test_another_verb_or_another_length_is_no_match() -> None:
    assert router("/a/{b}").match("POST", "/a/x") is None
    assert router("/a/{b}").match("GET", "/a/x/y") is None
    assert router("/a/{b}").match("GET", "/a//") is None


def test_encoded_names_are_decoded() -> None:
    match = router("/a/{b}").match("GET", "/a/x%20y")
    assert match is not None
    assert match.path == {"b": "x y"}
