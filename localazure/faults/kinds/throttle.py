"""Too many requests: 429, and nothing was done.

Compute answers `OperationNotAllowed` and hides `TooManyRequests` with the group of operations in `details`
(documented: troubleshooting-throttling-errors); the Resource Manager itself answers
`SubscriptionRequestsThrottled` (seen: azure-docs#105248). Both show the exhausted limit in their
`x-ms-ratelimit-remaining-…` header. `retry_after` gives `Retry-After` (`x-ms-retry-after-ms` below a
second); without it there is none, as Azure leaves it out now and then.
"""

from __future__ import annotations

import json
import math
from datetime import timedelta

from localazure.arm.calls import Call
from localazure.arm.clock import stamp
from localazure.arm.errors import ArmError
from localazure.arm.limits import group_of
from localazure.faults.fault import Fault
from localazure.faults.kind import before


@before
def throttle(fault: Fault, call: Call) -> None:
    """Refuse."""
    raise _of_compute(fault, call) if "/microsoft.compute/" in call.url_path.lower() else _of_arm(fault, call)


def _of_compute(fault: Fault, call: Call) -> ArmError:
    group, allowed = group_of(call.method, call.url_path)
    now = call.world.clock.now()
    measured = {
        "operationGroup": group,
        "startTime": stamp(now - timedelta(minutes=3)),
        "endTime": stamp(now),
        "allowedRequestCount": allowed,
        "measuredRequestCount": allowed + 1,
    }
    return ArmError(
        429,
        "OperationNotAllowed",
        "The server rejected the request because too many requests have been received for this subscription.",
        details=[{"code": "TooManyRequests", "target": group, "message": json.dumps(measured)}],
        headers=_retry(fault) | {"x-ms-ratelimit-remaining-resource": f"Microsoft.Compute/{group}3Min;0"},
    )


def _of_arm(fault: Fault, call: Call) -> ArmError:
    subscription = call.world.config.subscription
    kind = {"GET": "reads", "DELETE": "deletes"}.get(call.method, "writes")
    seconds = math.ceil(fault.retry_after or 6)
    shape = "/".join(part for part in call.url_path.upper().split("/")[:-1] if part)
    return ArmError(
        429,
        "SubscriptionRequestsThrottled",
        f"Number of requests for subscription '{subscription}' and operation '{call.method}/{shape}' "
        f"exceeded the backend storage limit. Please try again after '{seconds}' seconds.",
        headers=_retry(fault) | {f"x-ms-ratelimit-remaining-subscription-{kind}": "0"},
    )


def _retry(fault: Fault) -> dict[str, str]:
    if fault.retry_after is None:
        return {}
    if fault.retry_after >= 1:
        return {"Retry-After": str(int(fault.retry_after))}
    return {"x-ms-retry-after-ms": str(int(fault.retry_after * 1000))}
