"""Kinds of faults: one file each in `kinds/`, found because it is there; its docstring is its manual.

A file's functions say by their decorator at which moment they come in. A kind is called as its file,
with dashes.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from localazure.faults.fault import Fault, refused

if TYPE_CHECKING:
    from starlette.responses import Response

    from localazure.arm.calls import Call
    from localazure.arm.ids import ResourceId
    from localazure.arm.operations import Job, Operation, Output
    from localazure.arm.store import Document
    from localazure.arm.world import World

    Before = Callable[[Fault, Call], Response | None]
    After = Callable[[Fault, Call, Response], Response]
    Watch = Callable[[Fault, Call], None]
    Cleared = Callable[[Fault, World], None]
    Around = Callable[[Fault, World, Operation, Job], Awaitable[Output]]
    Point = Callable[[Fault, World, ResourceId], Awaitable[None]]
    Machine = Callable[[Fault, World, Document], Awaitable[None]]

F = TypeVar("F", bound=Callable[..., Any])  # Any: the shapes above


@dataclass(frozen=True)
class Page:
    """A kind's page of the manual."""

    name: str
    manual: str


@dataclass
class Kind:
    """One kind of fault, with what it does at which moment."""

    name: str
    manual: str
    before: Before | None = None
    after: After | None = None
    watch: Watch | None = None
    cleared: Cleared | None = None
    around: Around | None = None
    points: dict[str, Point] = field(default_factory=dict)
    machine: Machine | None = None
    effect: str | None = None
    """What the host must be able to do for it."""

    @property
    def page(self) -> Page:
        """Its page of the manual."""
        return Page(self.name, self.manual)

    @property
    def plants(self) -> bool:
        """Whether it befalls the operation that the call begins, not the call."""
        return self.around is not None or bool(self.points)


_KINDS: dict[str, Kind] = {}


def _own(function: Callable[..., Any]) -> Kind:
    name = function.__module__.rsplit(".", 1)[1].replace("_", "-")
    manual = (importlib.import_module(function.__module__).__doc__ or "").strip()
    return _KINDS.setdefault(name, Kind(name, manual))


def before(function: F) -> F:
    """Comes before the service: raise Azure's refusal, or return an answer; None lets the call pass."""
    _own(function).before = function
    return function


def after(function: F) -> F:
    """Comes after the service has acted and answered; returns what is sent instead."""
    _own(function).after = function
    return function


def watch(function: F) -> F:
    """Looks at every later call, once the fault has hit."""
    _own(function).watch = function
    return function


def cleared(function: F) -> F:
    """Comes when the fault is taken back."""
    _own(function).cleared = function
    return function


def around(function: F) -> F:
    """Comes around the work of the operation that the call begins."""
    _own(function).around = function
    return function


def at(point: str) -> Callable[[F], F]:
    """Comes when the operation's work has got to a named point (`Interference.point`)."""

    def register(function: F) -> F:
        _own(function).points[point] = function
        return function

    return register


def on_start_of_machine(effect: str) -> Callable[[F], F]:
    """Comes when a machine was powered on, for a host that knows the effect."""

    def register(function: F) -> F:
        own = _own(function)
        own.machine, own.effect = function, effect
        return function

    return register


def kinds() -> dict[str, Kind]:
    """All of them, by name."""
    from localazure.faults import kinds as folder  # noqa: PLC0415 - its modules import this one

    for module in pkgutil.iter_modules(folder.__path__):
        importlib.import_module(f"{folder.__name__}.{module.name}")
    return dict(sorted(_KINDS.items()))


def kind_of(fault: Fault) -> Kind:
    """A fault's kind; ArmError 400 where there is none of its name."""
    known = kinds()
    if fault.kind not in known:
        raise refused(f"there is no kind {fault.kind!r}; known are {', '.join(known)}")
    return known[fault.kind]
