"""Sysprep: what it does to a machine, how long it takes, what it writes, and how it fails.

Its way is that of the public logs: validation of all providers (a failure here changes nothing), clean-up,
generalization (from here on the image state is UNDEPLOYABLE until the end). A process that is killed on the
way leaves the machine half-way, which the next run refuses.
"""

from __future__ import annotations

from dataclasses import dataclass

from localazure.guests.windows.failures import STAGES, Blow, Line, Stage, failures, provoke
from localazure.guests.windows.failures.rearm_exhausted import skips
from localazure.guests.windows.machine.baseline import GENERALIZED, SYSPREP_STATUS, UNDEPLOYABLE
from localazure.guests.windows.machine.files import DiskFullError
from localazure.guests.windows.machine.machine import Machine
from localazure.guests.windows.machine.process import Process
from localazure.guests.windows.powershell.errors import KilledError

FOLDER = r"C:\Windows\System32\Sysprep"
TAG = FOLDER + r"\Sysprep_succeeded.tag"
SECONDS: dict[Stage, float] = {"validate": 20, "cleanup": 30, "generalize": 100}
"""Of model time; a run on a small VM takes two to three minutes (assumed, from times in public logs)."""
_PROVIDERS: dict[Stage, tuple[str, ...]] = {
    "validate": (
        "AppxSysprep.dll,SysprepGeneralizeValidate",
        "BdeSysprep.dll,ValidateBitLockerState",
        "spopk.dll,Sysprep_Clean_Validate_Opk",
        "sppnp.dll,Sysprep_Validate_Pnp",
        "vmmprep.dll,VmPrep_Validate",
    ),
    "cleanup": (
        "spopk.dll,Sysprep_Clean_Opk",
        "wuaueng.dll,CleanupWU",
        "DscCore.dll,SysPrep_Cleanup",
        "cscsvc.dll,Cleanup_CSC",
        "dfsrsysprep.dll,Sysprep_Cleanup",
    ),
    "generalize": (
        "capisp.dll,CryptoSysPrep_Clean",
        "sppnp.dll,Sysprep_Generalize_Pnp",
        "msdtcprx.dll,SysPrepDtcGeneralize",
        "netcfgx.dll,NetSetupSysprep",
        "slc.dll,SLReArmWindows",
    ),
}


@dataclass(frozen=True)
class Options:
    """The command line."""

    generalize: bool
    oobe: bool
    then: str
    """quit, shutdown or reboot."""
    vm_mode: bool = False
    unattend: str | None = None


class Log:
    """setupact.log and setuperr.log, which each run goes on."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    def write(self, line: Line) -> None:
        """Write a line, with its time."""
        text = f"{self._machine.clock.now():%Y-%m-%d %H:%M:%S}, {line.level:<28}{line.text}\r\n"
        files = self._machine.files
        names = ("setupact.log",) if line.level == "Info" else ("setupact.log", "setuperr.log")
        with self._machine.lock:
            files.make_directory(f"{FOLDER}\\Panther")
            for name in names:
                try:
                    files.write_text(f"{FOLDER}\\Panther\\{name}", text, append=True)
                except DiskFullError:
                    continue

    def info(self, text: str) -> None:
        """Write what goes on."""
        self.write(Line("Info", f"SYSPRP {text}"))


def run(machine: Machine, process: Process, options: Options) -> int:
    """Do all of it; the exit status is Sysprep's."""
    while machine.at_sysprep:
        provoke(machine, machine.at_sysprep.pop(0))
    log = Log(machine)
    log.info("========================================================")
    log.info("===          Beginning of a new sysprep run          ===")
    log.info("========================================================")
    log.write(Line("Info", f"[0x0f004d] SYSPRP The time is now {machine.clock.now():%Y-%m-%d %H:%M:%S}"))
    log.info(f"Initialized SysPrep log at {FOLDER}\\Panther")
    log.info(
        f"ValidatePrivileges:User has required privileges to sysprep machine ({process.token.name(machine.computer_name)})"
    )
    log.info(
        f"ParseCommands:Found supported command line option '{'GENERALIZE' if options.generalize else 'OOBE'}'"
    )
    if not process.token.elevated:
        log.write(
            Line(
                "Error",
                "[0x0f0058] SYSPRP ValidatePrivileges:User does not have the privileges to run sysprep",
            )
        )
        return 5
    for stage in STAGES if options.generalize else STAGES[:2]:
        blow = _stage(machine, process, log, stage)  # a Sysprep that is killed here puts nothing back
        if blow is not None:
            return _fails(machine, process, log, blow)
    _finish(machine, process, options, log)
    return 0


