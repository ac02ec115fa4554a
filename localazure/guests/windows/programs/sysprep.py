"""sysprep.exe: a windowed program; PowerShell does not wait for it unless its output goes somewhere."""

from __future__ import annotations

from localazure.guests.windows.machine import sysprep as model
from localazure.guests.windows.powershell.gaps import ModelGap
from localazure.guests.windows.programs import Run, program


@program("sysprep", windowed=True)
def sysprep(run: Run) -> int:
    """Read the command line, and run."""
    flags: dict[str, str] = {}
    for word in run.arguments:
        name, _, value = word.lstrip("/-").partition(":")
        flags[name.lower()] = value
    if odd := set(flags) - {
        "oobe",
        "audit",
        "generalize",
        "quiet",
        "quit",
        "shutdown",
        "reboot",
        "mode",
        "unattend",
    }:
        raise ModelGap(f"the option /{odd.pop()} of sysprep.exe")
    if "audit" in flags or ("oobe" not in flags and "generalize" not in flags):
        raise ModelGap("sysprep.exe without /oobe")
    then = next((one for one in ("quit", "shutdown", "reboot") if one in flags), "shutdown")
    model.note_answers(run.machine, flags.get("unattend") or None)
    options = model.Options(
        "generalize" in flags, "oobe" in flags, then, "mode" in flags, flags.get("unattend") or None
    )
    return model.run(run.machine, run.process, options)
