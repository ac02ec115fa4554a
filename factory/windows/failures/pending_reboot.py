"""An update waits for a restart."""

from factory.windows.failure import Failure

FAILURE = Failure(
    signature=r"There are one or more Windows updates that require a reboot",
    cause="Windows updates wait for a restart (spopk.dll)",
    remedy="add a step with reboot: true to the recipe, or restart the source",
    source="documented",
    citation=(
        ""
        "https://learn.microsoft.com/windows-hardware/manufacture/desktop/sysprep--generalize--a-windows-installation"
    ),
)
