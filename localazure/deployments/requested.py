"""What a request for a deployment may say, and the plan and document that come of it."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from typing import Any

from localazure.arm.calls import Call
from localazure.arm.envelope import read_tags
from localazure.arm.errors import ArmError, invalid_content, not_implemented
from localazure.arm.ids import ResourceId
from localazure.arm.store import Document

from . import documents, errors, jsonc
from .language.errors import DeferredError, TemplateError, UnsupportedError
from .language.evaluate import value_of
from .parameters import read_parameters, shown
from .planning import Plan, make_plan
from .requests import find_route
from .surroundings import Around
from .template import Json, Template, read_template

_BODY = frozenset(("location", "properties", "tags", "identity"))
_PROPERTIES = frozenset(
    (
        *(
            "template",
            "templateLink",
            "parameters",
            "parametersLink",
            "mode",
            "debugSetting",
            "onErrorDeployment",
        ),
        *("expressionEvaluationOptions", "validationLevel", "extensionConfigs"),
    )
)
_ELSEWHERE = ("templateLink", "parametersLink", "onErrorDeployment", "extensionConfigs")
_NAME = re.compile(r"[\w.()-]{1,64}")


@dataclass(frozen=True)
class Requested:
    """A deployment that may begin."""

    template: Template
    source: Json
    """The template as it came."""
    values: Json
    """All parameters, secrets included."""
    plan: Plan
    shown: Document
    """The document as a client sees it at first."""


def read_request(call: Call) -> Requested:
    """All about a deployment that can be wrong before it begins; nothing has changed when it refuses."""
    if _NAME.fullmatch(call.rid.name) is None:
        raise errors.invalid_name(call.rid.name)
    body = _body(call)
    properties = _properties(body)
    source = properties["template"]
    around = Around(call.world, call.rid, source)
    try:
        template = read_template(source)
        values = read_parameters(template, properties.get("parameters"), around)
    except TemplateError as error:
        raise errors.invalid_template(error) from None
    except UnsupportedError as error:
        raise not_implemented(str(error)) from None
    group = call.rid.group_id
    assert group is not None  # noqa: S101 - our routes are those of groups
    plan = make_plan(template, values, around, group)
    for one in plan.wanted:
        find_route(call.world, "PUT", one.rid.text, one.api_version)
    document = _document(call, source, shown(template, values), plan)
    if body.get("tags"):
        document["tags"] = read_tags(body["tags"])
    return Requested(template, source, values, plan, document)


def _body(call: Call) -> dict[str, Any]:
    try:
        found = jsonc.read(call.body.decode("utf-8"))
    except ValueError as error:
        raise invalid_content(str(error)) from None
    if not isinstance(found, dict):
        raise invalid_content("The request body is not an object")
    return found


def _properties(body: dict[str, Any]) -> dict[str, Any]:
    for member in body:
        if member not in _BODY:
            raise invalid_content(
                f"Could not find member '{member}' on object of type 'DeploymentDefinition'. Path '{member}'"
            )
    if body.get("location"):
        raise ArmError(  # documented code, assumed text
            400,
            "InvalidDeployment",
            "The 'location' property is not allowed for a deployment at resource group scope.",
        )
    if body.get("identity"):
        raise not_implemented("deployments with an identity")
    properties = body.get("properties")
    if not isinstance(properties, dict):
        raise invalid_content("Required property 'properties' not found in JSON. Path ''")
    for member in properties:
        if member not in _PROPERTIES:
            raise invalid_content(
                f"Could not find member '{member}' on object of type 'DeploymentPropertiesDefinition'. Path "
                f"'properties.{member}'"
            )
    _check_mode(properties)
    return properties


def _check_mode(properties: dict[str, Any]) -> None:
    for member in _ELSEWHERE:
        if properties.get(member):
            raise not_implemented(f"deployments with '{member}'")
    detail = (properties.get("debugSetting") or {}).get("detailLevel") or "none"
    if str(detail).lower() != "none":
        raise not_implemented(f"deployments with debugSetting '{detail}'")
    mode = properties.get("mode")
    if not isinstance(mode, str) or mode.lower() not in ("incremental", "complete"):
        raise invalid_content("Required property 'mode' is missing or invalid. Path 'properties.mode'")
    if mode.lower() == "complete":
        raise not_implemented("deployments in complete mode")
    if not isinstance(properties.get("template"), dict):
        raise errors.invalid_template("The 'template' property must be a JSON object")


def _document(call: Call, source: Json, parameters: Json, plan: Plan) -> Document:
    now = documents.moment(call.world)
    rid: ResourceId = call.rid
    locations = {one.key: _location(one.body.get("location"), one.scope) for one in plan.wanted}
    doc: Document = {
        "id": rid.text,
        "name": rid.name,
        "type": documents.TYPE,
        "properties": {
            "templateHash": documents.template_hash(source),
            "parameters": parameters,
            "mode": "Incremental",
            "provisioningState": documents.ACCEPTED,
            "timestamp": now,
            "duration": "PT0S",
            "correlationId": call.headers.get("x-ms-correlation-request-id") or str(uuid.uuid4()),
            "providers": documents.providers(plan, locations),
            "dependencies": documents.dependencies(plan),
        },
    }
    return doc


def _location(given: Any, scope: Any) -> str | None:
    try:
        found = value_of(given, scope)
    except (DeferredError, TemplateError):
        return None
    return found.replace(" ", "").lower() if isinstance(found, str) else None
