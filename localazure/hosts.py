"""What runs the machines: a package of `localazure.guests` with an `open_host(state)`, or none at all."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any, cast

from localazure.arm.errors import not_implemented
from localazure.guests.base import GuestError, Host, MarketplaceImage


def open_host(name: str, state: Path) -> Host:
    """The host of a name; `none` is for tests of the wire, where a machine cannot be created.

    A name with a dot is a module elsewhere: a host of one's own.
    """
    if name == "none":
        return cast(Host, NoMachines())
    module_name = name if "." in name else f"localazure.guests.{name}"
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name != module_name:
            raise
        raise SystemExit(f"localazure: there is no kind of guest called {name!r}") from None
    return cast(Host, module.open_host(state))


def configure_host(name: str, state: Path, flavours: list[str], base_image: Path | None) -> None:
    """Keep in a state directory what the marketplace of its guests is to have, where they offer a choice."""
    module = importlib.import_module(name if "." in name else f"localazure.guests.{name}")
    configure = getattr(module, "configure", None)
    if configure is None:
        raise SystemExit(
            f"localazure: guests of the kind {name!r} have one image: no flavours, none of yours"
        )
    try:
        configure(state, flavours, base_image)
    except GuestError as error:
        raise SystemExit(f"localazure: {error}") from None


class NoMachines:
    """No machines and no contents of disks: whatever needs one is answered 501."""

    name = "none"
    proof = "no guest"
    disturbances: frozenset[str] = frozenset()

    def pace(self, scale: float) -> None:
        """There is nothing to pace."""

    def missing(self) -> list[str]:
        """Nothing is needed for nothing."""
        return []

    async def prepare(self, progress: Any) -> None:
        """There is nothing to prepare."""

    def images(self) -> list[MarketplaceImage]:
        """No marketplace."""
        return []

    def adopt(self) -> None:
        """There is nothing to adopt."""

    async def shutdown(self) -> None:
        """There is nothing to stop."""

    def __getattr__(self, what: str) -> Any:
        raise not_implemented(f"machines and disks on a server started with '--guest none' ({what})")
