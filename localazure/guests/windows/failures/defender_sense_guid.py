"""The machine is onboarded to Defender for Endpoint, whose sensor protects its identity from Sysprep."""

from __future__ import annotations

from localazure.guests.windows.failures import Blow, Stage, error
from localazure.guests.windows.machine.machine import Machine

STAGE: Stage = "generalize"
KEY = r"HKLM\SOFTWARE\Microsoft\Windows Advanced Threat Protection"


def provoke(machine: Machine) -> None:
    """Onboard the machine: an identity, and the sensor running."""
    machine.registry.set(KEY, "senseGuid", "6f5cf2a1-8d8e-4f36-b5ae-6e0d5b0f6a11")
    machine.registry.set(KEY + r"\Status", "OnboardingState", 1)
    sense = machine.document["services"]["sense"]
    sense |= {"start": "Automatic", "autostart": True, "status": "Running"}


def strike(machine: Machine) -> Blow | None:
    """The clean-up of the sensor deletes the identity, and may not while it runs."""
    sense = machine.service("Sense")
    if not machine.registry.has_value(KEY, "senseGuid") or sense is None or sense["status"] != "Running":
        return None
    return Blow(
        error(
            "CSI (F) 00000001 Failed to execute Generalize: RegDeleteValueW for value senseGuid (Windows-SenseClient-Service) failed: 5 (Access is denied)",
            "[0x0f0082] SYSPRP ActionPlatform::ExecuteAction: Error in executing action for Windows-SenseClient-Service; dwRet = 0x5",
            "SYSPRP SysprepSession::Execute: Error in executing actions from C:\\Windows\\System32\\Sysprep\\ActionFiles\\Generalize.xml; dwRet = 0x5",
        )
    )
