"""What a template means: parameters, ids, order, and everything that is refused before anything happens."""

from __future__ import annotations

from typing import Any

import pytest

from localazure.arm.errors import ArmError
from localazure.arm.ids import ResourceId
from localazure.deployments import parameters as declared
from localazure.deployments.documents import duration
from localazure.deployments.language.errors import TemplateError
from localazure.deployments.language.evaluate import value_of
from localazure.deployments.outputs import evaluate_outputs
from localazure.deployments.planning import Plan, make_plan
from localazure.deployments.template import read_template

from .around import SCHEMA, SUB, Somewhere, security_group, template

GROUP = ResourceId(SUB, "rg")
NSG = "Microsoft.Network/networkSecurityGroups"


def plan(whole: dict[str, Any], **given: Any) -> Plan:
    read = read_template(whole)
    around = Somewhere()
    values = declared.read_parameters(read, {name: {"value": one} for name, one in given.items()}, around)
    return make_plan(read, values, around, GROUP)


def refused(whole: dict[str, Any], **given: Any) -> ArmError:
    with pytest.raises(ArmError) as refusal:
        plan(whole, **given)
    return refusal.value


def names(made: Plan) -> list[str]:
    return ["/".join(one.rid.names) for one in made.wanted]


def test_everything_stands_behind_what_it_needs() -> None:
    made = plan(
        template(
            security_group("c", dependsOn=["b", f"[resourceId('{NSG}', 'a')]"]),
            security_group("b", dependsOn=[f"{NSG}/a"]),
            security_group("a"),
        )
    )
    assert names(made) == ["a", "b", "c"]
    assert [need.name for need in made.wanted[2].needs] == ["b", "a"]


def test_a_reference_is_a_dependency() -> None:
    reading = {"properties": {"x": f"[reference(resourceId('{NSG}', 'a')).resourceGuid]"}}
    made = plan(template(security_group("b", **reading), security_group("a")))
    assert names(made) == ["a", "b"]


def test_a_circle_is_refused() -> None:
    error = refused(template(security_group("a", dependsOn=["b"]), security_group("b", dependsOn=["a"])))
    assert error.code == "InvalidTemplate"
    assert "Circular dependency detected on resource: '" in error.message


def test_a_copy_makes_many_and_its_name_stands_for_all_of_them() -> None:
    made = plan(
        template(
            security_group("last", dependsOn=["loop"]),
            security_group(
                "[concat('n', copyIndex(1))]", copy={"name": "loop", "count": "[parameters('n')]"}
            ),
            parameters={"n": {"type": "int"}},
        ),
        n=3,
    )
    assert names(made) == ["n1", "n2", "n3", "last"]
    assert len(made.wanted[-1].needs) == 3


def test_a_serial_copy_goes_in_batches() -> None:
    copy = {"name": "loop", "count": 5, "mode": "Serial", "batchSize": 2}
    made = plan(template(security_group("[concat('n', copyIndex())]", copy=copy)))
    needs = {one.rid.name: [need.name for need in one.needs] for one in made.wanted}
    assert needs == {"n0": [], "n1": [], "n2": ["n0", "n1"], "n3": ["n0", "n1"], "n4": ["n2", "n3"]}


def test_what_is_not_wanted_is_not_put_and_nothing_waits_for_it() -> None:
    made = plan(
        template(security_group("a", condition="[equals(1, 2)]"), security_group("b", dependsOn=["a"]))
    )
    assert names(made) == ["b"]
    assert made.wanted[0].needs == ()


def test_children_are_named_after_their_parent() -> None:
    rule = {"type": "securityRules", "apiVersion": "2025-07-01", "name": "r", "properties": {}}
    made = plan(template(security_group("a", resources=[rule | {"dependsOn": ["a"]}])))
    assert made.wanted[1].rid.text.endswith("/networkSecurityGroups/a/securityRules/r")
    assert made.wanted[1].rid.type == f"{NSG}/securityRules"


def test_bodies_are_evaluated_with_parameters_variables_and_turns() -> None:
    tags = {"tags": {"at": "[variables('where')]", "turn": "[string(copyIndex())]"}}
    made = plan(
        template(
            security_group("[concat('n', copyIndex())]", copy={"name": "l", "count": 2}, **tags),
            parameters={"place": {"type": "string", "defaultValue": "[resourceGroup().location]"}},
            variables={"where": "[toUpper(parameters('place'))]"},
        )
    )
    bodies = [value_of(one.body, one.scope) for one in made.wanted]
    assert [body["tags"] for body in bodies] == [
        {"at": "WESTEUROPE", "turn": "0"},
        {"at": "WESTEUROPE", "turn": "1"},
    ]


