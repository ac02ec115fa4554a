"""What `prefect deploy` reads, as text: it must say the same as the recipe and fit the flows."""

from typing import Any

import pytest
import yaml

from tests.flows.prefect_server import CHECKOUT

DEPLOYMENTS = CHECKOUT / "deployments"
SUBSCRIPTION = "11111111-2222-3333-4444-555555555555"


def deployments() -> list[dict[str, Any]]:
    text = (DEPLOYMENTS / "prefect.yaml").read_text(encoding="utf-8")
    found: list[dict[str, Any]] = yaml.safe_load(text)["deployments"]
    return found


def test_the_deployed_recipe_is_the_recipe_file() -> None:
    (rebuild,) = [one for one in deployments() if one["name"] == "demo-app"]
    deployed = yaml.safe_dump(rebuild["parameters"]["recipe"]).replace("{{ $", "${").replace(" }}", "}")
    written = yaml.safe_load((DEPLOYMENTS / "recipes" / "demo.yaml").read_text(encoding="utf-8"))
    assert yaml.safe_load(deployed) == written


@pytest.mark.parametrize("deployment", deployments(), ids=lambda one: one["name"])
def test_the_deployed_parameters_are_what_the_flow_takes(deployment: dict[str, Any]) -> None:
    from prefect.flows import load_flow_from_entrypoint

    flow: Any = load_flow_from_entrypoint(str(CHECKOUT / deployment["entrypoint"]))
    text = yaml.safe_dump(deployment["parameters"]).replace("{{ $AZURE_SUBSCRIPTION_ID }}", SUBSCRIPTION)
    asked = {"backup": "26010101010101aa"} if deployment["name"] == "restore-vm" else {}
    flow.validate_parameters(asked | yaml.safe_load(text))


@pytest.mark.parametrize("deployment", deployments(), ids=lambda one: one["name"])
def test_a_run_does_not_depend_on_the_pipe_to_its_worker(deployment: dict[str, Any]) -> None:
    assert deployment["work_pool"]["job_variables"]["stream_output"] is False


@pytest.mark.parametrize("deployment", deployments(), ids=lambda one: one["name"])
def test_a_schedule_says_its_hour_and_time_zone(deployment: dict[str, Any]) -> None:
    for schedule in deployment["schedules"]:
        assert schedule["slug"]
        assert schedule["timezone"]
        assert len(schedule["cron"].split()) == 5


def test_no_flow_hides_a_package_of_the_product() -> None:
    """Prefect puts the flow's own folder first on the path of a deployed run."""
    packages = {path.parent.name for path in CHECKOUT.glob("*/__init__.py")}
    flows = {path.stem for path in (CHECKOUT / "flows").glob("*.py")}
    assert not packages & flows


@pytest.mark.parametrize("deployment", deployments(), ids=lambda one: one["name"])
def test_the_automation_waits_longer_than_two_heartbeats_of_a_run(deployment: dict[str, Any]) -> None:
    text = (DEPLOYMENTS / "automations.yaml").read_text(encoding="utf-8")
    automation: dict[str, Any] = yaml.safe_load(text)
    environment = deployment["work_pool"]["job_variables"]["env"]
    beat = int(environment["PREFECT_FLOWS_HEARTBEAT_FREQUENCY"])
    assert automation["trigger"]["within"] > 2 * beat
    watched = [part["prefect.resource.id"] for part in automation["trigger"]["match_related"]]
    assert watched == [f"prefect.tag.{tag}" for tag in deployment["tags"]]
