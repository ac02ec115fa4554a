"""The clean-up of Desired State Configuration fails.

DscCore.dll looks for files that are not there, most often after its extension was removed by hand.
"""

from factory.windows.failure import Failure

FAILURE = Failure(
    signature=r"DscCore\.dll,SysPrep_Cleanup",
    cause="the clean-up of Desired State Configuration failed (DscCore.dll, SysPrep_Cleanup)",
    remedy=(
        "remove the DSC extension through Azure, and what is left under "
        "C:\\Windows\\System32\\Configuration; then restart"
    ),
    source="from a public log",
    citation=(
        "https://github.com/MicrosoftDocs/azure-docs/issues/43893, "
        "https://github.com/MicrosoftDocs/azure-docs/issues/80346"
    ),
)
