# ruff: noqa: N818  A name says what happened (NotFound, Throttled); the suffix would be on all or none of them.
"""What can go wrong, as types: each says what and where, carries its parts, and names the remedy if any.

Azure's errors are told apart by `error.code`, never by HTTP status: a failed long-running operation arrives
with status 200, and a VM in the wrong state with the 409 of a name clash. The table is `azure/errors.py`.

Errors cross process borders (a Prefect worker stores the failure of a task), so all of them can be pickled.
"""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar


class FactoryError(Exception):
    """Anything the factory reports to its user. `str()` is the message, then the remedy on its own line."""

    transient: ClassVar[bool] = False
    """True where the same call may succeed later without anybody changing anything."""

    def __init__(self, message: str, *, remedy: str | None = None, cause_code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.cause_code = cause_code

    def __str__(self) -> str:
        return f"{self.message}\nRemedy: {self.remedy}" if self.remedy else self.message

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.args, self.__dict__)


def _rebuild(kind: type[FactoryError], args: tuple[object, ...], state: dict[str, object]) -> FactoryError:
    """Unpickle without calling `__init__`, whose parameters differ from class to class."""
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(state)
    return error


class InvalidInput(FactoryError):
    """A parameter that no call to Azure could make sense of: found before the first call."""


class RecipeError(InvalidInput):
    """The recipe is not one: `source` is the file, `where` the path to the field (`verify.size`)."""

    def __init__(
        self,
        message: str,
        *,
        source: Path | str | None = None,
        where: str | None = None,
        remedy: str | None = None,
    ) -> None:
        place = ": ".join(str(part) for part in (source, where) if part)
        super().__init__(f"{place}: {message}" if place else message, remedy=remedy)
        self.source, self.where = source, where


class NotConfigured(InvalidInput):
    """No subscription or credential could be found in the environment."""


# --- Azure


@dataclass(frozen=True)
class AzureFault:
    """What Azure answered, beside the sentence: ids for a support ticket, and every nested code in order."""

    code: str | None = None
    status: int | None = None
    text: str = ""
    target: str | None = None
    codes: tuple[str, ...] = ()
    request_id: str | None = None
    correlation_id: str | None = None
    client_request_id: str | None = None
    retry_after: float | None = None


class AzureError(FactoryError):
    """Azure refused or failed. `what` is the factory's action ("create VM x"), `code` Azure's `error.code`.

    For a failed long-running operation `status` is 200: decide by class or `code`.
    """

    default_remedy: ClassVar[str | None] = None

    def __init__(self, what: str, fault: AzureFault | None = None, *, remedy: str | None = None) -> None:
        fault = fault or AzureFault()
        told = ": ".join(part for part in (fault.code, fault.text) if part) or f"HTTP status {fault.status}"
        super().__init__(
            f"cannot {what}: {told}", remedy=remedy or self.default_remedy, cause_code=fault.code
        )
        self.what = what
        self.fault = fault

    @property
    def code(self) -> str | None:
        """Azure's `error.code`, the one that decided the class."""
        return self.fault.code

    @property
    def status(self) -> int | None:
        """The HTTP status of the answer; 200 for a long-running operation that failed."""
        return self.fault.status

    @property
    def request_id(self) -> str | None:
        """`x-ms-request-id`: what Azure's support asks for."""
        return self.fault.request_id

    @property
    def retry_after(self) -> float | None:
        """Seconds that Azure asked to wait, where it did."""
        return self.fault.retry_after


class NotFound(AzureError):
    """The resource, its group or its image does not exist."""


class Conflict(AzureError):
    """The resource is there, and is not in a state that allows this."""


class Busy(Conflict):
    """Another operation on this resource, or one that it depends on, is still under way."""

    transient = True


class OperationNotAllowed(Conflict):
    """The VM's state forbids the operation: running, deallocated, generalized, marked for deletion."""


class InUse(Conflict):
    """The resource cannot be deleted while another one hangs on it."""


class ScopeLocked(Conflict):
    """A management lock forbids the change."""

    default_remedy = "remove the lock named in the message, or use a resource group without one"


class PreconditionFailed(Conflict):
    """Somebody else changed the resource between reading and writing it."""

    transient = True


class InvalidRequest(AzureError):
    """Azure understood the request and found it wrong: a parameter, a combination, an unsupported feature."""


