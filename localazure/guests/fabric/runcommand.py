"""Run Command as an extension of our own: the package that the agent downloads and runs.

The goal is Azure's: public settings `source.script`, `parameters` and `timeoutInSeconds`, protected settings
`protectedParameters`; the result is reported as Azure's handler does, as JSON in the status message.
"""

from __future__ import annotations

import io
import json
import zipfile
from functools import cache
from importlib import resources

HANDLER = "Microsoft.CPlat.Core.RunCommandHandlerLinux"
VERSION = "1.0.0"
_ENTRY, _NOTHING = "bin/handler.py", "bin/nothing"
"""What has nothing to do starts no Python: that takes an emulated processor two seconds."""

MANIFEST = [
    {
        "version": 1.0,
        "handlerManifest": {
            "installCommand": f"{_NOTHING} install",
            "enableCommand": f"{_ENTRY} enable",
            "updateCommand": f"{_NOTHING} update",
            "disableCommand": f"{_NOTHING} disable",
            "uninstallCommand": f"{_NOTHING} uninstall",
            "rebootAfterInstall": False,
            "reportHeartbeat": False,
            "supportsMultipleExtensions": True,
        },
    }
]


@cache
def package() -> bytes:
    """Pack the extension."""
    handler = resources.files(__package__).joinpath("run_command_handler.py").read_bytes()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("HandlerManifest.json", json.dumps(MANIFEST))
        archive.writestr(_ENTRY, handler)
        archive.writestr(_NOTHING, "#!/bin/sh\n")
    return packed.getvalue()
