from pathlib import Path

import pytest
import yaml

from factory.errors import RecipeError
from factory.recipe import load_recipe, parse_recipe, recipe_schema
from tests.factory.recipes import SUBNET, document

ROOT = Path(__file__).resolve().parents[2]


def test_the_demo_recipe_is_one() -> None:
    recipe = load_recipe(ROOT / "deployments/recipes/demo.yaml", {"AZURE_SUBSCRIPTION_ID": "s1"})
    assert recipe.source.vm is not None
    assert recipe.source.vm.startswith("/subscriptions/s1/")
    assert recipe.strategy == "clone"


def test_a_missing_variable_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"\$\{AZURE_SUBSCRIPTION_ID\} is not in the environment"):
        load_recipe(ROOT / "deployments/recipes/demo.yaml", {})


def test_a_scripts_own_variables_are_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "r.yaml"
    path.write_text(yaml.safe_dump(document(customize=[{"name": "x", "script": "echo ${HOME} $1"}])))
    assert load_recipe(path, {}).customize[0].script == "echo ${HOME} $1"


def test_all_faults_are_told_at_once_by_field() -> None:
    wrong = document(name="Has Spaces", target={}, build={"subnet": "nonsense", "worker_address": "10.0.0.4"})
    with pytest.raises(RecipeError) as caught:
        parse_recipe(wrong, origin="r.yaml")
    text = str(caught.value)
    assert "name:" in text
    assert "target: give 'definition'" in text
    assert "build: 'subnet' is not the resource ID of a subnet" in text
    assert "recipe-schema" in text


def test_a_misspelt_field_is_an_error_not_ignored() -> None:
    with pytest.raises(RecipeError, match="verfy: Extra inputs are not permitted"):
        parse_recipe(document(verfy={}))


@pytest.mark.parametrize(
    "source", [{}, {"vm": "x"}, {"image": "a:b"}, {"vm": document()["source"]["vm"], "image": "a:b:c:d"}]
)
def test_a_source_is_exactly_one_well_formed_thing(source: dict[str, str]) -> None:
    with pytest.raises(RecipeError, match="source"):
        parse_recipe(document(source=source))


@pytest.mark.parametrize("step", [{}, {"script": "x", "reboot": True}, {"copy_from": "a"}])
def test_a_change_is_exactly_one_kind(step: dict[str, object]) -> None:
    with pytest.raises(RecipeError, match=r"customize\.0"):
        parse_recipe(document(customize=[{"name": "step", **step}]))


def test_a_file_to_copy_must_lie_beside_the_recipe(tmp_path: Path) -> None:
    path = tmp_path / "r.yaml"
    step = {"name": "motd", "copy_from": "motd", "copy_to": "/etc/motd"}
    path.write_text(yaml.safe_dump(document(customize=[step])))
    with pytest.raises(RecipeError, match="motd"):
        load_recipe(path, {})
    (tmp_path / "motd").write_text("hello")
    assert load_recipe(path, {}).customize[0].copy_from == str(tmp_path / "motd")


def test_what_is_not_yaml_is_told_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "r.yaml"
    path.write_text("name: [")
    with pytest.raises(RecipeError, match="is not YAML"):
        load_recipe(path, {})
    with pytest.raises(RecipeError, match="cannot be read"):
        load_recipe(tmp_path / "absent.yaml", {})


def test_the_schema_knows_every_field() -> None:
    properties = recipe_schema()["properties"]
    assert {"name", "source", "build", "target", "verify", "customize"} <= set(properties)
    assert SUBNET  # the right recipe's subnet is one
