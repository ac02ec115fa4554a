"""The deployments on a real Prefect server: started by a schedule and from the form, run by a worker."""

import os
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from factory.azure import galleries, groups
from factory.plan import TAG_EXPIRES, TAG_RUN
from factory.record import RunRecord, runs_directory
from factory.report import REPORT
from tests.cloud import Cloud
from tests.flows.browser import browser_page, chromium
from tests.flows.prefect_server import PrefectServer, until

pytestmark = [pytest.mark.guest, pytest.mark.prefect, pytest.mark.timeout(600)]

DEMO = "rebuild-image/demo-app"
REPORT_KEY = "report-demo-app"
STEPS = (
    "preflight",
    "back-up",
    "build",
    "open",
    "customize",
    "check-before-generalize",
    "generalize-guest",
    "gate",
    "generalize",
    "capture",
    "verify",
    "promote",
    "clean-up",
    "report",
)
RUN_DEADLINE = 240.0

needs_chromium = pytest.mark.skipif(
    chromium() is None, reason="no chromium here: bash deployments/setup-host.sh --browser"
)

Run = dict[str, Any]


@pytest.fixture(scope="module")
def scheduled(deployed: PrefectServer) -> Run:
    """The ended run that a schedule of the demo's deployment started, seconds after it was set."""
    demo = deployed.deployment(DEMO)
    due = deployed.schedule_once(demo, timedelta(seconds=8))

    def scheduled_run() -> Run | None:
        runs = deployed.runs_of(demo)
        return next((run for run in runs if _moment(run["expected_start_time"]) == due), None)

    run = until("the scheduled run", scheduled_run, 30)
    return deployed.wait_for_end(run, RUN_DEADLINE)


@pytest.fixture
def screenshots(tmp_path: Path) -> Iterator[Path]:
    """Where pictures go: GOLDEN_SCREENSHOTS, or the test's own directory."""
    directory = Path(os.environ.get("GOLDEN_SCREENSHOTS") or tmp_path)
    directory.mkdir(parents=True, exist_ok=True)
    yield directory
    for picture in sorted(directory.glob("*.png")):
        print(f"screenshot: {picture}")


def test_the_schedule_makes_a_version_that_everyone_gets(
    deployed: PrefectServer, scheduled: Run, cloud: Cloud
) -> None:
    assert scheduled["state_name"] == "Completed", deployed.log_of(scheduled)
    assert scheduled["auto_scheduled"]
    assert deployed.steps_of(scheduled) == dict.fromkeys(STEPS, "Completed")

    run_id = _run_id(deployed, scheduled)
    version = _version(cloud, run_id)
    assert version.tags[TAG_RUN] == run_id
    assert TAG_EXPIRES not in version.tags
    assert not version.exclude_from_latest
    assert {region.name for region in version.regions} == {"westeurope", "northeurope"}
    scaffold = _plan(run_id)["scaffold_group"]
    assert cloud.ask(lambda azure: groups.get_group(azure, scaffold)) is None


def test_the_report_is_an_artifact_of_the_scheduled_run(deployed: PrefectServer, scheduled: Run) -> None:
    run_id = _run_id(deployed, scheduled)
    (report,) = deployed.artifacts_of(scheduled)
    assert report["key"] == REPORT_KEY
    assert report["type"] == "markdown"
    assert report["data"] == (_record(run_id).directory / REPORT).read_text(encoding="utf-8")
    assert "machine ID" in report["data"]


def test_the_log_of_the_scheduled_run_says_what_each_step_does(
    deployed: PrefectServer, scheduled: Run
) -> None:
    log = deployed.log_of(scheduled)
    assert "customize: say who made it" in log
    assert re.search(r"^verify: \d+ checks passed$", log, re.MULTILINE), log


@needs_chromium
def test_the_page_of_the_scheduled_run_shows_its_steps_and_its_report(
    deployed: PrefectServer, scheduled: Run, screenshots: Path, tmp_path: Path
) -> None:
    with browser_page(tmp_path / "profile") as page:
        page.goto(f"{deployed.address}/v2/runs/flow-run/{scheduled['id']}?tab=Logs")
        page.get_by_text("Completed").first.wait_for()
        page.get_by_text("preflight: started").wait_for()
        page.wait_for_timeout(2000)  # the graph is drawn on a canvas, which has no text to wait for
        page.screenshot(path=screenshots / "scheduled-run.png")
        page.get_by_role("tab", name="Artifacts").click()
        page.get_by_role("heading", name=REPORT_KEY).click()  # to the history of this recipe's reports
        (report,) = deployed.artifacts_of(scheduled)
        page.get_by_role("link", name=report["id"][:8]).click()
        page.get_by_role("heading", name="Proof", exact=True).wait_for()
        page.screenshot(path=screenshots / "scheduled-run-report.png", full_page=True)


@needs_chromium
def test_the_form_starts_a_rebuild_with_what_was_typed_into_it(
    deployed: PrefectServer, scheduled: Run, cloud: Cloud, screenshots: Path, tmp_path: Path
) -> None:
    demo = deployed.deployment(DEMO)
    with browser_page(tmp_path / "profile") as page:
        page.goto(f"{deployed.address}/v2/deployments/deployment/{demo['id']}/run")
        page.get_by_label("Description (Optional)").fill("Typed into the form")
        page.screenshot(path=screenshots / "form.png", full_page=True)
        until("the form to be taken", lambda: _submit(page), 60)
        run = until("the run from the form", lambda: _other_run(deployed, demo, scheduled), 30)
        ended = deployed.wait_for_end(run, RUN_DEADLINE)
        page.goto(f"{deployed.address}/v2/runs/flow-run/{run['id']}?tab=Logs")
        page.get_by_text("preflight: started").wait_for()
        page.wait_for_timeout(2000)
        page.screenshot(path=screenshots / "run-from-the-form.png")
    assert ended["state_name"] == "Completed", deployed.log_of(run)
    assert not ended["auto_scheduled"]
    run_id = _run_id(deployed, ended)
    assert _plan(run_id)["recipe"]["description"] == "Typed into the form"
    assert _version(cloud, run_id).tags[TAG_RUN] == run_id


def _submit(page: Page) -> bool:
    """Press the button; false where the server was busy, who then asks to come again (503)."""
    with page.expect_response(lambda answer: answer.url.endswith("/create_flow_run")) as asked:
        page.get_by_role("button", name="Submit").click()
    assert asked.value.ok or asked.value.status == HTTPStatus.SERVICE_UNAVAILABLE, asked.value.text()
    return asked.value.ok


def _other_run(deployed: PrefectServer, demo: dict[str, Any], first: Run) -> Run | None:
    return next((run for run in deployed.runs_of(demo) if run["id"] != first["id"]), None)


def _run_id(deployed: PrefectServer, run: Run) -> str:
    """The run's ID in Azure's tags and in the run record, as the run's page says it."""
    (artifact,) = deployed.artifacts_of(run)
    return str(artifact["description"]).split()[1].rstrip(":")


def _record(run_id: str) -> RunRecord:
    return RunRecord(runs_directory(os.environ) / run_id)


def _plan(run_id: str) -> dict[str, Any]:
    plan: dict[str, Any] = _record(run_id).load("plan.json")
    return plan


def _version(cloud: Cloud, run_id: str) -> galleries.Version:
    version_id = f"{cloud.world.definition_id}/versions/{_plan(run_id)['version']}"
    version = cloud.ask(lambda azure: galleries.get_version(azure, version_id))
    assert version is not None
    return version


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
