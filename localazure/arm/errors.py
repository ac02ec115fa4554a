"""Errors as the resource manager writes them, and those that every service shares.

Texts are Azure's documented ones where its docs show them; the rest is marked `assumed`.
"""

from __future__ import annotations

from typing import Any

from .ids import ResourceId


class ArmError(Exception):
    """An answer `{"error": {"code", "message", …}}`: raised by routes at once, by jobs into the operation."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        target: str | None = None,
        details: list[dict[str, Any]] | None = None,
        headers: dict[str, str] | None = None,
        extra: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status, self.code, self.message, self.target = status, code, message, target
        self.details, self.headers, self.extra = details or [], headers or {}, extra or {}

    def error(self) -> dict[str, Any]:
        """The inner object, as an operation's status shows it."""
        shown: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.target is not None:
            shown["target"] = self.target
        if self.details:
            shown["details"] = self.details
        return shown | self.extra

    def body(self) -> dict[str, Any]:
        """The whole response body."""
        return {"error": self.error()}


def not_found(rid: ResourceId) -> ArmError:
    """A resource that does not exist (documented text)."""
    return ArmError(
        404,
        "ResourceNotFound",
        f"The Resource '{rid.path}' under resource group '{rid.group}' was not found. "
        "For more details please go to https://aka.ms/ARMResourceNotFoundFix",
    )


def parent_not_found(rid: ResourceId, parent: ResourceId) -> ArmError:
    """A nested resource whose parent does not exist (assumed text)."""
    return ArmError(
        404,
        "ParentResourceNotFound",
        f"Failed to perform 'write' on resource(s) of type '{rid.type.split('/', 1)[-1]}', because the "
        f"parent resource '{parent.text}' could not be found.",
    )


def group_not_found(name: str) -> ArmError:
    """A resource group that does not exist (documented text)."""
    return ArmError(404, "ResourceGroupNotFound", f"Resource group '{name}' could not be found.")


def subscription_not_found(subscription: str) -> ArmError:
    """A subscription that nobody has (documented text)."""
    return ArmError(404, "SubscriptionNotFound", f"The subscription '{subscription}' could not be found.")


def not_implemented(what: str) -> ArmError:
    """What Azure can and this server cannot. Never a polite 200; every one is counted."""
    return ArmError(501, "NotImplemented", f"The local Azure does not implement {what}.")


def method_not_allowed(method: str) -> ArmError:
    """A verb that no part of ARM has."""
    return ArmError(405, "MethodNotAllowed", f"The HTTP method '{method}' is not supported.")


def invalid_content(why: str) -> ArmError:
    """A body that ARM cannot read (documented beginning, the inner sentence differs by reader)."""
    return ArmError(
        400,
        "InvalidRequestContent",
        f"The request content was invalid and could not be deserialized: '{why}'.",
    )


def invalid_parameter(message: str, target: str | None = None) -> ArmError:
    """A property whose value the service refuses."""
    return ArmError(400, "InvalidParameter", message, target=target)


def conflict(code: str, message: str) -> ArmError:
    """A state that forbids the request."""
    return ArmError(409, code, message)


def internal_error() -> ArmError:
    """Our own fault; the traceback is in the server's log (documented code and text of compute)."""
    return ArmError(
        500, "InternalOperationError", "An internal execution error occurred. Please retry later."
    )


def precondition_failed(rid: ResourceId) -> ArmError:
    """An If-Match or If-None-Match that does not hold (assumed text)."""
    return ArmError(
        412, "PreconditionFailed", f"Precondition failed. The ETag of resource {rid.text} does not match."
    )
