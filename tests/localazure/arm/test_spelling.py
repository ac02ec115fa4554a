"""Bodies as clients write them."""

from __future__ import annotations

from localazure.arm.spelling import spelled, without_nulls

OPTIONS = {"createOption": ("FromImage", "Empty"), "caching": ("None", "ReadWrite")}


def test_a_null_is_a_member_that_was_left_out() -> None:
    given = {"a": None, "b": {"c": None, "d": [{"e": None, "f": 0}, None]}, "g": False, "h": ""}
    assert without_nulls(given) == {"b": {"d": [{"f": 0}, None]}, "g": False, "h": ""}


def test_values_of_enumerations_do_not_mind_case_and_answers_have_our_spelling() -> None:
    given = {"osDisk": {"createOption": "fromImage", "name": "fromImage"}, "dataDisks": [{"caching": "NONE"}]}
    assert spelled(given, OPTIONS) == {
        "osDisk": {"createOption": "FromImage", "name": "fromImage"},
        "dataDisks": [{"caching": "None"}],
    }


def test_a_value_that_is_none_of_an_enumeration_stays_to_be_refused() -> None:
    assert spelled({"createOption": "Magic", "caching": 7}, OPTIONS) == {
        "createOption": "Magic",
        "caching": 7,
    }
