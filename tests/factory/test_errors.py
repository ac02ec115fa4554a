"""Errors say what, where and what to do, and survive a process border."""

import pickle
from datetime import timedelta

import pytest

from factory import errors
from factory.errors import (
    AzureFault,
    FactoryError,
    OperationTimedOut,
    RecipeError,
    RemoteError,
    spell_duration,
)


def test_the_remedy_is_part_of_what_is_printed_and_not_of_the_message() -> None:
    error = FactoryError("the disk is full", remedy="make room")
    assert str(error) == "the disk is full\nRemedy: make room"
    assert error.message == "the disk is full"
    assert str(FactoryError("alone")) == "alone"


def test_an_error_of_a_guest_names_command_status_and_its_last_line() -> None:
    error = RemoteError("10.0.0.4", "apt-get update", 100, "Reading lists\nE: no network\n")
    assert str(error) == "10.0.0.4: 'apt-get update' exited 100: E: no network"
    assert RemoteError("h", "true", 1, "").message.endswith("no message")


def test_an_error_of_a_recipe_names_file_and_field() -> None:
    assert (
        str(RecipeError("is empty", source="a.yaml", where="verify.size")) == "a.yaml: verify.size: is empty"
    )


@pytest.mark.parametrize(
    "error",
    [
        RemoteError("h", "x", 1, "bad"),
        errors.HostKeyMismatch("h", "SHA256:a", "SHA256:b"),
        errors.DeadlineExceeded("h", "boot", 30.0, last_state="grub"),
        errors.Throttled("list disks", AzureFault("TooManyRequests", 429, retry_after=12.0)),
        OperationTimedOut("create VM x", timedelta(minutes=20), "Creating", token="t"),
        RecipeError("bad", source="r.yaml"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_comes_out_of_another_process_as_it_went_in(error: FactoryError) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert str(again) == str(error)
    assert again.__dict__ == error.__dict__


def test_an_azure_error_tells_action_code_and_sentence() -> None:
    error = errors.QuotaExceeded("create VM x", AzureFault("OperationNotAllowed", 409, "no cores left"))
    assert error.message == "cannot create VM x: OperationNotAllowed: no cores left"
    assert "quota" in str(error)
    assert (error.code, error.status, error.cause_code) == ("OperationNotAllowed", 409, "OperationNotAllowed")


def test_only_what_may_pass_by_itself_is_transient() -> None:
    assert errors.Throttled.transient
    assert errors.Busy.transient
    assert not errors.OperationNotAllowed.transient
    assert not errors.QuotaExceeded.transient


@pytest.mark.parametrize(
    ("span", "text"),
    [
        (timedelta(seconds=90), "90 s"),
        (timedelta(minutes=20), "20 min"),
        (timedelta(hours=1, minutes=30), "1 h 30 min"),
        (timedelta(seconds=0.5), "0.5 s"),
    ],
)
def test_durations_are_spelt_as_people_say_them(span: timedelta, text: str) -> None:
    assert spell_duration(span) == text
