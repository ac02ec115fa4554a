"""The custom role held against what runs called: each request as the action that Azure authorizes."""

import json
import re
from collections.abc import Iterable
from pathlib import Path

ROLE = Path(__file__).resolve().parent.parent / "deployments" / "azure" / "role.json"
_VERBS = {"GET": "read", "HEAD": "read", "PUT": "write", "PATCH": "write", "DELETE": "delete"}
_SUBSCRIPTION = re.compile(r"^/subscriptions/[^/]+", re.IGNORECASE)
_OUTSIDE_ARM = ("/bootdiagnostics/", "/_local/")
"""Reached by a signature of their own, or not Azure at all: no role speaks of them."""


def role_actions() -> set[str]:
    """The actions of the role, in lower case as Azure compares them."""
    return {action.lower() for action in json.loads(ROLE.read_text(encoding="utf-8"))["Actions"]}


def action_of(method: str, path: str) -> str | None:
    """The action that Azure authorizes a request by, in lower case; None for what is no ARM resource."""
    if not _SUBSCRIPTION.match(path) or path.startswith(_OUTSIDE_ARM):
        return None
    rest = _SUBSCRIPTION.sub("", path.split("?", maxsplit=1)[0]).strip("/")
    if "providers/" not in rest:
        return _of_subscription(method, rest)
    provider, *parts = rest.rpartition("providers/")[2].split("/")
    types = "/".join([provider, *parts[0::2]])
    if method == "POST":
        return f"{types}/action".lower()
    return f"{types}/{_VERBS[method]}".lower()


def calls_outside_the_role(log: Path, marks: Iterable[str]) -> list[str]:
    """The calls in a request log that the role does not hold; only those whose user agent has a mark."""
    allowed, found = role_actions(), set()
    for line in log.read_text(encoding="utf-8").splitlines():
        call = json.loads(line)
        if any(mark in (call["user_agent"] or "") for mark in marks):
            action = action_of(call["method"], call["path"])
            if action is not None and action not in allowed:
                found.add(f"{action} ({call['method']} {call['path']})")
    return sorted(found)


def _of_subscription(method: str, rest: str) -> str:
    """Groups and lists of resources, which the Resource Manager itself answers."""
    parts = rest.lower().split("/")
    if parts[0] == "resourcegroups":
        below = "/resources" if parts[2:] == ["resources"] else ""
        return f"microsoft.resources/subscriptions/resourcegroups{below}/{_VERBS[method]}"
    return f"microsoft.resources/subscriptions/{parts[0]}/{_VERBS[method]}"
