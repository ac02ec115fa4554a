"""Reserved storage is in use by an update or servicing operation."""

from factory.windows.failure import Failure

FAILURE = Failure(
    signature=(
        r"Audit mode can(?:not|'t) be turned on if (?:reserved storage is in use|there is an active "
        r"scenario)"
    ),
    cause="an update or servicing operation uses reserved storage (spopk.dll, 0x800F0975)",
    remedy="install all updates and restart until none is left (upgrade_packages: true), then run again",
    source="documented",
    citation=(
        "MicrosoftDocs/SupportArticles-docs, support/windows-client: Sysprep fails when reserved "
        "storage is in use"
    ),
)
