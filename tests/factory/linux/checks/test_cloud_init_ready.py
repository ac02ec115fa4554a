"""cloud-init can provision the next machine."""

from factory.guest.command import Output
from factory.linux.checks.cloud_init_ready import cloud_init_ready
from tests.factory.linux.known import DEBIAN, UBUNTU, context_of

RECORDED = "datasource_list: [ Azure ]\nstatus: done\n"


def test_a_cloud_init_that_looks_for_azure_is_no_finding() -> None:
    assert cloud_init_ready(Output(0, RECORDED), context_of(UBUNTU)) == []


def test_no_list_of_datasources_means_all_of_them() -> None:
    assert cloud_init_ready(Output(0, "status: done\n"), context_of(UBUNTU)) == []


def test_an_installers_list_of_datasources_is_found() -> None:
    [finding] = cloud_init_ready(Output(0, "datasource_list: [ None ]\n"), context_of(UBUNTU))
    assert finding == "cloud-init does not look for Azure (datasource_list: [ None ])"


def test_a_disabled_cloud_init_is_found() -> None:
    said = "disabled by /etc/cloud/cloud-init.disabled\n"
    assert cloud_init_ready(Output(0, said), context_of(UBUNTU)) == [
        "cloud-init is disabled by /etc/cloud/cloud-init.disabled"
    ]


def test_a_cloud_init_at_work_is_not_interrupted() -> None:
    assert cloud_init_ready(Output(0, "status: running\n"), context_of(UBUNTU)) == [
        "cloud-init is still at work on this machine"
    ]


def test_an_agent_that_relies_on_a_missing_cloud_init_is_found() -> None:
    relies = context_of(DEBIAN, agent_conf={"Provisioning.Agent": "cloud-init"})
    [finding] = cloud_init_ready(Output(0), relies)
    assert "which is not installed" in finding


def test_where_the_agent_provisions_cloud_init_does_not_matter() -> None:
    said = "disabled by /etc/cloud/cloud-init.disabled\n"
    assert cloud_init_ready(Output(0, said), context_of(DEBIAN)) == []
