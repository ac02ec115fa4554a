"""The manual of units: what there is, what each does and changes, and how well that is proven.

Made from the units themselves: a page is a docstring. `golden catalogue` prints it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from factory.guest.units import Check, Family, Operation, Stage
from factory.linux.distro import Distro, known_distros
from factory.linux.generalize import all_checks, all_operations
from factory.windows import generalize as windows
from factory.windows.failure import Failure, known_failures

_PREFACE = (
    "Made from the units' own docstrings. The proof is the best that the tests have, and none of it is Azure "
    "itself: *QEMU guest* is a whole machine with a kernel, cloud-init and DHCP of its own; "
    "*namespace guest* is a real Debian with its real agent and systemd on a borrowed kernel; *real "
    "commands* ran on files made for the test; *recorded output* is what a real program printed; "
    "*documented* is what documentation says."
)


@dataclass(frozen=True)
class Page:
    """One unit's page. `when` is its phase or its stages; `paths` is what it may change."""

    kind: str
    when: tuple[str, ...]
    family: str
    name: str
    title: str
    text: str
    paths: tuple[str, ...]
    after: tuple[str, ...]
    proof: str


def catalogue(family: Family | None = None) -> list[Page]:
    """Every unit, or one family's: operations in order, checks by stage, distributions, known failures."""
    pages = {Family.LINUX: _linux, Family.WINDOWS: _windows}
    return [page for name, make in pages.items() if family in (None, name) for page in make()]


def _linux() -> list[Page]:
    return [
        *(_operation(operation) for operation in all_operations()),
        *(_check(check) for check in sorted(all_checks(), key=_stages)),
        *(_distro(distro) for _, distro in sorted(known_distros().items())),
    ]


def _windows() -> list[Page]:
    return [
        *(_operation(operation) for operation in windows.all_operations()),
        *(_check(check) for check in sorted(windows.all_checks(), key=_stages)),
        *(_failure(failure) for failure in known_failures()),
    ]


def _stages(check: Check) -> list[int]:
    stages = list(Stage)
    return [stages.index(stage) for stage in check.stages]


def render_markdown(pages: Sequence[Page]) -> str:
    """The manual as one Markdown page."""
    parts = ["# Catalogue of units", _PREFACE]
    for heading, group in groupby(pages, key=_heading):
        parts += [f"## {heading}", *_chapter(group)]
    return "\n\n".join(parts) + "\n"


def _heading(page: Page) -> str:
    return f"{page.kind}s, {page.family}: {', '.join(page.when)}".capitalize().rstrip(": ")


def _chapter(pages: Iterable[Page]) -> Iterable[str]:
    for page in pages:
        yield f"### `{page.name}`: {page.title}"
        if page.text:
            yield page.text
        facts = [f"Proof: {page.proof}."] if page.proof else []
        if page.after:
            facts.append(f"After {_code(page.after)}.")
        if page.paths:
            facts.append(f"Changes {_code(page.paths)}.")
        if facts:
            yield " ".join(facts)


def _code(words: Iterable[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)


def _operation(unit: Operation) -> Page:
    title, text = _split(unit.docstring)
    paths = unit.paths if isinstance(unit.paths, tuple) else ("(by distribution)",)
    return Page(
        "operation", (unit.phase,), unit.family, unit.name, title, text, paths, unit.after, unit.proof
    )


def _check(unit: Check) -> Page:
    title, text = _split(unit.docstring)
    when = tuple(str(stage) for stage in unit.stages)
    return Page("check", when, unit.family, unit.name, title, text, (), unit.after, unit.proof)


def _distro(distro: Distro) -> Page:
    text = (
        f"Releases {', '.join(distro.releases)}. Package manager {distro.package_manager}; the agent is the "
        f"package `{distro.agent_package}` and the service `{distro.agent_service}`."
    )
    return Page("distribution", (), "linux", distro.id, distro.title, text, (), (), distro.proof)


def _failure(failure: Failure) -> Page:
    title, text = _split(failure.docstring)
    where = ", in the last word of a Sysprep that hangs" if failure.hang else ""
    facts = (
        text,
        f"Known by `{failure.signature}`{where}.",
        f"Told as: {failure.cause}.",
        f"Remedy: {failure.remedy}.",
        f"Source: {failure.citation}.",
    )
    parts = "\n\n".join(part for part in facts if part)
    return Page("known failure", (), "windows", failure.name, title, parts, (), (), failure.source)


def _split(docstring: str) -> tuple[str, str]:
    """A docstring's first sentence and the rest, each paragraph on one line."""
    first, _, rest = docstring.partition("\n\n")
    paragraphs = (" ".join(paragraph.split()) for paragraph in rest.split("\n\n"))
    return " ".join(first.split()).rstrip("."), "\n\n".join(
        paragraph for paragraph in paragraphs if paragraph
    )
