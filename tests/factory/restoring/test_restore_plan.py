"""What a restore would do and cannot bring back, told from data alone."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from factory.azure.locks import Lock
from factory.azure.machine_models import MachineDisk
from factory.in_place import PROVEN, features, judge_freeze, judge_locks, judge_shape
from factory.manifest import AddressModel, ExtensionModel, IdentityModel, InterfaceModel, MachineModel
from factory.restore_plan import Live, RestorePlan, plan_restore
from tests.factory.machines import machine
from tests.factory.recipes import MACHINE, SUBNET
from tests.factory.restoring.shapes import SHAPES
from tests.factory.test_backup import manifest, model

NOW = datetime(2026, 3, 5, tzinfo=UTC)
RESTORE = "26030501020304cd"
PUBLIC = "/subscriptions/s/resourceGroups/app/providers/Microsoft.Network/publicIPAddresses/front"
NIC = "/subscriptions/s/resourceGroups/app/providers/Microsoft.Network/networkInterfaces/nic"
OLD = "/subscriptions/s/resourceGroups/app/providers/Microsoft.Compute/disks"


def interface(**changes: Any) -> InterfaceModel:
    address = {
        "name": "ip",
        "primary": True,
        "subnet_id": SUBNET,
        "private_ip": "10.0.0.9",
        "allocation": "Dynamic",
    }
    return InterfaceModel(
        id=NIC,
        name="nic",
        primary=True,
        location="westeurope",
        addresses=(AddressModel.model_validate({**address, **changes}),),
        body={"ipConfigurations": [{"name": "ip", "properties": {"subnet": {"id": SUBNET}}}]},
    )


def app(**changes: Any) -> MachineModel:
    disks = tuple(one.model_copy(update={"id": f"{OLD}/{one.name}"}) for one in model().disks)
    return model(**{"disks": disks, "interfaces": (interface(),), "power_state": "running", **changes})


def present(*more: str) -> frozenset[str]:
    return frozenset(one.lower() for one in (NIC, SUBNET, *more))


def there(**changes: Any) -> Live:
    disks = {
        "os_disk": MachineDisk(None, "app-os", f"{OLD}/app-os", delete_option="Detach"),
        "data_disks": (MachineDisk(0, "app-data-0", f"{OLD}/app-data-0", delete_option="Detach"),),
    }
    return Live(machine=machine(**{**disks, **changes}), present=present())


def plan(live: Live, *, name: str | None = None, **changes: Any) -> RestorePlan:
    return plan_restore(manifest(machine=app(**changes)), live, restore_id=RESTORE, now=NOW, name=name)


def test_the_disks_of_a_vm_that_is_there_are_exchanged_and_the_old_ones_kept() -> None:
    found = plan(there())
    assert found.way == "swap"
    assert [disk.replaces for disk in found.disks] == [f"{OLD}/app-os", f"{OLD}/app-data-0"]
    assert [disk.id.rsplit("/", 1)[1] for disk in found.disks] == [
        f"app-os-{RESTORE}",
        f"app-data-0-{RESTORE}",
    ]
    assert found.replaced_tags["golden-role"] == "replaced"
    assert not found.delete_first


def test_a_generalized_vm_is_made_again_and_a_vm_that_is_gone_too() -> None:
    generalized, gone = plan(there(generalized=True)), plan(Live(present=present()))
    assert (generalized.way, generalized.delete_first) == ("recreate", True)
    assert (gone.way, gone.delete_first) == ("recreate", False)


def test_a_second_restore_does_not_grow_the_names_of_the_disks() -> None:
    disks = tuple(one.model_copy(update={"name": f"{one.name}-26010101010101ab"}) for one in app().disks)
    assert plan(there(), disks=disks).disks[0].id.endswith(f"/app-os-{RESTORE}")


def test_a_disk_that_came_after_the_backup_stays_where_it_is() -> None:
    late = MachineDisk(5, "late", f"{OLD}/late", caching="ReadOnly", delete_option="Detach")
    found = plan(there(data_disks=(late,)))
    assert [one["lun"] for one in found.body["properties"]["storageProfile"]["dataDisks"]] == [0, 5]
    assert any("leave disk late at LUN 5" in step for step in found.steps)
    assert "late" not in str([disk.replaces for disk in found.disks])


def test_a_vm_whose_disks_would_go_with_it_is_not_deleted() -> None:
    going = MachineDisk(None, "app-os", f"{OLD}/app-os", delete_option="Delete")
    assert "Azure would delete app-os with it" in plan(there(generalized=True, os_disk=going)).refusals[0]
    assert plan(there(os_disk=going)).refusals == ()


def test_a_lock_is_told_with_what_to_do() -> None:
    lock = Lock("/l/delete-not", "delete-not", "CanNotDelete", MACHINE)
    locked = replace(there(generalized=True), locks=(lock,))
    assert "remove it for the time of the restore" in plan(locked).refusals[0]


def test_an_interface_that_another_vm_has_by_now_is_not_taken_from_it() -> None:
    live = Live(present=present(), holders={NIC.lower(): "/other/vm"})
    assert "is now VM /other/vm's" in plan(live).refusals[0]


@pytest.mark.parametrize(
    ("changes", "lost"),
    [
        (
            {"identity": IdentityModel(type="SystemAssigned", principal_id="p-1")},
            "system-assigned identity p-1",
        ),
        (
            {"extensions": (ExtensionModel(name="e", publisher="P", type="T", version="1"),)},
            "extension e (P T 1)",
        ),
        ({"vm_id": "v-1"}, "vmId v-1"),
        ({"security": {"securityType": "TrustedLaunch"}}, "virtual TPM"),
    ],
)
def test_what_dies_with_a_vm_is_told_before_it_is_deleted(changes: dict[str, Any], lost: str) -> None:
    assert any(lost in loss for loss in plan(there(generalized=True), **changes).losses)


def test_what_was_written_since_is_lost_in_every_way() -> None:
    for found in (plan(there()), plan(there(generalized=True)), plan(there(), name="second")):
        assert found.losses[0] == "what was written to the disks after 2026-03-04 00:00:00 UTC"


def test_addresses_that_may_change_are_told() -> None:
    dynamic = interface(public_id=PUBLIC, public_ip="203.0.113.7", public_allocation="Dynamic")
    live = Live(machine=there().machine, present=present(PUBLIC))
    assert any("203.0.113.7" in loss for loss in plan(live, interfaces=(dynamic,)).losses)
    gone = plan(Live(present=frozenset({SUBNET.lower()})))
    assert any("10.0.0.9" in loss for loss in gone.losses)
    static = plan(
        live, interfaces=(interface(public_id=PUBLIC, public_ip="203.0.113.7", public_allocation="Static"),)
    )
    assert not any("203.0.113.7" in loss for loss in static.losses)


def test_a_copy_gets_none_of_the_originals_traffic_and_expires_until_it_is_proven() -> None:
    body = {
        "ipConfigurations": [
            {
                "name": "ip",
                "properties": {
                    "subnet": {"id": SUBNET},
                    "privateIPAllocationMethod": "Static",
                    "privateIPAddress": "10.0.0.9",
                    "publicIPAddress": {"id": PUBLIC},
                    "loadBalancerBackendAddressPools": [{"id": "pool"}],
                },
            }
        ]
    }
    found = plan(there(), name="second", interfaces=(interface().model_copy(update={"body": body}),))
    made = found.interfaces[0].body
    assert made is not None
    assert made["properties"]["ipConfigurations"][0]["properties"] == {
        "subnet": {"id": SUBNET},
        "privateIPAllocationMethod": "Dynamic",
    }
    assert found.own_group is not None
    assert found.own_group["golden-role"] == "scaffolding"
    assert all(disk.replaces is None for disk in found.disks)


def test_every_feature_that_is_said_to_be_proven_is_in_a_tested_shape_and_no_other() -> None:
    assert frozenset().union(*(shape.features for shape in SHAPES)) == PROVEN


def test_a_vm_with_a_feature_that_no_test_restores_is_refused_in_place_with_what_to_do() -> None:
    odd = app(
        identity=IdentityModel(type="SystemAssigned, UserAssigned"),
        properties={"availabilitySet": {"id": "a"}},
    )
    findings = judge_shape(odd)
    assert [finding.split(",")[0] for finding in findings] == [
        "the VM has availabilitySet",
        "the VM has system-assigned identity",
    ]
    assert all("use strategy 'clone'" in finding for finding in findings)
    assert features(app()) <= PROVEN


def test_any_lock_forbids_to_work_in_place() -> None:
    (finding,) = judge_locks([Lock("/l/x", "x", "ReadOnly", MACHINE)])
    assert "az lock delete --ids /l/x" in finding


@pytest.mark.parametrize(
    ("value", "frozen"),
    [
        ("true", True),
        ("", True),
        ((NOW + timedelta(hours=1)).isoformat(), True),
        ((NOW - timedelta(hours=1)).isoformat(), False),
        ("2026-03-04T00:00:00", True),
    ],
)
def test_a_freeze_holds_until_its_time_and_one_without_a_time_for_ever(value: str, frozen: bool) -> None:
    assert bool(judge_freeze([("Golden-Freeze", value), ("other", "x")], NOW)) is frozen
