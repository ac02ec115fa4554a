"""An earlier Sysprep failed half-way, and a second one is refused.

Microsoft's design: an image in an unknown state must not be deployed.
"""

from factory.windows.failure import Failure

FAILURE = Failure(
    signature=r"Not running DLLs; either the machine is in an invalid state",
    cause="an earlier Sysprep on this installation stopped half-way, so it refuses to run again (dwRet 31)",
    remedy=(
        "take a source from before that run, for example its backup; editing the registry hides the "
        "state and repairs nothing"
    ),
    source="documented",
    citation=(
        "MicrosoftDocs/SupportArticles-docs, support/windows-client: a fatal error occurred while "
        "trying to Sysprep the machine (dwRet = 31)"
    ),
)