class MarketplaceTermsOrPlan(InvalidRequest):
    """A marketplace image was used without its plan, or its terms are not accepted in this subscription."""

    default_remedy = (
        "accept the terms once (az vm image terms accept --urn PUBLISHER:OFFER:SKU:VERSION) "
        "and keep the plan on every VM and image definition made from it"
    )


class QuotaExceeded(AzureError):
    """The subscription's quota (cores, VM family, disks, snapshots) is used up in this region."""

    default_remedy = (
        "ask for more quota, choose another size or region, or delete what is left of earlier runs"
    )


class SkuNotAvailable(AzureError):
    """The VM size is not offered to this subscription in this location or zone."""

    default_remedy = "choose another size, zone or location (az vm list-skus --location LOCATION --size SIZE)"


class AllocationFailed(AzureError):
    """Azure has no free hardware of this size there at the moment."""

    transient = True
    default_remedy = "try again later, or choose another size, zone or location"


class Throttled(AzureError):
    """Too many requests; `retry_after` says when to come back (seconds), if Azure said so."""

    transient = True
    default_remedy = (
        "let fewer runs of this subscription go at once; the factory waits as long as Azure asks it to"
    )


class PolicyDenied(AzureError):
    """An Azure Policy assignment refused the resource."""

    default_remedy = (
        "ask the owner of the policy named in the message for an exemption, or add what it demands"
    )


class AuthenticationFailed(AzureError):
    """No token, or one that Azure does not accept."""


class AuthorizationFailed(AzureError):
    """Known, but not allowed: a role assignment is missing."""

    default_remedy = (
        "assign the factory's role on the scope named in the message; "
        "a new assignment takes some minutes to be seen"
    )


class ProvisioningFailed(AzureError):
    """The resource was accepted and then could not be made."""


class ProvisioningTimedOut(ProvisioningFailed):
    """The guest did not report itself provisioned in time (OSProvisioningTimedOut)."""

    default_remedy = (
        "read the VM's serial log: most often the image was not generalized, or its agent does not start"
    )


class ExtensionFailed(ProvisioningFailed):
    """A VM extension, or the agent that should run it, failed."""


class CopyFailed(ProvisioningFailed):
    """The background copy of a snapshot or restore point ended in an error."""


class ReplicationFailed(ProvisioningFailed):
    """A gallery version could not be copied to one region or more; it is whole in the others."""

    default_remedy = (
        "update the version again; if that does not help, take the failed regions out of the recipe, "
        "run, and put them back"
    )


class OperationCanceled(AzureError):
    """The long-running operation was canceled: by somebody else, or by a newer one."""

    default_remedy = "look in the activity log who or what stopped it, then run again"


class ServiceFailed(AzureError):
    """Azure itself failed (5xx)."""

    transient = True
    default_remedy = "try again: Azure calls it its own fault; if it stays, give its support the request ID"


class NotImplementedByService(AzureError):
    """The service does not know this operation (501): a local Azure that has not grown it yet."""


class AzureUnreachable(AzureError):
    """No answer from the endpoint: name resolution, connection, TLS or time-out."""

    transient = True


class OperationTimedOut(AzureError):
    """A wait reached its deadline. The operation itself may go on: `token` resumes it where it has one.

    `last_state` is the last status seen, `last_error` what made the last look fail, if it failed.
    """

    def __init__(
        self,
        what: str,
        deadline: timedelta,
        last_state: str | None,
        *,
        token: str | None = None,
        last_error: str | None = None,
        remedy: str | None = None,
    ) -> None:
        seen = f"last state seen: {last_state or 'none'}" + (
            f"; last error: {last_error}" if last_error else ""
        )
        super().__init__(
            what, AzureFault(text=f"not finished within {spell_duration(deadline)} ({seen})"), remedy=remedy
        )
        self.deadline, self.last_state, self.token, self.last_error = deadline, last_state, token, last_error


class OutputTruncated(AzureError):
    """Azure keeps the last 4096 bytes of a Run Command's output, and this one reached that."""


# --- Guests


class GuestError(FactoryError):
    """Something went wrong between the factory and a guest; `host` is its address."""

    def __init__(self, host: str, message: str, *, remedy: str | None = None) -> None:
        super().__init__(f"{host}: {message}", remedy=remedy)
        self.host = host


