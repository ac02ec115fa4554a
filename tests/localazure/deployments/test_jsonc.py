"""JSON as people write templates."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localazure.deployments.jsonc import read

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(VALUES, st.sampled_from([None, 2]))
def test_strict_json_means_what_it_always_means(value: Any, indent: int | None) -> None:
    assert read(json.dumps(value, indent=indent)) == value
    assert read(json.dumps(value, indent=indent, ensure_ascii=False)) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": 1, // why\n "b": 2}', {"a": 1, "b": 2}),
        ('{"a": /* one\n two */ 1}', {"a": 1}),
        ("{template:{$schema: 'x'}}", {"template": {"$schema": "x"}}),
        ('{"a": [1, 2,], }', {"a": [1, 2]}),
        ("{'it': 'isn\\'t \"so\"'}", {"it": 'isn\'t "so"'}),
        ('"one\ntwo"', "one\ntwo"),
        ('"http://a/*b*/ // c, }"', "http://a/*b*/ // c, }"),
        ("[true, false, null]", [True, False, None]),
    ],
)
def test_what_people_add_to_json_is_understood(text: str, value: Any) -> None:
    assert read(text) == value


@pytest.mark.parametrize(
    "text", ["", "{", "{a b}", '{"a":}', "[1 2]", "[,]", "[" * 5000, "nothing", "[NaN]", "'open", "{} {}"]
)
def test_what_is_no_json_even_so_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read(text)


@given(st.text(max_size=80))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        read(text)
    except ValueError:
        return