def test_variables_can_be_copies_and_use_each_other() -> None:
    made = plan(
        template(
            variables={
                "b": "[concat(variables('a'), '!')]",
                "a": "x",
                "copy": [
                    {"name": "many", "count": 2, "input": "[concat(variables('b'), copyIndex('many'))]"}
                ],
            },
            outputs={"out": {"type": "array", "value": "[variables('many')]"}},
        )
    )
    assert evaluate_outputs(made)["out"] == {"type": "Array", "value": ["x!0", "x!1"]}


def test_outputs_show_their_type_and_secure_ones_nothing_else() -> None:
    made = plan(
        template(
            parameters={"word": {"type": "securestring"}},
            outputs={
                "open": {"type": "int", "value": "[length(parameters('word'))]"},
                "secret": {"type": "securestring", "value": "[parameters('word')]"},
                "unwanted": {"type": "string", "value": "x", "condition": False},
                "loop": {"type": "array", "copy": {"count": 2, "input": "[copyIndex()]"}},
            },
        ),
        word="hidden",
    )
    assert evaluate_outputs(made) == {
        "open": {"type": "Int", "value": 6},
        "secret": {"type": "SecureString"},
        "loop": {"type": "Array", "value": [0, 1]},
    }


def test_an_output_of_another_type_is_refused() -> None:
    made = plan(template(outputs={"out": {"type": "int", "value": "text"}}))
    with pytest.raises(ArmError) as refusal:
        evaluate_outputs(made)
    assert refusal.value.code == "DeploymentOutputEvaluationFailed"
    assert "Expected 'Integer'. Actual 'String'" in refusal.value.details[0]["message"]


TEMPLATES: list[tuple[dict[str, Any], str]] = [
    (template(security_group("[shout('a')]")), "The template function 'shout' is not valid."),
    (
        template(security_group(tags={"a": "[concat('x']"})),
        "expected token 'RightParenthesis' and actual 'EndOfData'",
    ),
    (template(security_group(dependsOn=["nobody"])), "The resource 'nobody' is not defined in the template."),
    (template(security_group("a"), security_group("A")), "is defined multiple times in a template."),
    (template(security_group("a/b")), "has incorrect segment lengths."),
    (template(security_group("[parameters('x')]")), "The template parameter 'x' is not found."),
    (template(security_group("[reference('x').name]")), "'reference' is not expected at this location"),
    (template(variables={"a": "[variables('b')]", "b": "[variables('a')]"}), "Circular dependency detected"),
    (template(variables={"a": "[reference('x')]"}), "'reference' is not expected at this location"),
    (template(security_group(condition="yes")), "is not a boolean"),
    (template(security_group("[add(1, 1)]")), "'name' is not a string"),
    (template(security_group(dependsOn="x")), "is not an array"),
    (template(security_group(copy={"name": "l", "count": 900})), "copy count"),
]


@pytest.mark.parametrize(("whole", "words"), TEMPLATES, ids=[words for _, words in TEMPLATES])
def test_a_wrong_template_is_refused_before_anything_happens(whole: dict[str, Any], words: str) -> None:
    error = refused(whole)
    assert (error.status, error.code) == (400, "InvalidTemplate")
    assert error.message.startswith("Deployment template validation failed: '")
    assert words in error.message


def test_an_expression_without_a_value_names_its_resource() -> None:
    error = refused(template(security_group("a", tags={"x": "[resourceGroup().nothing]"})))
    assert error.code == "InvalidTemplate"
    assert error.message.startswith("Unable to process template language expressions for resource '/subscr")
    assert "/networkSecurityGroups/a'" in error.message


def test_a_function_we_lack_is_501_for_the_whole_template() -> None:
    assert refused(template(outputs={"a": {"type": "string", "value": "[listKeys('x', '1')]"}})).status == 501


SHAPES: list[tuple[dict[str, Any], str]] = [
    ({"contentVersion": "1.0.0.0", "resources": []}, "Required property '$schema' not found"),
    ({"$schema": SCHEMA, "resources": []}, "Required property 'contentVersion' not found"),
    ({"$schema": SCHEMA, "contentVersion": "1.0.0.0"}, "Required property 'resources' not found"),
    (template(surprise=1), "Could not find member 'surprise' on object of type 'Template'"),
    (
        template({"type": "a/b", "name": "c"}),
        "Required property 'apiVersion' not found in JSON. Path 'resources[0]'",
    ),
    (
        template(security_group(colour="red")),
        "Could not find member 'colour' on object of type 'TemplateResource'",
    ),
    (template(parameters={"a": {}}), "Required property 'type' not found"),
    (template(outputs={"a": {"type": "string", "colour": 1}}), "Could not find member 'colour'"),
    (template(parameters=[]) | {"parameters": [1]}, "Error converting value"),
    (template(security_group(copy={"count": 1})), "'name' and 'count' are required"),
    (template() | {"$schema": "https://example.com/x"}, "is not supported"),
    (
        template() | {"$schema": SCHEMA.replace("deployment", "subscriptionDeployment")},
        "resource group scope",
    ),
    (template() | {"contentVersion": "one"}, "content version"),
]


