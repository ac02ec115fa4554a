"""What an extension resource hangs on: a group, a resource (or, for locks, the subscription)."""

from __future__ import annotations

from localazure.arm import gate
from localazure.arm.calls import Call
from localazure.arm.errors import ArmError, group_not_found, not_found
from localazure.arm.ids import ResourceId
from localazure.arm.store import Document


def scope_id(call: Call) -> ResourceId:
    """The scope of the call's path, in its creator's casing; it must be of our subscription."""
    text = call.path["scope"]
    try:
        rid = ResourceId.parse(text)
    except ValueError:
        raise ArmError(400, "InvalidScope", f"The scope '{text}' is not valid.") from None
    gate.check_subscription(call.world, rid.subscription)
    if rid.group is not None and (group := rid.group_id) is not None and group not in call.world.store:
        raise group_not_found(rid.group)
    return call.world.settled(rid)


def scoped(call: Call) -> tuple[ResourceId, Document]:
    """The scope with its document, which must exist."""
    rid = scope_id(call)
    doc = call.world.store.get(rid)
    if doc is None:
        raise not_found(rid)
    return rid, doc
