"""Only this run's part of the log counts."""

from datetime import datetime, timedelta
from pathlib import Path

from factory.windows.sysprep_log import errors_in, message_of, this_run

LOGS = Path(__file__).parent / "logs"
OLD = (LOGS / "appx_per_user.log").read_text().splitlines()
GOOD = (LOGS / "good_run.txt").read_text().splitlines()
BEGAN = datetime(2026, 3, 4, 10, 0)


def older(lines: list[str], days: int = 1) -> list[str]:
    return [line.replace("2026-03-04", f"2026-03-{4 - days:02d}") for line in lines]


def test_what_an_older_run_appended_is_not_this_runs() -> None:
    kept = this_run([*older(OLD), *GOOD], BEGAN)
    assert kept == GOOD[2:]
    assert not any("was installed for a user" in line for line in kept)


def test_without_a_new_begin_the_older_runs_lines_are_too_old() -> None:
    assert this_run(older(OLD), BEGAN) == []


def test_a_line_of_the_second_in_which_the_run_began_is_this_runs() -> None:
    began = datetime(2026, 3, 4, 10, 0, 5) + timedelta(milliseconds=700)
    assert this_run(GOOD, began) == GOOD[2:]


def test_a_line_without_a_time_belongs_to_the_one_before_it() -> None:
    assert this_run([GOOD[3], "   its second line"], BEGAN) == [GOOD[3], "   its second line"]


def test_errors_that_good_runs_write_too_are_left_out() -> None:
    assert errors_in(GOOD) == []
    assert len(errors_in(OLD)) == 4


def test_a_message_is_without_time_level_and_number() -> None:
    assert message_of(GOOD[3]) == "SYSPRP The time is now 2026-03-04 10:00:05"
