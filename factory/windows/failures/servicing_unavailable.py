"""Sysprep cannot ask Windows' servicing whether something is pending.

The servicing stack does not answer, most often because it is busy with an update of its own.
"""

from factory.windows.failure import Failure

FAILURE = Failure(
    signature=r"Failed to query pending CBS operations; hr = (?P<code>0x[0-9a-fA-F]+)",
    cause="Windows' servicing did not answer whether updates are pending (spopk.dll, {code})",
    remedy="let TrustedInstaller and TiWorker come to their end, restart the machine, and run again",
    source="from a public log",
    citation="https://github.com/GoogleCloudPlatform/compute-image-windows/issues/156",
)
