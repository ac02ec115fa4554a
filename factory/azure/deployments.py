"""Text kept in a resource group as the output of an empty template deployment.

It needs no storage account, lives and dies with its group, and is read by whoever may read the group (so no
secret goes there). ARM takes templates up to 4 MiB, but a single text of a template only up to 128 KiB of
characters, so a longer one is cut into several outputs.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from azure.mgmt.resource.resources import models

from factory.azure.client import Azure
from factory.azure.wire import dig, plain
from factory.errors import InvalidInput, NotFound

DEADLINE = timedelta(minutes=10)
LONGEST_OUTPUT = 100_000
MOST_OUTPUTS = 60
_SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"


async def keep_text(
    azure: Azure, group: str, name: str, text: str, *, tags: Mapping[str, str], deadline: timedelta = DEADLINE
) -> None:
    """Keep a text under a name in a group; one that is there is written over. Nothing is deployed by it.

    Raises `NotFound` (the group), `AuthorizationFailed`, `Busy` while a deployment of this name goes on.
    """
    template = {
        "$schema": _SCHEMA,
        "contentVersion": "1.0.0.0",
        "resources": [],
        "outputs": {_output(at): {"type": "string", "value": one} for at, one in enumerate(cut(text))},
    }
    operation = await azure.begin(
        f"keep {name} in resource group {group}",
        azure.resources.resources.begin_create_or_update_by_id,
        _id(azure, group, name),
        models.GenericResource(
            {"properties": {"mode": "Incremental", "template": template}, "tags": dict(tags)}
        ),
        api_version=azure.connection.api_versions.resources,
    )
    await azure.wait(operation, deadline=deadline)


async def read_text(azure: Azure, group: str, name: str) -> str | None:
    """The text that was kept under a name; `None` where there is none, or only a deployment that failed."""
    try:
        found = await azure.call(
            f"read {name} in resource group {group}",
            azure.resources.resources.get_by_id,
            _id(azure, group, name),
            api_version=azure.connection.api_versions.resources,
        )
    except NotFound:
        return None
    outputs: Any = dig(plain(found), "properties", "outputs") or {}
    pieces = [dig(outputs, _output(at), "value") for at in range(MOST_OUTPUTS)]
    return "".join(str(one) for one in pieces if one is not None) or None


def cut(text: str, longest: int = LONGEST_OUTPUT) -> list[str]:
    """Cut a text so that no piece begins with a bracket, which would be an expression to ARM. Pure.

    Raises `InvalidInput` for a text that itself does, or has a longer row of them.
    """
    pieces, at = [], 0
    while at < len(text):
        ends = min(at + longest, len(text))
        while ends < len(text) and ends > at and text[ends] == "[":
            ends -= 1
        if text[at] == "[" or ends == at:
            raise InvalidInput("a text that begins with a bracket cannot be kept in a deployment")
        pieces.append(text[at:ends])
        at = ends
    return pieces


def _output(at: int) -> str:
    """One word for the usual case, so that it can be asked for by name on any command line."""
    return "text" if at == 0 else f"text{at}"


def _id(azure: Azure, group: str, name: str) -> str:
    subscription = azure.connection.subscription_id
    return (
        f"/subscriptions/{subscription}/resourceGroups/{group}"
        f"/providers/Microsoft.Resources/deployments/{name}"
    )