@pytest.mark.parametrize(("whole", "words"), SHAPES, ids=[words for _, words in SHAPES])
def test_a_template_of_the_wrong_shape_is_refused(whole: dict[str, Any], words: str) -> None:
    with pytest.raises(TemplateError) as refusal:
        read_template(whole)
    assert words in str(refusal.value)


@pytest.mark.parametrize(
    "whole",
    [
        template({"type": "Microsoft.Resources/deployments", "apiVersion": "2022-09-01", "name": "d"}),
        template(languageVersion="2.0"),
        template(functions=[{"namespace": "x"}]),
        template() | {"resources": {"a": security_group()}},
        template(security_group(scope="/")),
        template(security_group(eTag="x")),
        template(parameters={"a": {"$ref": "#/definitions/x"}}),
        template(parameters={"a": {"type": "array", "items": {"type": "string"}}}),
    ],
)
def test_parts_of_the_language_that_we_lack_are_501(whole: dict[str, Any]) -> None:
    with pytest.raises(ArmError) as refusal:
        read_template(whole)
    assert refusal.value.status == 501


PARAMETERS: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({"type": "string"}, {}, "The value for the template parameter 'p' is not provided."),
    (
        {"type": "string"},
        {"p": {"value": 1}},
        "Expected a value of type 'String, Uri', but received a value of type 'Integer'.",
    ),
    (
        {"type": "int"},
        {"p": {"value": True}},
        "Expected a value of type 'Integer', but received a value of type 'Boolean'.",
    ),
    ({"type": "bool"}, {"p": {"value": "true"}}, "Expected a value of type 'Boolean'"),
    ({"type": "array"}, {"p": {"value": {}}}, "Expected a value of type 'Array'"),
    ({"type": "colour"}, {"p": {"value": 1}}, "the type 'colour' is not one of"),
    (
        {"type": "string", "allowedValues": ["a", "b"]},
        {"p": {"value": "c"}},
        "The value 'c' is not part of the allowed value(s): 'a,b'.",
    ),
    ({"type": "string", "maxLength": 2}, {"p": {"value": "abc"}}, "less than or equal to '2'"),
    ({"type": "string", "minLength": 2}, {"p": {"value": "a"}}, "greater than or equal to '2'"),
    ({"type": "int", "minValue": 2}, {"p": {"value": 1}}, "must be greater than or equal to '2'"),
    ({"type": "int", "maxValue": 2}, {"p": {"value": 3}}, "must be less than or equal to '2'"),
    (
        {"type": "string"},
        {"p": {"value": "a"}, "q": {"value": "b"}},
        "The template parameters 'q' in the parameters file are not valid",
    ),
    ({"type": "string"}, {"p": "bare"}, "is not provided"),
    (
        {"type": "string", "defaultValue": "[variables('x')]"},
        {},
        "'variables' is not expected at this location",
    ),
    ({"type": "string", "defaultValue": "[parameters('p')]"}, {}, "Circular dependency detected"),
]


@pytest.mark.parametrize(("one", "given", "words"), PARAMETERS, ids=[words for _, _, words in PARAMETERS])
def test_a_wrong_parameter_is_refused(one: dict[str, Any], given: dict[str, Any], words: str) -> None:
    with pytest.raises(TemplateError) as refusal:
        declared.read_parameters(read_template(template(parameters={"p": one})), given, Somewhere())
    assert words in str(refusal.value)


def test_a_secret_is_not_in_the_refusal_of_it() -> None:
    read = read_template(template(parameters={"p": {"type": "securestring", "allowedValues": ["a"]}}))
    with pytest.raises(TemplateError) as refusal:
        declared.read_parameters(read, {"p": {"value": "hunter2"}}, Somewhere())
    assert "hunter2" not in str(refusal.value)


def test_parameters_are_shown_with_their_type_and_secrets_without_value() -> None:
    kinds = {
        "a": {"type": "string", "defaultValue": "x"},
        "b": {"type": "secureObject"},
        "C": {"type": "int"},
    }
    read = read_template(template(parameters=kinds))
    given = {"B": {"value": {"k": 1}}, "c": {"value": 3}}
    values = declared.read_parameters(read, given, Somewhere())
    assert declared.shown(read, values) == {
        "a": {"type": "String", "value": "x"},
        "b": {"type": "SecureObject"},
        "C": {"type": "Int", "value": 3},
    }


def test_durations_are_written_as_iso_8601() -> None:
    begun = "2026-01-01T00:00:00.0000000Z"
    assert duration(begun, "2026-01-01T00:01:31.8772140Z") == "PT1M31.877214S"
    assert duration(begun, "2026-01-01T02:00:05.0000000Z") == "PT2H0M5S"
    assert duration(begun, begun) == "PT0S"