def _stage(machine: Machine, process: Process, log: Log, stage: Stage) -> Blow | None:
    """Go through a stage's providers; the blow of the first failure whose state is there."""
    if stage == "generalize":
        machine.registry.set(SYSPREP_STATUS, "GeneralizationState", 3)
        machine.set_image_state(UNDEPLOYABLE)
    blow: Blow | None = None
    for failure in failures().values():
        if failure.stage == stage and blow is None:
            blow = failure.strike(machine)
    providers = _PROVIDERS[stage]
    for index, provider in enumerate(providers):
        if machine.clock.sleep(SECONDS[stage] / len(providers), process.killed):
            raise KilledError
        if blow is not None and index >= 1:
            return blow
        log.info(
            f"ActionPlatform::LaunchModule: Executing method '{provider.partition(',')[2]}' from C:\\Windows\\System32\\{provider.partition(',')[0]}"
        )
    log.info(
        f"SysprepSession::{'Validate' if stage == 'validate' else 'Execute'}: Succeeded for stage {stage}"
    )
    return None


def _fails(machine: Machine, process: Process, log: Log, blow: Blow) -> int:
    for line in blow.lines:
        log.write(line)
    if blow.restarts:
        machine.reboot_wanted.set()
        machine.listeners_changed()
    if blow.hangs or blow.restarts:
        while not machine.clock.sleep(60, process.killed):
            pass
        raise KilledError
    log.write(
        Line(
            "Error",
            "[0x0f00ae] SYSPRP WinMain:Hit failure while processing sysprep; the exit status is not zero",
        )
    )
    return blow.status


def _finish(machine: Machine, process: Process, options: Options, log: Log) -> None:
    if options.generalize:
        with machine.lock:
            _generalize(machine, process)
        log.info("RunExternalDlls: Successfully executed all generalize providers")
    machine.set_image_state(GENERALIZED if options.generalize else "IMAGE_STATE_SPECIALIZE_RESEAL_TO_OOBE")
    log.info(f"FCreateTagFile:Tag file {TAG}")
    machine.files.write_bytes(TAG, b"")
    log.write(Line("Info", f"[0x0f0052] SYSPRP Shutting down SysPrep log ({options.then})"))
    if options.then == "shutdown":
        machine.off.set()
    elif options.then == "reboot":
        machine.reboot_wanted.set()
    if options.then != "quit":
        machine.listeners_changed()


def _generalize(machine: Machine, process: Process) -> None:
    """Take away what makes this machine this machine."""
    document = machine.document
    document["machine_sid_blank"] = True  # what runs keeps its SID to the end; the next start makes a new one
    document["generalized_by"] = process.token.user
    document["domain"] = None
    if not skips(machine):
        document["licensing"]["rearms"] -= 1
    document["licensing"]["activated"] = False
    machine.registry.set(r"HKLM\SOFTWARE\Microsoft\Cryptography", "MachineGuid", "")
    machine.registry.set(SYSPREP_STATUS, "GeneralizationState", 7)
    machine.registry.set(SYSPREP_STATUS, "CleanupState", 2)
    for account in machine.users.all.values():
        if account["rid"] == 500:
            document["administrator_before"] = account["name"]
    machine.files.make_directory(r"C:\Windows\System32\winevt\Logs")


def note_answers(machine: Machine, path: str | None) -> None:
    """Take SkipRearm from an answer file."""
    if path is not None and machine.files.is_file(path):
        machine.document["sysprep_skip_rearm"] = "<SkipRearm>1<" in machine.files.read_text(path).replace(
            " ", ""
        )