class RemoteError(GuestError):
    """A command ran in the guest and failed; its `status` is `None` where it was ended before it had one."""

    def __init__(
        self, host: str, command: str, status: int | None, stderr: str, *, remedy: str | None = None
    ) -> None:
        last_line = stderr.strip().splitlines()[-1:] or ["no message"]
        ended = "did not end" if status is None else f"exited {status}"
        super().__init__(host, f"{command!r} {ended}: {last_line[0]}", remedy=remedy)
        self.command, self.status, self.stderr = command, status, stderr


class Unreachable(GuestError):
    """The guest cannot be reached: no route, no answer, or the connection broke."""

    transient = True


class ConnectionRefused(Unreachable):
    """The guest is there and nothing listens on the port (yet)."""


class ConnectionLost(Unreachable):
    """The connection broke while `command` ran, whose end is therefore not known."""

    def __init__(self, host: str, command: str, reason: str, *, remedy: str | None = None) -> None:
        super().__init__(host, f"connection lost during {command!r}: {reason}", remedy=remedy)
        self.command, self.reason = command, reason


class LoginRefused(GuestError):
    """The guest answers and refuses the user's key or password."""


class HostKeyMismatch(GuestError):
    """The guest shows another host key than the one read from the machine itself: never added or ignored."""

    def __init__(self, host: str, expected: str, found: str) -> None:
        super().__init__(
            host,
            f"the SSH host key is {found}, not {expected} as read from the machine through Azure",
            remedy="make sure that nothing else answers at this address; no unknown key is ever accepted",
        )
        self.expected, self.found = expected, found


class DeadlineExceeded(GuestError):
    """A command or a wait in the guest outlived its deadline and was cut."""

    def __init__(
        self,
        host: str,
        what: str,
        seconds: float,
        *,
        last_state: str | None = None,
        remedy: str | None = None,
    ) -> None:
        seen = f"; last seen: {last_state}" if last_state else ""
        span = spell_duration(timedelta(seconds=seconds))
        super().__init__(host, f"{what} did not end within {span}{seen}", remedy=remedy)
        self.what, self.seconds, self.last_state = what, seconds, last_state


def spell_duration(span: timedelta) -> str:
    """Return a span as people say it: `90 s`, `20 min`, `1 h 30 min`."""
    seconds = span.total_seconds()
    if seconds < 120:
        return f"{seconds:g} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [(hours, "h"), (minutes, "min"), (rest, "s")]
    return " ".join(f"{count} {unit}" for count, unit in parts if count)


# --- Runs


def _summary(findings: list[str]) -> str:
    """One sentence; the rest is in the error's `findings`."""
    others = len(findings) - 1
    return findings[0] + (f" (and {others} more)" if others > 0 else "")


def _last_lines(log: str, lines: int = 8) -> str:
    """As much of a log as a message can carry; the whole is in the error's attribute."""
    return "\n".join(f"  {line}" for line in log.rstrip().splitlines()[-lines:])


class PreflightFailed(InvalidInput):
    """The recipe cannot be carried out; `findings` are all the reasons, found before anything was made."""

    def __init__(self, recipe: str, findings: list[str], *, remedy: str | None = None) -> None:
        super().__init__(
            f"recipe {recipe} cannot be carried out: {'; '.join(findings)}",
            remedy=remedy or "correct what is named; nothing was made",
        )
        self.recipe, self.findings = recipe, findings


class BackupIncomplete(FactoryError):
    """A part of the backup is missing or unfinished; nothing destructive was begun."""


class CustomizationFailed(FactoryError):
    """A change of the recipe failed in the guest; `step` is its name, `error` what the guest said."""

    def __init__(self, step: str, error: GuestError) -> None:
        super().__init__(
            f"customize step {step!r} failed: {error.message}",
            remedy=error.remedy or "correct the step in the recipe; the source was not touched",
        )
        self.step, self.error = step, error


class NotGeneralizable(FactoryError):
    """The machine is in a state that must not be generalized; `findings` say why."""

    def __init__(self, machine: str, findings: list[str]) -> None:
        super().__init__(
            f"{machine} cannot be generalized: {_summary(findings)}",
            remedy="mend this on the source, or with a customize step; the source was not touched",
        )
        self.machine, self.findings = machine, findings


class GateRefused(FactoryError):
    """The evidence does not show a generalized guest, so `generalize` was not called; `findings` say why."""

    def __init__(self, machine: str, findings: list[str]) -> None:
        super().__init__(
            f"{machine} is not generalized, so Azure was not told that it is: {_summary(findings)}",
            remedy="read evidence.json in the run record; the source was not touched",
        )
        self.machine, self.findings = machine, findings


