"""Changing a machine that exists, by PUT or PATCH: what may change, and what must come of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from localazure.arm.errors import not_implemented
from localazure.compute import errors, machines, os_profile, skus, storage_profile
from localazure.compute.disk_plans import PlannedDisk, Planner, attached

if TYPE_CHECKING:
    from localazure.arm.calls import Call
    from localazure.arm.store import Document

_REFERENCE = ("id", "publisher", "offer", "sku", "version")


@dataclass
class Update:
    """A change that was found admissible. `properties` and `envelope` are what is replaced."""

    properties: dict[str, Any] = field(default_factory=dict)
    envelope: dict[str, Any] = field(default_factory=dict)
    new_disks: list[PlannedDisk] = field(default_factory=list)
    released: list[str] = field(default_factory=list)
    restart: bool = False

    def args(self) -> dict[str, Any]:
        """As the operation keeps it."""
        return {
            "properties": self.properties,
            "envelope": self.envelope,
            "disks": [asdict(disk) for disk in self.new_disks],
            "released": self.released,
            "restart": self.restart,
        }


def only_tags(given: Document) -> bool:
    """Whether nothing but tags is to change: that is always admitted."""
    return not given.get("properties") and not any(given.get(key) for key in ("identity", "zones", "plan"))


def read(call: Call, vm: Document, given: Document) -> Update:
    """Check a request against the machine; nothing has changed when it refuses."""
    update, properties = Update(), given.get("properties") or {}
    for key in ("zones", "plan"):
        if given.get(key) is not None and given[key] != vm.get(key):
            raise errors.property_change(key)
    if given.get("identity") is not None:
        update.envelope["identity"] = given["identity"]
    _hardware(call, vm, properties.get("hardwareProfile"), update)
    _os_profile(vm, properties.get("osProfile"))
    _network(vm, properties.get("networkProfile"), update)
    _security(vm, properties.get("securityProfile"), update)
    _storage(call, vm, properties.get("storageProfile"), update)
    for key in ("diagnosticsProfile", "licenseType"):
        if key in properties:
            update.properties[key] = properties[key]
    return update


def _hardware(call: Call, vm: Document, given: Any, update: Update) -> None:
    wanted = (given or {}).get("vmSize")
    had = vm["properties"]["hardwareProfile"]["vmSize"]
    if wanted is None or wanted.lower() == had.lower():
        return
    size, old = skus.find(wanted, vm["location"], vm["id"]), skus.SIZES[had.lower()]
    freed = old.cores
    skus.check_quota(call.world, call.rid.subscription, vm["location"], size, freed)
    if vm.get("_generation", "V1") not in size.generations.split(","):
        raise errors.generation_unsupported(size.name, vm["_generation"])
    update.properties["hardwareProfile"] = {"vmSize": size.name}
    update.restart = True


def _os_profile(vm: Document, given: Any) -> None:
    if given is None:
        return
    had = vm["properties"].get("osProfile")
    if had is None:
        raise errors.property_change("osProfile")
    changed = os_profile.changed_property(had, vm.get("_secrets", {}), given)
    if changed is not None:
        raise errors.property_change(changed)


def _network(vm: Document, given: Any, update: Update) -> None:
    nics = (given or {}).get("networkInterfaces")
    if nics is None:
        return
    had = vm["properties"]["networkProfile"]["networkInterfaces"]
    if [str(one.get("id")).lower() for one in nics] != [one["id"].lower() for one in had]:
        raise not_implemented("changing the network interfaces of a virtual machine")
    shown = [
        {"id": old["id"], **({"properties": new["properties"]} if new.get("properties") else {})}
        for old, new in zip(had, nics, strict=True)
    ]
    update.properties["networkProfile"] = {"networkInterfaces": shown}


def _security(vm: Document, given: Any, update: Update) -> None:
    if given is None:
        return
    had = vm["properties"].get("securityProfile") or {}
    if given.get("securityType", had.get("securityType")) != had.get("securityType"):
        raise errors.property_change("securityProfile.securityType")
    update.properties["securityProfile"] = had | given


def _storage(call: Call, vm: Document, given: Any, update: Update) -> None:
    if given is None:
        return
    had = vm["properties"]["storageProfile"]
    _same_image(had.get("imageReference") or {}, given.get("imageReference"))
    after = dict(had)
    if given.get("osDisk") is not None:
        after["osDisk"] = _os_disk(call, vm, had["osDisk"], given["osDisk"], update)
    if given.get("dataDisks") is not None:
        after["dataDisks"] = _data_disks(call, vm, had["dataDisks"], given["dataDisks"], update)
    update.properties["storageProfile"] = after


def _same_image(had: dict[str, Any], given: dict[str, Any] | None) -> None:
    for key in _REFERENCE:
        if given and given.get(key) is not None and str(given[key]).lower() != str(had.get(key)).lower():
            raise errors.property_change("imageReference")


def _os_disk(
    call: Call, vm: Document, had: dict[str, Any], given: dict[str, Any], update: Update
) -> dict[str, Any]:
    wanted = (given.get("managedDisk") or {}).get("id")
    swap = wanted is not None and wanted.lower() != had["managedDisk"]["id"].lower()
    option = given.get("createOption")
    if option is not None and option != had["createOption"] and not swap:
        raise errors.property_change("osDisk.createOption")
    if given.get("osType") not in (None, had["osType"]):
        raise errors.property_change("osDisk.osType")
    after = had | _options(given)
    if not swap:
        if given.get("name") not in (None, had["name"]):
            raise errors.property_change("osDisk.name")
        return after
    if machines.power(call.world, vm) != "deallocated":
        raise errors.not_allowed_on_vm("Swap OS Disk", vm["name"], errors.NOT_DEALLOCATED)
    disk = Planner(call.world, call.rid, vm["location"], zones=tuple(vm.get("zones") or ())).attachable(
        wanted
    )
    if given.get("name") not in (None, disk["name"], had["name"]):
        raise errors.property_change("osDisk.name")
    update.released.append(had["managedDisk"]["id"])
    planned = attached(disk, lun=None, caching=after["caching"], delete_option=after["deleteOption"])
    update.new_disks.append(planned)
    shown = storage_profile.shown(planned)
    return after | {key: shown[key] for key in ("name", "managedDisk", "diskSizeGB")}


def _options(given: dict[str, Any]) -> dict[str, Any]:
    return {
        key: given[key] for key in ("caching", "deleteOption", "writeAcceleratorEnabled") if given.get(key)
    }


def _data_disks(
    call: Call, vm: Document, had: list[dict[str, Any]], given: list[dict[str, Any]], update: Update
) -> list[dict[str, Any]]:
    kept: list[dict[str, Any]] = []
    fresh: list[dict[str, Any]] = []
    for one in given:
        old = next((disk for disk in had if _same_disk(disk, one)), None)
        if one.get("toBeDetached"):
            continue
        if old is None:
            fresh.append(one)
        elif one.get("lun") not in (None, old["lun"]):
            raise errors.property_change("dataDisk.lun")
        else:
            kept.append(old | _options(one))
    luns = [disk["lun"] for disk in kept]
    for one in fresh:
        if one.get("lun") in luns:
            raise errors.lun_taken(one["lun"])
    planned = Planner(call.world, call.rid, vm["location"], zones=tuple(vm.get("zones") or ())).data(fresh)
    names = {disk["name"] for disk in kept}
    gone = [disk["managedDisk"]["id"] for disk in had if disk["name"] not in names]
    if (planned or gone) and machines.power(call.world, vm) not in ("stopped", "deallocated"):
        raise not_implemented("attaching or detaching data disks of a running virtual machine")
    _check_count(vm, len(kept) + len(planned))
    update.new_disks += planned
    update.released += gone
    return sorted(kept + [storage_profile.shown(disk) for disk in planned], key=lambda disk: disk["lun"])


def _check_count(vm: Document, count: int) -> None:
    size = skus.SIZES[vm["properties"]["hardwareProfile"]["vmSize"].lower()]
    if count > size.data_disks:
        raise errors.too_many_data_disks(size.data_disks)


def _same_disk(had: dict[str, Any], given: dict[str, Any]) -> bool:
    wanted = (given.get("managedDisk") or {}).get("id")
    if wanted:
        return bool(wanted.lower() == had["managedDisk"]["id"].lower())
    return bool(given.get("name")) and given["name"] == had["name"]
