"""Failures of the guests' host, as ARM would report its own."""

from __future__ import annotations

from localazure.arm.errors import ArmError
from localazure.guests.base import GuestError


def host_failed(error: GuestError) -> ArmError:
    """Azure's general failure, with our cause beneath it so that nobody searches in vain."""
    return ArmError(
        500,
        "InternalOperationError",
        "An internal execution error occurred. Please retry later.",
        details=[{"code": "GuestHost", "message": str(error)}],
    )
