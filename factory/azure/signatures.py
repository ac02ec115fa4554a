"""Read access to the content of a snapshot or of a disk of a restore point, by a signature (SAS).

Who has the address has the disk's content, so it is lent for the length of a context, and taken back at its
end whatever happens. It is never logged or kept. What a killed process had out runs out by itself.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from azure.mgmt.compute import models

from factory.azure.asking import ask
from factory.azure.client import Azure
from factory.azure.ids import ArmId
from factory.errors import AzureError, AzureFault, FactoryError

_Verb = Callable[..., Any]  # Any: begin_* methods of two operation groups


@asynccontextmanager
async def lend_content(
    azure: Azure, source_id: str, *, lasts: timedelta, deadline: timedelta
) -> AsyncIterator[str]:
    """The address under which the content is a page blob, a fixed VHD; good for `lasts` at the longest.

    Granting and taking back are each bounded by `deadline`. Both are asked again where an answer was lost: a
    look would not tell the signature, and Azure gives the one that is out again. Raises `NotFound`, `Busy`,
    `AuthorizationFailed`, `OperationTimedOut`.
    """
    try:
        address = await _grant(azure, source_id, lasts, deadline)
        yield address
    except BaseException as error:
        try:
            await _take_back(azure, source_id, deadline)
        except FactoryError as late:
            error.add_note(f"and the read access was not taken back: {late.message}")
        raise
    await _take_back(azure, source_id, deadline)


async def _grant(azure: Azure, source_id: str, lasts: timedelta, deadline: timedelta) -> str:
    rid, what = ArmId.parse(source_id), f"get read access to {ArmId.parse(source_id).name}"
    begin, _ = _verbs(azure, rid)
    wanted = models.GrantAccessData(access="Read", duration_in_seconds=int(lasts.total_seconds()))
    granted = await _carry_out(azure, what, begin, (rid.group, *rid.names, wanted), deadline)
    if not granted.access_sas:
        raise AzureError(what, AzureFault(text="Azure gave no address"))
    return str(granted.access_sas)


async def _take_back(azure: Azure, source_id: str, deadline: timedelta) -> None:
    rid = ArmId.parse(source_id)
    _, end = _verbs(azure, rid)
    await _carry_out(azure, f"take read access to {rid.name} back", end, (rid.group, *rid.names), deadline)


async def _carry_out(azure: Azure, what: str, verb: _Verb, args: tuple[Any, ...], deadline: timedelta) -> Any:
    """Ask until there is an answer, and wait for the end; the deadline is for both."""
    ends = azure.clock.monotonic() + deadline.total_seconds()
    operation = await ask(azure, lambda: azure.begin(what, verb, *args), _cannot_be_seen, deadline=deadline)
    assert operation is not None  # noqa: S101 - only where a look shows that it is done
    left = timedelta(seconds=max(0.0, ends - azure.clock.monotonic()))
    return await azure.wait(operation, deadline=left)


async def _cannot_be_seen() -> bool:
    return False


def _verbs(azure: Azure, rid: ArmId) -> tuple[_Verb, _Verb]:
    if rid.types[-1].lower() == "diskrestorepoints":
        points = azure.compute.disk_restore_point
        return points.begin_grant_access, points.begin_revoke_access
    return azure.compute.snapshots.begin_grant_access, azure.compute.snapshots.begin_revoke_access
