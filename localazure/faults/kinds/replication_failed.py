"""A gallery version is whole at home and cannot be copied to one region.

The operation ends as failed with the text seen in azure-cli#15539 (its code is assumed), the version is
Failed, `replicationStatus.aggregatedState` is Failed and names the state of each region: `data.region`, or
the last target region that is not the version's home. Where there is no other region nothing fails. Set it
on PUT or PATCH of `Microsoft.Compute/galleries/images/versions`.
"""

from __future__ import annotations

from localazure.arm.envelope import normal_location
from localazure.arm.errors import ArmError
from localazure.arm.ids import ResourceId
from localazure.arm.world import World
from localazure.faults.fault import Fault
from localazure.faults.kind import at

_DETAIL = "Failed with internal server error."


@at("replicate")
async def replication_failed(fault: Fault, world: World, rid: ResourceId) -> None:
    """Fail in one region."""
    doc = world.store.get(rid)
    if doc is None:
        return
    targets = [
        normal_location(one["name"]) for one in doc["properties"]["publishingProfile"]["targetRegions"]
    ]
    away = [region for region in targets if region != doc["location"]]
    region = normal_location(str(fault.data["region"])) if "region" in fault.data else (away or [""])[-1]
    if region not in away:
        return
    doc["_failed_regions"] = {region: _DETAIL}
    world.store.put(doc)
    raise ArmError(
        409,
        "GalleryReplicationJobsFailed",
        "Gallery replication jobs failed in one or more regions. The failing regions' details are "
        f"as follows: '{{region:{region}, detail:{_DETAIL}}}'. If retry does not work, then please do an "
        "update by removing the failed regions and update again by adding them back.",
    )
