"""The access token has run out before its time: 401 `ExpiredAuthenticationToken`, for this token from now on.

What a client sees whose clock is late, or whose token was revoked (documented code and text). A newer token
of the same client is good: whoever asks for one goes on.
"""

from __future__ import annotations

from datetime import timedelta

from localazure.arm.calls import Call
from localazure.arm.errors import ArmError
from localazure.faults.fault import Fault
from localazure.faults.kind import before, watch

_FORMAT = "%m/%d/%Y %I:%M:%S %p"


@before
def token_expired(fault: Fault, call: Call) -> None:
    """Refuse, and remember the token."""
    fault.memory.setdefault("tokens", []).append(call.caller.get("uti"))
    watch_for_it(fault, call)


@watch
def watch_for_it(fault: Fault, call: Call) -> None:
    """Refuse a token that was refused."""
    if call.caller.get("uti") in fault.memory.get("tokens", []):
        raise _refusal(call)


def _refusal(call: Call) -> ArmError:
    now = call.world.clock.now()
    message = (
        f"The access token expiry UTC time '{now - timedelta(seconds=1):{_FORMAT}}' is earlier than current "
        f"UTC time '{now:{_FORMAT}}'."
    )
    challenge = (
        f'Bearer authorization_uri="{call.world.config.endpoint}/{call.world.config.tenant}", '
        f'error="invalid_token", error_description="{message}"'
    )
    return ArmError(401, "ExpiredAuthenticationToken", message, headers={"WWW-Authenticate": challenge})
