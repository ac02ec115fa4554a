"""Faults with a name: one file each in `named/`, found because it is there; its docstring is its manual.

A file holds `FAULTS`: settings as `POST /_local/faults` takes them. It is called as its file, with dashes.
Failures of the modelled Windows guest are named faults too.
"""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass
from typing import Any, overload

from localazure.faults import named as folder
from localazure.faults.fault import refused
from localazure.faults.windows_states import windows_faults


@dataclass(frozen=True)
class Named:
    """A named fault."""

    name: str
    manual: str
    faults: tuple[dict[str, Any], ...]


@overload
def named() -> dict[str, Named]: ...
@overload
def named(name: str) -> Named: ...


def named(name: str | None = None) -> Named | dict[str, Named]:
    """All of them by name, or the one of a name (ArmError 400 where there is none)."""
    found = {}
    for module in sorted(pkgutil.iter_modules(folder.__path__), key=lambda one: one.name):
        loaded = importlib.import_module(f"{folder.__name__}.{module.name}")
        called = module.name.replace("_", "-")
        found[called] = Named(called, (loaded.__doc__ or "").strip(), tuple(loaded.FAULTS))
    for called, (manual, faults) in windows_faults().items():
        found.setdefault(called, Named(called, manual, faults))
    if name is None:
        return found
    if name not in found:
        raise refused(f"there is no fault of the name {name!r}; known are {', '.join(found)}")
    return found[name]
