"""Where this computer's own distribution comes from, as its apt is told.

The guests are made from the same archives: no mirror is named here. Other people's archives beside them are
left out, so that an image holds nothing but the distribution.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

DISTRIBUTIONS = ("debian", "ubuntu")
_POCKETS = ("", "-updates", "-security")
_WANTED_COMPONENTS = ("main", "universe")
_ONE_LINE = re.compile(
    r"^deb\s+(?:\[(?P<options>[^\]]*)\]\s+)?(?P<uri>\S+)\s+(?P<suite>\S+)\s+(?P<components>.+)$"
)


@dataclass(frozen=True)
class Source:
    """One archive and one suite of it."""

    uri: str
    suite: str
    components: tuple[str, ...]
    signed_by: str | None = None

    def __str__(self) -> str:
        options = f"[signed-by={self.signed_by}] " if self.signed_by else ""
        return f"deb {options}{self.uri} {self.suite} {' '.join(self.components)}"


@dataclass(frozen=True)
class Release:
    """What /etc/os-release says."""

    distribution: str
    codename: str
    version: str

    @classmethod
    def read(cls, path: Path = Path("/etc/os-release")) -> Release:
        """Read it; empty fields where it says nothing."""
        text = path.read_text() if path.exists() else ""
        facts = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
        values = [facts.get(k, "").strip().strip('"') for k in ("ID", "VERSION_CODENAME", "VERSION_ID")]
        return cls(*values)


def _one_line_format(text: str) -> Iterator[Source]:
    for line in text.splitlines():
        found = _ONE_LINE.match(line.split("#")[0].strip())
        if not found:
            continue
        options = dict(o.split("=", 1) for o in (found["options"] or "").split() if "=" in o)
        components = tuple(found["components"].split())
        yield Source(found["uri"], found["suite"], components, options.get("signed-by"))


def _deb822_format(text: str) -> Iterator[Source]:
    for paragraph in re.split(r"\n\s*\n", text):
        lines = [line for line in paragraph.splitlines() if not line.startswith("#")]
        folded = re.sub(r"\n[ \t]+", " ", "\n".join(lines))
        fields = {
            k.strip().lower(): v.split() for k, _, v in (f.partition(":") for f in folded.splitlines()) if v
        }
        if "deb" not in fields.get("types", ()) or fields.get("enabled", ["yes"])[0].lower() == "no":
            continue
        signed_by = fields.get("signed-by", [])
        key = signed_by[0] if signed_by and signed_by[0].startswith("/") else None
        for uri in fields.get("uris", ()):
            for suite in fields.get("suites", ()):
                yield Source(uri, suite, tuple(fields.get("components", ())), key)


def _own(sources: Iterable[Source], release: Release) -> Iterator[Source]:
    suites = {release.codename + pocket for pocket in _POCKETS}
    for source in sources:
        components = tuple(c for c in source.components if c in _WANTED_COMPONENTS)
        foreign_key = (
            source.signed_by is not None and f"{release.distribution}-archive" not in source.signed_by
        )
        if source.suite in suites and "main" in components and not foreign_key:
            yield Source(source.uri, source.suite, components, source.signed_by)


def read_sources(release: Release, apt: Path = Path("/etc/apt")) -> list[Source]:
    """List the distribution's own archives, in apt's order, each once."""
    found: list[Source] = []
    for path in (apt / "sources.list", *sorted((apt / "sources.list.d").glob("*"))):
        if path.suffix not in (".list", ".sources") or not path.is_file():
            continue
        text = path.read_text(errors="replace")
        found += _deb822_format(text) if path.suffix == ".sources" else _one_line_format(text)
    return list(dict.fromkeys(_own(found, release)))
