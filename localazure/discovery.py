"""Services are found because they are in the folder: every `routes` or `…_routes` module of every package."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path

import localazure


def load_services() -> list[str]:
    """Import all route modules (they register routes, jobs, deleters, start hooks); returns their names."""
    loaded = []
    for package in sorted(pkgutil.iter_modules([str(Path(localazure.__file__).parent)])):
        if not package.ispkg:
            continue
        name = f"localazure.{package.name}"
        for module in pkgutil.iter_modules(importlib.import_module(name).__path__):
            if module.name == "routes" or module.name.endswith("_routes"):
                importlib.import_module(f"{name}.{module.name}")
                loaded.append(f"{name}.{module.name}")
    return loaded
