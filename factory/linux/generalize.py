"""Generalize a Linux guest: operations, then the gate's probes, all in one root process opened beforehand.

The login user and its sudo rights vanish on the way, so nothing may need a second login. `waagent` exits 0
even when it failed, so nothing is decided by an exit status: the gate's probes look at effects, in the same
process, before anybody powers the machine off.
"""

from collections.abc import Collection

from pydantic import BaseModel, ConfigDict

from factory.guest.evidence import CheckEvidence, CommandEvidence, Verdict
from factory.guest.guest import Guest
from factory.guest.units import Stage
from factory.linux.context import Context


class Evidence(BaseModel):
    """What was done to a guest and what was seen of it."""

    model_config = ConfigDict(frozen=True)

    context: Context
    commands: tuple[CommandEvidence, ...] = ()
    checks: tuple[CheckEvidence, ...] = ()


async def generalize(guest: Guest, context: Context, *, skip: Collection[str] = ()) -> Evidence:
    """Run every operation that applies, then the probes of the gate.

    `skip` names operations; "deprovision" stands for all of them, which leaves a machine that the gate must
    refuse.
    """
    raise NotImplementedError


async def examine(guest: Guest, stage: Stage, context: Context) -> Evidence:
    """Run the probes of a stage: on the source, at the gate, or on a machine made from the image."""
    raise NotImplementedError


def judge(evidence: Evidence) -> Verdict:
    """Decide on evidence alone; pure."""
    raise NotImplementedError
