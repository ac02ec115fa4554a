"""Windows Update's COM objects. (The search, the download, the installation.)"""

from __future__ import annotations

from typing import TYPE_CHECKING

from localazure.guests.windows.powershell.gaps import ModelGap
from localazure.guests.windows.powershell.values import Value

if TYPE_CHECKING:
    from localazure.guests.windows.powershell.shell import Shell


def com_object(shell: Shell, name: str) -> Value:
    """Make a COM object by its name."""
    raise ModelGap(f"the COM class {name}")
