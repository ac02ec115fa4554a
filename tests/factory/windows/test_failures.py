"""Every known failure is found in the log that it left, and in no other."""

from pathlib import Path

import pytest

from factory.windows.failure import Failure, diagnose, known_failures

LOGS = Path(__file__).parent / "logs"
every_failure = pytest.mark.parametrize("failure", known_failures(), ids=lambda failure: failure.name)


def log(name: str) -> list[str]:
    return (LOGS / name).read_text().splitlines()


@every_failure
def test_its_log_shows_it_and_no_other(failure: Failure) -> None:
    found = diagnose(log(f"{failure.name}.log"), hung=failure.hang)
    assert {match.failure for match in found} == {failure.name}


@every_failure
def test_a_hang_is_known_by_the_last_word_alone_and_an_error_is_none(failure: Failure) -> None:
    lines = log(f"{failure.name}.log")
    assert diagnose(lines, hung=not failure.hang) == ()
    assert not failure.hang or diagnose([*lines, "2026-03-04 10:00:09, Info  SYSPRP next"], hung=True) == ()


@every_failure
def test_it_says_what_to_do_and_where_it_is_known_from(failure: Failure) -> None:
    assert failure.remedy
    assert failure.source in ("from a public log", "documented")
    assert failure.source == "documented" or failure.citation.startswith("https://")
    assert failure.citation
    assert failure.docstring


def test_a_good_runs_log_shows_none() -> None:
    assert diagnose(log("good_run.txt")) == ()


def test_the_package_is_named() -> None:
    (match,) = diagnose(log("appx_per_user.log"))
    assert "Microsoft.Winget.Source_2025.718.1153.54_neutral__8wekyb3d8bbwe" in match.cause


def test_the_same_cause_is_told_once() -> None:
    assert len(diagnose(log("appx_per_user.log") * 3)) == 1


def test_no_log_is_left_of_a_failure_that_is_gone() -> None:
    assert {path.stem for path in LOGS.glob("*.log")} == {failure.name for failure in known_failures()}
