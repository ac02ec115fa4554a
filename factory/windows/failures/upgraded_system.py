"""The system was upgraded in place."""

from factory.windows.failure import Failure

FAILURE = Failure(
    signature=r"spopk\.dll::? ?Sysprep will not run on an upgraded OS",
    cause="Windows was upgraded in place, and Sysprep does not run on an upgraded system",
    remedy="build from a system that was installed anew",
    source="documented",
    citation="https://support.microsoft.com/kb/828287 (unsupported Sysprep scenarios)",
)
