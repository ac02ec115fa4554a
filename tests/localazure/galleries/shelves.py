"""Galleries, definitions and versions for tests."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from tests.localazure.machines import MARKETPLACE, Yard

DEFINITION: dict[str, Any] = {
    "location": "westeurope",
    "properties": {
        "osType": "Linux",
        "osState": "Generalized",
        "hyperVGeneration": "V2",
        "identifier": {"publisher": "us", "offer": "debian", "sku": "12"},
    },
}


def gallery(yard: Yard, **properties: Any) -> str:
    path = yard.path("galleries", f"shelf_{uuid4().hex[:8]}")
    yard.done(yard.wire("PUT", path, {"location": "westeurope", "properties": properties}))
    return path


def definition(yard: Yard, shelf: str, name: str = "debian", **properties: Any) -> str:
    path = f"{shelf}/images/{name}"
    given = {k: v for k, v in (DEFINITION["properties"] | properties).items() if v is not None}
    yard.done(yard.wire("PUT", path, {"location": "westeurope", "properties": given}))
    return path


def source(yard: Yard, name: str = "source", *, generalized: bool = True) -> str:
    """A machine with a data disk, something on each, ready to be captured."""
    data = [{"lun": 1, "createOption": "Empty", "diskSizeGB": 4, "name": f"{name}-data"}]
    disks = {"imageReference": MARKETPLACE, "osDisk": {"createOption": "FromImage"}, "dataDisks": data}
    vm = yard.machine(name, storageProfile=disks)
    yard.write(yard.os_disk(vm), mark=name)
    yard.write(yard.path("disks", f"{name}-data"), payload=name)
    if generalized:
        yard.bring(vm, "generalized")
    return vm


def body(
    vm: str | None = None, *, storage: dict[str, Any] | None = None, **publishing: Any
) -> dict[str, Any]:
    profile = storage if storage is not None else {"source": {"virtualMachineId": vm}}
    return {
        "location": "westeurope",
        "properties": {"storageProfile": profile, "publishingProfile": publishing},
    }


def version(yard: Yard, parent: str, name: str = "1.0.0", *, vm: str | None = None, **more: Any) -> str:
    path = f"{parent}/versions/{name}"
    yard.done(yard.wire("PUT", path, body(vm or source(yard, f"s{uuid4().hex[:6]}"), **more)))
    return path
