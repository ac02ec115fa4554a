"""The activation cannot be reset any more.

The number of resets is limited for one installation; each Sysprep takes one.
"""

from factory.windows.failure import Failure

FAILURE = Failure(
    signature=r"slc\.dll,\s?SLReArmWindows|hr = 0xc004d307",
    cause="the activation of this installation was reset too often (slc.dll, SLReArmWindows)",
    remedy=(
        "build from a machine that was generalized less often; as a stopgap set SkipRearm in an "
        "answer file for Sysprep"
    ),
    source="documented",
    citation="MicrosoftDocs/SupportArticles-docs, support/windows-client: KB929828",
)