class VerificationFailed(FactoryError):
    """A machine made from the product is not as it must be; the product stays excluded from latest."""

    def __init__(self, product: str, findings: list[str], *, serial_log: str = "") -> None:
        said = f"\nits serial log ends with:\n{_last_lines(serial_log)}" if serial_log else ""
        self.headline = (
            f"{product} failed its verification and stays excluded from latest: {_summary(findings)}"
        )
        super().__init__(
            f"{self.headline}{said}",
            remedy="read events.jsonl in the run record; the version expires and is then reaped",
        )
        self.product, self.findings, self.serial_log = product, findings, serial_log


class ClockWrong(FactoryError):
    """This computer's clock and Azure's differ by so much that nothing may be judged by its date."""

    def __init__(self, ahead: timedelta) -> None:
        where = "ahead of" if ahead > timedelta(0) else "behind"
        super().__init__(
            f"this computer's clock is {spell_duration(abs(ahead))} {where} Azure's, "
            "so nothing is expired for sure",
            remedy="set the clock (timedatectl set-ntp true); nothing was deleted",
        )
        self.ahead = ahead


class ForeignResources(FactoryError):
    """A group that a run made holds something that no run made, so it is not deleted."""

    def __init__(self, group: str, resources: list[str]) -> None:
        super().__init__(
            f"resource group {group} is not deleted: it holds what no run made: {_summary(resources)}",
            remedy="move these resources out of the group, or delete them yourself; then reap again",
        )
        self.group, self.resources = group, resources


class NameTaken(FactoryError):
    """Something of the name that a run needs is there, and this run did not make it: it is left alone."""

    def __init__(self, what: str, owner: str) -> None:
        super().__init__(
            f"cannot {what}: one of this name is there, made by {owner}",
            remedy="look at it and its tags; move or delete it yourself if nobody needs it",
        )
        self.what, self.owner = what, owner


class RunInUse(FactoryError):
    """Another process is carrying this run out."""

    def __init__(self, run_id: str, holder: str) -> None:
        super().__init__(
            f"run {run_id} is being carried out by {holder}",
            remedy="wait for its end (`golden runs`), or end that process; then resume",
        )
        self.run_id, self.holder = run_id, holder


class RestoreRefused(FactoryError):
    """A restore that would do harm or cannot be carried out; `findings` say why. Nothing was done."""

    def __init__(self, backup: str, findings: list[str]) -> None:
        super().__init__(
            f"backup {backup} cannot be restored so: {'; '.join(findings)}",
            remedy="do what is named; nothing was changed",
        )
        self.backup, self.findings = backup, findings


class RestoreFailed(FactoryError):
    """A restore stopped half-way; the backup and all disks are still there, and it can be entered again."""

    def __init__(self, machine: str, backup: str, error: FactoryError) -> None:
        super().__init__(
            f"VM {machine} is not restored yet: {error.message}",
            remedy=f"mend that, then: golden restore {backup} --in-place (it goes on where it stopped); "
            "the backup and all disks are still there",
        )
        self.machine, self.backup, self.error = machine, backup, error


class OriginalTouched(FactoryError):
    """A run in place was interrupted after it had begun to change the original: nobody may guess how far."""

    def __init__(self, machine: str, run_id: str, *, restored: bool = False) -> None:
        first = "" if restored else f"golden restore {run_id} --in-place, then "
        state = "ended and restored" if restored else "was interrupted while it changed"
        super().__init__(f"run {run_id} {state} the original {machine}", remedy=f"{first}start a new run")
        self.machine, self.run_id, self.restored = machine, run_id, restored


class RecordUnusable(FactoryError):
    """The place of run records cannot be read or written: nothing goes on that would not be written down."""

    def __init__(self, address: str, error: Exception) -> None:
        reason = str(getattr(error, "message", error)).splitlines()[0]
        remedy = (
            "make room on that disk and let its directory be written to"
            if isinstance(error, OSError)
            else "check that GOLDEN_RUNS names an existing container, and that this identity is "
            "Storage Blob Data Contributor on it"
        )
        super().__init__(
            f"run records in {address}: {reason}", remedy=f"{remedy}; then `golden resume` the run"
        )
        self.address = address
