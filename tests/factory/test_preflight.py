import pytest

from factory.azure.galleries import Definition
from factory.azure.machine_models import SecurityProfile
from factory.errors import PreflightFailed
from factory.preflight import judge_definition, judge_machine, refuse_impossible
from factory.recipe import Customization, Test
from tests.factory.machines import machine
from tests.factory.recipes import DEFINITION, document, recipe

DEFINED = Definition(DEFINITION, "app", "westeurope", "Linux", "Generalized", "V2")


def test_a_running_linux_vm_in_the_right_place_is_a_source() -> None:
    assert judge_machine(recipe(), machine()) == []


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"location": "northeurope"}, "northeurope"),
        ({"os_type": "Plan9"}, "Plan9"),
        ({"generalized": True}, "already generalized"),
        ({"ephemeral": True}, "ephemeral"),
        ({"provisioning_state": "Failed"}, "Failed"),
    ],
)
def test_what_cannot_be_a_source_is_refused_by_name(changes: dict[str, object], word: str) -> None:
    (finding,) = judge_machine(recipe(), machine(**changes))
    assert word in finding


def test_trusted_launch_goes_into_no_managed_image_and_no_plain_definition() -> None:
    trusted = machine(security=SecurityProfile(type="TrustedLaunch"))
    (finding,) = judge_machine(recipe(target={"managed_image_group": "g"}), trusted)
    assert "managed image" in finding
    (finding,) = judge_definition(DEFINED, trusted)
    assert "SecurityType" in finding


def test_a_definition_of_another_kind_is_refused_for_every_reason() -> None:
    wrong = Definition(DEFINITION, "app", "westeurope", "Windows", "Specialized", "V1")
    assert len(judge_definition(wrong, machine())) == 3
    assert judge_definition(DEFINED, machine()) == []


def test_in_place_needs_a_vm_that_is_the_original() -> None:
    with pytest.raises(PreflightFailed, match="an image has no original"):
        refuse_impossible(recipe(strategy="in-place", source={"image": "a:b:c:latest"}))


def test_an_image_source_needs_a_size_and_a_worker_an_address() -> None:
    build = {**document()["build"], "worker_address": "anywhere"}
    with pytest.raises(PreflightFailed) as caught:
        refuse_impossible(recipe(source={"image": "a:b:c:latest"}, build=build))
    assert len(caught.value.findings) == 2


def test_a_windows_vm_is_a_source_and_wants_a_windows_definition_and_a_network_path() -> None:
    windows = machine(os_type="Windows")
    assert judge_machine(recipe(), windows) == []
    (finding,) = judge_definition(DEFINED, windows)
    assert finding == "the image definition is for Linux, the source is Windows"
    build = recipe().build.model_copy(update={"transport": "run-command"})
    (finding,) = judge_machine(recipe().model_copy(update={"build": build}), windows)
    assert "WinRM alone" in finding


def test_what_is_for_windows_is_refused_on_linux_before_anything_is_made() -> None:
    plain = recipe()
    mending = plain.model_copy(update={"customize": [Customization(name="mend", mend="enable_cdrom")]})
    tests = plain.verify.model_copy(update={"tests": [Test(name="x", script="Describe 'x' {}", pester=True)]})
    for wanted in (mending, plain.model_copy(update={"verify": tests})):
        (finding,) = judge_machine(wanted, machine())
        assert finding == "mend steps and tests for Pester are for Windows, and the source runs Linux"
