"""Evidence: what was run in a guest and what it left, as data that can be kept and judged again."""

from pydantic import BaseModel, ConfigDict

from factory.guest.command import Output
from factory.guest.units import Stage

TAIL = 2000
"""Characters of a command's output that the record keeps: the end, where programs say what went wrong."""


class CommandEvidence(BaseModel):
    """One command of an operation. `status` is None where its guard said that it does not apply."""

    model_config = ConfigDict(frozen=True)

    unit: str
    command: str
    status: int | None
    stdout: str = ""
    stderr: str = ""


class CheckEvidence(BaseModel):
    """What the probe of one check left."""

    model_config = ConfigDict(frozen=True)

    unit: str
    stage: Stage
    output: Output


class Finding(BaseModel):
    """One thing that is not as it must be, found by one check."""

    model_config = ConfigDict(frozen=True)

    unit: str
    text: str

    def __str__(self) -> str:
        return f"{self.unit}: {self.text}"


class Verdict(BaseModel):
    """What the evidence amounts to. Only findings count; warnings say which commands complained.

    `checked` names the checks that were judged, `not_applicable` those that a guest of this kind cannot have.
    """

    model_config = ConfigDict(frozen=True)

    findings: tuple[Finding, ...] = ()
    warnings: tuple[str, ...] = ()
    checked: tuple[str, ...] = ()
    not_applicable: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Something was checked and nothing was found."""
        return bool(self.checked) and not self.findings

    @property
    def sentence(self) -> str:
        """The verdict for people: what was found, the first three findings in full."""
        if not self.checked:
            return "nothing was checked"
        if not self.findings:
            return f"{len(self.checked)} checks found nothing"
        more = f"; and {len(self.findings) - 3} more" if len(self.findings) > 3 else ""
        return "; ".join(finding.text for finding in self.findings[:3]) + more
