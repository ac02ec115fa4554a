"""Refusals of deployments, as ARM frames them.

Frames (`Deployment template validation failed: '…'`, `DeploymentFailed` with each resource's own error as
text in `details`) are ARM's, seen in traffic; sentences marked `assumed` are ours.
"""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

from localazure.arm.errors import ArmError
from localazure.arm.ids import ResourceId

from .language.errors import TemplateError

DEPLOY_FAILED = (
    "At least one resource deployment operation failed. Please list deployment operations for details. "
    "Please see "
    "https://aka.ms/arm-deployment-operations for usage details."
)
CODES = {400: "BadRequest", 403: "Forbidden", 404: "NotFound", 409: "Conflict", 429: "TooManyRequests"}


def invalid_template(error: TemplateError | str) -> ArmError:
    """A template that cannot be deployed."""
    return ArmError(400, "InvalidTemplate", f"Deployment template validation failed: '{error}'.")


def invalid_resource(rid: str, error: TemplateError) -> ArmError:
    """An expression of one resource that has no value."""
    return ArmError(
        400,
        "InvalidTemplate",
        f"Unable to process template language expressions for resource '{rid}'. '{error}'",
    )


def invalid_output(name: str, error: TemplateError | str) -> ArmError:
    """An output that has no value; found when everything else is done."""
    code, text = "DeploymentOutputEvaluationFailed", f"The template output '{name}' is not valid: {error}."
    return ArmError(
        400,
        code,
        f"Unable to evaluate template outputs: '{name}'. Please see error details and deployment "
        "operations. Please "
        "see https://aka.ms/arm-common-errors for usage details.",
        details=[{"code": code, "target": name, "message": text}],
    )


def invalid_name(name: str) -> ArmError:
    """Letters, digits, `-._()`, at most 64 (documented rule, assumed text)."""
    return ArmError(
        400,
        "InvalidDeploymentName",
        f"The provided deployment name '{name}' is not valid. It must have 1 to 64 characters: letters, "
        "digits, "
        "'-', '.', '_', '(' and ')'.",
    )


def still_active(name: str, since: str) -> ArmError:
    """A second deployment of a name while the first runs (documented)."""
    return ArmError(
        409,
        "DeploymentActive",
        f"Unable to edit or replace deployment '{name}': previous deployment from '{since}' is still active. "
        "Please see https://aka.ms/arm-deploy for usage details.",
    )


def not_deployed(name: str) -> ArmError:
    """A deployment that does not exist (documented)."""
    return ArmError(404, "DeploymentNotFound", f"Deployment '{name}' could not be found.")


def not_cancelable(name: str, state: str) -> ArmError:
    """A deployment that has ended cannot be cancelled (documented code, assumed text)."""
    return ArmError(
        409,
        "DeploymentCannotBeCancelled",
        f"The deployment '{name}' cannot be cancelled: its provisioning state is '{state}'.",
    )


def refused(error: ArmError) -> dict[str, Any]:
    """How `details` shows a resource whose PUT was refused: the status by name, the whole answer as text."""
    name = CODES.get(error.status) or HTTPStatus(error.status).phrase.replace(" ", "")
    return {"code": name, "message": json.dumps(error.body(), indent=2).replace("\n", "\r\n")}


def ended_badly(error: dict[str, Any]) -> dict[str, Any]:
    """How `details` shows a resource whose PUT was accepted and whose operation failed."""
    failure = {
        "code": "ResourceDeploymentFailure",
        "message": "The resource operation completed with terminal provisioning state 'Failed'.",
        "details": [error],
    }
    whole = {"status": "Failed", "error": failure}
    return {"code": "Conflict", "message": json.dumps(whole, indent=2).replace("\n", "\r\n")}


def failed(deployment: ResourceId, details: list[dict[str, Any]]) -> ArmError:
    """The end of a deployment of which some part failed."""
    return ArmError(409, "DeploymentFailed", DEPLOY_FAILED, target=deployment.text, details=details)
