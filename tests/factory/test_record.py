import json
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from factory.errors import GateRefused, InvalidInput
from factory.record import RunRecord, list_runs, runs_directory, runs_place
from factory.record_directory import EVENTS
from factory.report import step_times


def test_what_is_written_is_read_back_in_order(tmp_path: Path) -> None:
    record = RunRecord(tmp_path / "r1")
    with record.step("backup", "vm"):
        record.write("backup", "fact", "done", parts=2)
    assert [(event.kind, event.text) for event in record.events()] == [
        ("started", "vm"),
        ("fact", "done"),
        ("finished", ""),
    ]


def test_a_failed_step_keeps_the_sentence_and_the_remedy(tmp_path: Path) -> None:
    record = RunRecord(tmp_path / "r1")
    with pytest.raises(GateRefused), record.step("gate"):
        raise GateRefused("vm", ["machine_id: still there"])
    event = record.events()[-1]
    assert event.kind == "failed"
    assert "machine_id: still there" in event.text
    assert event.data["remedy"]


def test_a_torn_last_line_is_passed_over(tmp_path: Path) -> None:
    record = RunRecord(tmp_path / "r1")
    record.write("a", "started")
    with (record.directory / EVENTS).open("a") as file:
        file.write('{"at": "2026-')
    assert len(record.events()) == 1


def test_only_the_owner_reads_a_record(tmp_path: Path) -> None:
    record = RunRecord(tmp_path / "r1")
    record.write("a", "started")
    assert stat.S_IMODE(record.directory.stat().st_mode) == 0o700
    assert stat.S_IMODE((record.directory / EVENTS).stat().st_mode) == 0o600


def test_documents_are_kept_whole_and_hashed(tmp_path: Path) -> None:
    record = RunRecord(tmp_path / "r1")
    sha256 = record.save("plan.json", {"b": 1, "a": 2})
    assert len(sha256) == 64
    assert record.load("plan.json") == {"a": 2, "b": 1}
    assert sorted(path.name for path in record.directory.iterdir()) == ["plan.json"]


def test_a_missing_document_is_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="no such document"):
        RunRecord(tmp_path / "r1").load("proof.json")


def test_runs_are_listed_oldest_first(tmp_path: Path) -> None:
    for name in ("260102", "260101"):
        RunRecord(tmp_path / name).write("a", "started")
    (tmp_path / "stray").mkdir()
    assert list_runs(tmp_path) == ["260101", "260102"]
    assert list_runs(tmp_path / "absent") == []


def test_the_environment_says_where_runs_lie() -> None:
    assert runs_directory({"GOLDEN_RUNS": "/r"}) == Path("/r")
    assert runs_directory({"HOME": "/h"}) == Path("/h/.local/state/golden-image-factory/runs")


def test_a_signature_in_the_address_of_a_container_is_never_shown() -> None:
    place = {"GOLDEN_RUNS": "https://a.blob.core.windows.net/runs?sv=1&sig=secret", "HOME": "/h"}
    assert runs_place(place) == "https://a.blob.core.windows.net/runs"
    assert runs_directory(place) == Path("/h/.local/state/golden-image-factory/runs")


def test_the_time_of_an_interrupted_step_ends_when_its_process_died(tmp_path: Path) -> None:
    record = RunRecord(tmp_path / "r1", clock=(clock := Jumps()))  # type: ignore[arg-type]  # tells the time alone
    record.write("run", "entered")
    record.write("capture", "started")
    clock.jump(5)
    record.write("capture", "progress", "Creating")
    clock.jump(3600)
    record.write("run", "entered")
    assert [(step.state, step.seconds) for step in step_times(record.events())] == [("interrupted", 5.0)]
    record.write("build", "taken-over", "vm is there")
    record.write("capture", "started")
    clock.jump(2)
    record.write("capture", "finished")
    assert [(step.state, step.seconds) for step in step_times(record.events())] == [("finished", 7.0)]


class Jumps:
    def __init__(self) -> None:
        self.time = datetime(2026, 3, 4, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time

    def jump(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


def test_step_times_show_what_is_still_running(tmp_path: Path) -> None:
    record = RunRecord(tmp_path / "r1")
    with record.step("one"):
        pass
    record.write("two", "started")
    assert [(step.step, step.state) for step in step_times(record.events())] == [
        ("one", "finished"),
        ("two", "running"),
    ]
    assert json.loads((record.directory / EVENTS).read_text().splitlines()[0])["step"] == "one"


def test_a_listener_hears_the_steps_and_a_repeated_progress_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    record = RunRecord(tmp_path / "r1")
    with pytest.raises(GateRefused), record.step("build", "vm"):
        for text in ("InProgress", "InProgress", "Succeeded"):
            record.write("build", "progress", text)
        raise GateRefused("vm", ["machine_id: still there"])
    assert [said.getMessage() for said in caplog.records][:3] == [
        "build: started vm",
        "build: InProgress",
        "build: Succeeded",
    ]
    assert caplog.records[-1].levelname == "ERROR"
    assert caplog.records[-1].getMessage().startswith("build: failed vm is not generalized")
