"""Every function of the language: what it answers, and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest

from localazure.deployments.language import registry
from localazure.deployments.language.errors import DeferredError, TemplateError, UnsupportedError

from .around import SUB, scope, value, values

ANSWERS: list[tuple[str, Any]] = [
    ("concat('a', 'b', 1, true())", "ab1True"),
    ("concat(createArray(1), createArray(2, 3))", [1, 2, 3]),
    ("format('{0}-{1}-{0}', 'a', 2)", "a-2-a"),
    ("format('{0:D3} {0,5}|{1,-3}| {{x}}', 7, 'b')", "007     7|b  | {x}"),
    ("format('{0:N0} {1:X4}', 1234567, 255)", "1,234,567 00FF"),
    ("toLower('AbC')", "abc"),
    ("toUpper('AbC')", "ABC"),
    ("trim('  a ')", "a"),
    ("string(createObject('a', 1))", '{"a":1}'),
    ("string(true())", "True"),
    ("replace('a-b-c', '-', '')", "abc"),
    ("split('a,b;c', createArray(',', ';'))", ["a", "b", "c"]),
    ("split('a.b', '.')", ["a", "b"]),
    ("join(createArray('a', 'b', 3), '-')", "a-b-3"),
    ("substring('abcdef', 2, 3)", "cde"),
    ("substring('abcdef', 4)", "ef"),
    ("startsWith('ABC', 'ab')", True),
    ("endsWith('ABC', 'x')", False),
    ("padLeft(7, 3, '0')", "007"),
    ("padLeft('7', 3)", "  7"),
    ("base64('one, two, three')", "b25lLCB0d28sIHRocmVl"),
    ("base64ToString('b25lLCB0d28sIHRocmVl')", "one, two, three"),
    ("base64ToJson(base64('{\"a\": 1}')).a", 1),
    ("json('{\"a\": [1, 2]}').a[1]", 2),
    ("uri('https://host/a/', 'b')", "https://host/a/b"),
    ("uriComponent('a b/c')", "a%20b%2Fc"),
    ("uriComponentToString('a%20b%2Fc')", "a b/c"),
    ("guid('a')", value("guid('a')")),
    ("length('abc')", 3),
    ("length(createArray(1, 2))", 2),
    ("length(createObject('a', 1))", 1),
    ("empty('')", True),
    ("empty(null())", True),
    ("empty(createArray(1))", False),
    ("contains(createArray(1, 2), 2)", True),
    ("contains(createArray(1), '1')", False),
    ("contains(createObject('Name', 1), 'name')", True),
    ("contains('abc', 'B')", False),
    ("first(createArray('a', 'b'))", "a"),
    ("first('abc')", "a"),
    ("first(createArray())", None),
    ("last('')", ""),
    ("last(createArray(1, 2))", 2),
    ("take(createArray(1, 2, 3), 2)", [1, 2]),
    ("skip('abc', 1)", "bc"),
    ("take('abc', -1)", ""),
    ("indexOf('abcabc', 'C')", 2),
    ("lastIndexOf('abcabc', 'c')", 5),
    ("indexOf(createArray('a', 'b'), 'b')", 1),
    ("lastIndexOf(createArray(1), 2)", -1),
    ("range(3, 3)", [3, 4, 5]),
    ("flatten(createArray(createArray(1), createArray(2)))", [1, 2]),
    ("union(createArray(1, 2), createArray(2, 3))", [1, 2, 3]),
    (
        'union(json(\'{"a": {"x": 1}}\'), json(\'{"a": {"y": 2}, "b": 3}\'))',
        {"a": {"x": 1, "y": 2}, "b": 3},
    ),
    ("intersection(createArray(1, 2), createArray(2, 3))", [2]),
    ('intersection(json(\'{"a": 1, "b": 2}\'), json(\'{"a": 1, "b": 3}\'))', {"a": 1}),
    ('items(json(\'{"b": 1, "a": 2}\'))', [{"key": "a", "value": 2}, {"key": "b", "value": 1}]),
    ("array('a')", ["a"]),
    ("createObject('a', 1, 'b', true())", {"a": 1, "b": True}),
    ("add(1, 2)", 3),
    ("sub(1, 2)", -1),
    ("mul(3, 4)", 12),
    ("div(-7, 2)", -3),
    ("mod(-7, 2)", -1),
    ("int('12')", 12),
    ("float('1.5')", 1.5),
    ("min(3, 1, 2)", 1),
    ("max(createArray(3, 1, 2))", 3),
    ("bool('TRUE')", True),
    ("bool(0)", False),
    ("and(true(), true(), false())", False),
    ("or(false(), true())", True),
    ("not(false())", True),
    ("xor(true(), true())", False),
    ("if(true(), 'yes', 'no')", "yes"),
    ("equals('a', 'A')", False),
    ("equals(1, true())", False),
    ("equals(createArray(1), createArray(1))", True),
    ("coalesce(null(), null(), 'a')", "a"),
    ("coalesce(null())", None),
    ("less('a', 'b')", True),
    ("lessOrEquals(2, 2)", True),
    ("greater(1, 2)", False),
    ("greaterOrEquals(2, 2)", True),
    ("subscription().subscriptionId", SUB),
    ("resourceGroup().LOCATION", "westeurope"),
    ("resourceGroup()['tags'].team", "images"),
    ("deployment().name", "d"),
    ("environment().name", "LocalAzure"),
    (
        "resourceId('Microsoft.Network/virtualNetworks/subnets', 'net', 'sub')",
        f"/subscriptions/{SUB}/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/net/subnets/sub",
    ),
    ("resourceId('other', 'A.B/c', 'n')", f"/subscriptions/{SUB}/resourceGroups/other/providers/A.B/c/n"),
    ("resourceId('s', 'other', 'A.B/c', 'n')", "/subscriptions/s/resourceGroups/other/providers/A.B/c/n"),
    ("subscriptionResourceId('A.B/c', 'n')", f"/subscriptions/{SUB}/providers/A.B/c/n"),
    ("tenantResourceId('A.B/c', 'n')", "/providers/A.B/c/n"),
    ("extensionResourceId('/x', 'A.B/c', 'n')", "/x/providers/A.B/c/n"),
]


@pytest.mark.parametrize(("expression", "answer"), ANSWERS, ids=[one for one, _ in ANSWERS])
def test_a_function_answers(expression: str, answer: Any) -> None:
    found = value(expression)
    assert found == answer
    assert type(found) is type(answer)


UNIQUE = [
    ("'test'", "rbgf3xv4ufgzg"),
    ("'hello', 'world'", "a7wkljktk6wne"),
    ("'abc'", "cgtzqvhu4i23s"),
    ("'foo', 'bar', 'baz'", "xzi4ioaxtmth4"),
    ("'/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/my-rg'", "bmg7c6xu4tw46"),
]


@pytest.mark.parametrize(("arguments", "answer"), UNIQUE)
def test_unique_strings_are_the_ones_that_azure_makes(arguments: str, answer: str) -> None:
    assert value(f"uniqueString({arguments})") == answer


REFUSALS = [
    (
        "empty()",
        "Unable to evaluate template language function 'empty': function requires 1 argument(s) while 0 were "
        "provided.",
    ),
    ("endsWith('a')", "function requires 2 argument(s) while 1 were provided."),
    ("padLeft('a')", "function requires between 2 and 3 argument(s) while 1 were provided."),
    ("concat()", "At least one parameter should be provided."),
    ("base64(100)", "expects its parameter to be of type 'String'. The provided value is of type 'Integer'."),
    ("base64(createArray(''))", "The provided value is of type 'Array'."),
    ("base64ToString('%')", "'base64ToString'"),
    ("json('{')", "not valid JSON"),
    ("toLower(1)", "of type 'Integer'"),
    ("not(1)", "expects its parameter to be of type 'Boolean'"),
    ("if('true', 1, 2)", "The provided value is of type 'String'"),
    (
        "add(true(), 1)",
        "expects its parameter to be of type 'Integer'. The provided value is of type 'Boolean'",
    ),
    ("div(1, 0)", "divisor"),
    ("mod(1, 0)", "divisor"),
    ("int('x')", "cannot be converted"),
    ("int(true())", "of type 'Boolean'"),
    ("float('x')", "cannot be converted"),
    ("bool('yes')", "'bool'"),
    ("min(createArray())", "empty"),
    ("less(1, 'a')", "two integers or two strings"),
    ("length(1)", "of type 'Integer'"),
    ("empty(1)", "of type 'Integer'"),
    ("contains(1, 1)", "of type 'Integer'"),
    ("first(1)", "of type 'Integer'"),
    ("concat(createArray(1), 'a')", "of type 'String'"),
    ("concat('a', createObject())", "of type 'Object'"),
    ("createObject('a')", "even number"),
    ("range(1, 10001)", "10000"),
    ("union(1)", "of type 'Integer'"),
    ("union(createArray(1), createObject())", "of type 'Object'"),
    ("substring('abc', 2, 5)", "within the string"),
    ("split('a', '')", "must not be empty"),
    ("padLeft('a', 3, 'xy')", "one character"),
    ("format('{1}', 'a')", "size of the argument list"),
    ("format('{0:Q}', 1)", "is not valid"),
    ("resourceId('noslash', 'a')", "fully qualified resource type"),
    ("resourceId('A.B/c/d', 'n')", "requires '2' resource name argument(s)"),
    ("parameters('nobody')", "The template parameter 'nobody' is not found."),
    ("variables('nobody')", "The template variable 'nobody' is not found."),
    ("copyIndex()", "The template function 'copyIndex' is not expected at this location."),
    ("newGuid()", "The template function 'newGuid' is not expected at this location."),
    ("utcNow()", "The template function 'utcNow' is not expected at this location."),
    ("shout('a')", "The template function 'shout' is not valid."),
    (
        "resourceGroup().nothing",
        "property 'nothing' doesn't exist, available properties are 'id, name, location, tags'",
    ),
    ("createArray(1)[1]", "array index '1' is out of bounds"),
    ("createArray(1)['a']", "cannot index"),
    ("'text'[0]", "cannot index"),
    ("resourceGroup().name.length", "can't be evaluated"),
    ("reference('x', '2020-01-01', 'Half')", "must be 'Full'"),
]


@pytest.mark.parametrize(("expression", "words"), REFUSALS, ids=[one for one, _ in REFUSALS])
def test_a_function_refuses_in_arms_words(expression: str, words: str) -> None:
    with pytest.raises(TemplateError) as refusal:
        value(expression)
    assert words in str(refusal.value)


@pytest.mark.parametrize(
    "expression", ["listKeys('x', '2020-01-01')", "filter(1, 2)", "dateTimeAdd('a', 'b')"]
)
def test_a_function_that_azure_has_and_we_have_not_is_never_called_wrong(expression: str) -> None:
    with pytest.raises(UnsupportedError):
        value(expression)


def test_names_of_functions_do_not_mind_case() -> None:
    assert value("CONCAT('a', TOUPPER('b'))") == "aB"
    assert value("tolower('A')") == "a"


def test_only_the_branch_that_is_taken_is_evaluated() -> None:
    assert value("if(equals(1, 1), 'yes', resourceGroup().nothing)") == "yes"


def test_parameters_variables_and_indexes_come_from_the_scope() -> None:
    inside = scope(
        parameters={"size": 3}, variables={"where": "here"}, copies={"disks": 2, "nics": 5}, loop="disks"
    )
    assert value("parameters('SIZE')", inside) == 3
    assert value("variables('Where')", inside) == "here"
    assert value("copyIndex()", inside) == 2
    assert value("copyIndex(1)", inside) == 3
    assert value("copyIndex('nics', 10)", inside) == 15


def test_the_state_of_a_resource_is_only_known_at_the_run() -> None:
    with pytest.raises(DeferredError):
        value("reference('nic').ipConfigurations")
    known = {"nic": {"id": "/x", "properties": {"mac": "00"}}}
    inside = scope(around={"known": known})
    assert value("reference('nic').mac", inside) == "00"
    assert value("reference('nic', '2020-01-01', 'full').id", inside) == "/x"


def test_the_time_and_random_ids_are_for_defaults_alone() -> None:
    default = scope("default")
    assert value("utcNow()", default) == "20261122T131415Z"
    assert value("utcNow('yyyy-MM-dd')", default) == "2026-11-22"
    assert value("utcNow('u')", default) == "2026-11-22 13:14:15Z"
    assert value("newGuid()", default) != value("newGuid()", default)
    for expression in ("variables('a')", "reference('a')", "copyIndex()"):
        with pytest.raises(TemplateError, match="is not expected at this location"):
            value(expression, default)


def test_json_is_evaluated_at_every_depth_and_the_rest_is_left_alone() -> None:
    given = {"a": ["[add(1, 1)]", "[[x]", 3, None, True], "[toLower('KEY')]": {"b": "[null()]"}}
    assert values(given) == {"a": [2, "[x]", 3, None, True], "key": {"b": None}}


def test_a_property_copy_becomes_an_array() -> None:
    given = {"copy": [{"name": "disks", "count": 3, "input": {"lun": "[copyIndex('disks')]"}}], "x": 1}
    assert values(given) == {"x": 1, "disks": [{"lun": 0}, {"lun": 1}, {"lun": 2}]}
    assert values({"copy": "me"}) == {"copy": "me"}


@pytest.mark.parametrize("count", [-1, 801, "two", "[true()]"])
def test_a_copy_count_that_is_none_is_refused(count: Any) -> None:
    with pytest.raises(TemplateError, match="copy count"):
        values({"copy": [{"name": "a", "count": count, "input": 1}]})


def test_every_function_says_what_it_is() -> None:
    assert len(registry.names()) > 70
    for name in registry.names():
        assert registry._FUNCTIONS[name.lower()].body.__doc__, name
