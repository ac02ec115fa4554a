"""The machine is a member of a domain. Sysprep takes it out; a domain controller cannot be generalized at all."""

from __future__ import annotations

from localazure.guests.windows.failures import Blow, Moment, error
from localazure.guests.windows.machine.machine import Machine

MOMENT: Moment = "start"


def provoke(machine: Machine) -> None:
    """Join the machine to a domain."""
    machine.document["domain"] = "corp.contoso.com"
    machine.registry.set(
        r"HKLM\SYSTEM\CurrentControlSet\Services\Tcpip\Parameters", "Domain", "corp.contoso.com"
    )


def strike(machine: Machine) -> Blow | None:
    """Only a controller is refused; a member leaves its domain without a word."""
    if not machine.document["features"]["ad-domain-services"]["installed"] or not machine.document["domain"]:
        return None
    return Blow(
        error(
            "[0x0f0022] SYSPRP Sysprep_Clean_Validate_Opk: Sysprep does not run on a domain controller.; hr = 0x80070032"
        )
    )
