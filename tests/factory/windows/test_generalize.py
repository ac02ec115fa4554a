"""The gate's judgement: on evidence alone."""

import json
from datetime import timedelta

from factory.guest.command import Output
from factory.guest.evidence import CheckEvidence
from factory.guest.units import Stage
from factory.windows.bootstrap import Closing
from factory.windows.context import Context
from factory.windows.generalize import WindowsEvidence, judge
from factory.windows.sysprep_run import SysprepRun
from tests.factory.windows.known import BEGAN, context
from tests.factory.windows.test_sysprep import DONE

STATE = "IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE"
ANSWERS = {
    "image_state_generalized": {"registry": STATE, "file": []},
    "sysprep_tag_new": {"tag": (BEGAN + timedelta(minutes=5)).isoformat(), "now": BEGAN.isoformat()},
    "sysprep_ended": {"processes": 0},
}


def evidence(closing: Closing | None = Closing(), **changes: object) -> WindowsEvidence:  # noqa: B008
    answers = {**ANSWERS, **changes}
    checks = tuple(
        CheckEvidence(unit=unit, stage=Stage.BEFORE_CAPTURE, output=Output(0, json.dumps(answer)))
        for unit, answer in answers.items()
        if answer is not None
    )
    return WindowsEvidence(stage=Stage.BEFORE_CAPTURE, context=context(), checks=checks, closing=closing)


def test_good_evidence_passes() -> None:
    verdict = judge(evidence())
    assert verdict.ok
    assert set(verdict.checked) == set(ANSWERS)


def test_each_mark_is_needed() -> None:
    for unit in ANSWERS:
        (finding,) = judge(evidence(**{unit: None})).findings
        assert (finding.unit, finding.text) == (unit, "nobody looked")


def test_a_mark_from_before_the_run_is_refused() -> None:
    old = {"tag": (BEGAN - timedelta(days=1)).isoformat(), "now": BEGAN.isoformat()}
    (finding,) = judge(evidence(sysprep_tag_new=old)).findings
    assert "older than this run" in finding.text


def test_a_way_in_that_is_left_is_refused_and_so_is_not_having_looked() -> None:
    (finding,) = judge(evidence(Closing(port_open=True))).findings
    assert "WinRM still answers" in finding.text
    assert not judge(evidence(None)).ok


def test_errors_in_the_log_are_warnings() -> None:
    run = SysprepRun(began=BEGAN, last=DONE, complaints=("MSDTC: something",))
    verdict = judge(evidence().model_copy(update={"sysprep": run}))
    assert verdict.ok
    assert verdict.warnings == ("sysprep: MSDTC: something",)


def test_evidence_survives_the_record() -> None:
    kept = WindowsEvidence.model_validate_json(evidence().model_dump_json())
    assert judge(kept) == judge(evidence())


def test_evidence_of_nothing_is_no_evidence() -> None:
    nothing = WindowsEvidence(stage=Stage.BEFORE_CAPTURE, context=Context())
    assert not judge(nothing).ok
