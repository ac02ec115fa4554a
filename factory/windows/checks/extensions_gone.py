"""See `extensions_gone`."""

from collections.abc import Iterator
from typing import Any

from factory.guest.units import Stage
from factory.windows.probe import windows_check

RUN_COMMAND = "Microsoft.CPlat.Core.RunCommand"
"""The factory's own way in; its traces are removed by the last script before the gate."""


@windows_check(
    Stage.BEFORE_GENERALIZE,
    __file__,
    remedy="delete the VM's extensions on the source and wait until they are gone",
)
def extensions_gone(answer: dict[str, Any]) -> Iterator[str]:
    """No VM extension is installed.

    Extensions must be removed before Sysprep (documented): they keep the identity of the machine that they
    were installed on, and monitoring or login agents then act in its name.
    """
    for name in sorted({*answer["handlers"], *answer["plugins"]}):
        if not name.startswith(RUN_COMMAND):
            yield f"the extension {name} is installed"
