"""The transaction coordinator cannot be generalized.

Its service was removed, or is left from a Sysprep that failed.
"""

from factory.windows.failure import Failure

FAILURE = Failure(
    signature=r"msdtcprx\.dll,SysPrepDtc(?:Generalize|Cleanup)'?",
    cause="the transaction coordinator cannot be generalized (msdtcprx.dll)",
    remedy=(
        "msdtc -install on the source, service to Manual, SysprepInProgress under "
        "HKLM\\SOFTWARE\\Microsoft\\MSDTC to 0 (mend: enable_msdtc)"
    ),
    source="documented",
    citation="Microsoft's blog on distributed services: MSDTC and the value SysprepInProgress",
)
