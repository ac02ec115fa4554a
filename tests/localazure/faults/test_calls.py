"""Faults of calls: which they hit, what is then answered, and whether the service had acted."""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests

from tests.localazure.conftest import LocalCloud, Wire, wire_to
from tests.localazure.faults.conftest import HERE, NSG, hits, nsg, set_fault
from tests.localazure.yards import MEMORY


def put(wire: Wire, group: str, name: str = "nsg") -> requests.Response:
    return wire("PUT", nsg(group, name), HERE)


def torn(wire: Wire, group: str, name: str = "nsg") -> None:
    with pytest.raises(requests.exceptions.ConnectionError):
        put(wire, group, name)


def test_a_fault_hits_its_occurrence_and_no_other(wire: Wire, group: str) -> None:
    fault = set_fault(wire, NSG, "server-error", occurrence=2)
    assert [put(wire, group, name).status_code for name in "abc"] == [201, 500, 201]
    assert hits(wire, fault) == (3, 1)


def test_a_fault_hits_so_many_times_or_for_ever(wire: Wire, group: str) -> None:
    set_fault(wire, NSG, "server-error", times=2)
    assert [put(wire, group, name).status_code for name in "abc"] == [500, 500, 201]
    wire("DELETE", "/_local/faults")
    set_fault(wire, NSG, "server-error", every=True, occurrence=2)
    assert [put(wire, group, name).status_code for name in "defg"] == [201, 500, 500, 500]


def test_a_share_hits_the_same_calls_for_the_same_seed(wire: Wire, group: str) -> None:
    def drawn(seed: int) -> list[int]:
        fault = set_fault(
            wire, "GET Microsoft.Resources/resourceGroups", "server-error", share=0.3, seed=seed
        )
        statuses = [wire("GET", group).status_code for _ in range(20)]
        wire("DELETE", f"/_local/faults/{fault}")
        return statuses

    first = drawn(1)
    assert first == drawn(1)
    assert first != drawn(2)
    assert 1 <= first.count(500) <= 12


def test_a_fault_is_narrowed_to_resources(wire: Wire, group: str) -> None:
    set_fault(wire, NSG, "server-error", every=True, resource="*/networkSecurityGroups/b*")
    assert [put(wire, group, name).status_code for name in ("a", "b1", "B2")] == [201, 500, 500]


def test_compute_throttles_in_its_own_words(wire: Wire, group: str) -> None:
    set_fault(wire, "GET Microsoft.Compute/virtualMachines", "throttle", retry_after=17)
    refused = wire("GET", f"{group}/providers/Microsoft.Compute/virtualMachines/vm")
    error = refused.json()["error"]
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "17")
    assert error["code"] == "OperationNotAllowed"
    assert error["details"][0]["code"] == "TooManyRequests"
    assert json.loads(error["details"][0]["message"])["operationGroup"] == error["details"][0]["target"]
    assert refused.headers["x-ms-ratelimit-remaining-resource"].endswith(";0")


def test_the_resource_manager_throttles_in_others_and_may_name_no_delay(wire: Wire, group: str) -> None:
    set_fault(wire, "DELETE Microsoft.Network/networkSecurityGroups", "throttle")
    refused = wire("DELETE", nsg(group))
    assert refused.json()["error"]["code"] == "SubscriptionRequestsThrottled"
    assert "Retry-After" not in refused.headers
    assert refused.headers["x-ms-ratelimit-remaining-subscription-deletes"] == "0"


@pytest.mark.parametrize(("status", "code"), [(500, "InternalServerError"), (503, "ServiceUnavailable")])
def test_azure_fails_before_or_after_it_has_done_it(wire: Wire, group: str, status: int, code: str) -> None:
    set_fault(wire, NSG, "server-error", data={"status": status})
    set_fault(wire, NSG, "server-error", occurrence=2, data={"status": status, "after": True})
    before, after = put(wire, group, "before"), put(wire, group, "after")
    assert [one.json()["error"]["code"] for one in (before, after)] == [code, code]
    assert [wire("GET", nsg(group, name)).status_code for name in ("before", "after")] == [404, 200]


def test_a_proxys_error_has_no_body(wire: Wire, group: str) -> None:
    set_fault(wire, NSG, "server-error", data={"status": 502, "body": False})
    answer = put(wire, group)
    assert (answer.status_code, answer.content) == (502, b"")


def test_a_reset_before_leaves_nothing_and_a_reset_after_leaves_it_done(wire: Wire, group: str) -> None:
    set_fault(wire, NSG, "reset-before")
    torn(wire, group, "before")
    set_fault(wire, NSG, "reset-after")
    torn(wire, group, "after")
    assert [wire("GET", nsg(group, name)).status_code for name in ("before", "after")] == [404, 200]


def test_an_answer_is_cut_in_the_middle(wire: Wire, group: str) -> None:
    set_fault(wire, NSG, "reset-after", data={"bytes": 10})
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="10 bytes read"):
        put(wire, group)
    assert wire("GET", nsg(group)).status_code == 200


def test_a_crash_loses_neither_the_work_nor_the_counting(own_cloud: LocalCloud) -> None:
    own_cloud.guest = MEMORY
    wire = wire_to(own_cloud.start())
    group = f"/subscriptions/{own_cloud.subscription}/resourceGroups/g"
    wire("PUT", group, HERE)
    fault = set_fault(wire, NSG, "crash", occurrence=2)
    begun = put(wire, group, "a")
    torn(wire, group, "b")
    assert own_cloud.process is not None
    assert own_cloud.process.wait(10) == 137

    wire = wire_to(own_cloud.start())
    assert hits(wire, fault) == (2, 1)
    assert wire.finish(begun)["status"] == "Succeeded"
    assert [put(wire, group, name).status_code for name in "bc"] == [200, 201]


def test_calls_are_listed_in_order_since_the_last_reset(wire: Wire, group: str) -> None:
    put(wire, group)
    wire("DELETE", "/_local/faults/calls")
    set_fault(wire, NSG, "server-error", occurrence=2)
    wire("GET", group)
    wire.finish(put(wire, group, "a"))
    put(wire, group, "b")
    wire("POST", f"{group}/providers/Microsoft.Compute/virtualMachines/vm/deallocate")
    found = [
        one for one in wire("GET", "/_local/faults/calls").json()["calls"] if "operations" not in one["call"]
    ]

    def of(one: dict[str, Any]) -> tuple[str, int, int, list[str]]:
        return one["call"], one["occurrence"], one["status"], one["faults"]

    assert [of(one) for one in found] == [
        ("GET Microsoft.Resources/resourceGroups", 1, 200, []),
        (NSG, 1, 201, []),
        (NSG, 2, 500, ["server-error"]),
        ("POST Microsoft.Compute/virtualMachines/deallocate", 1, 404, []),
    ]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"operation": "PUT x"},
        {"operation": "PUT x", "kind": "toaster"},
        {"operation": "nonsense", "kind": "throttle"},
        {"operation": "*", "kind": "throttle", "occurrence": 0},
        {"operation": "*", "kind": "throttle", "share": 2},
        {"operation": "*", "kind": "throttle", "wrong": 1},
        {"operation": "*", "kind": "guest-dies"},
        {"operation": "GUEST start", "kind": "throttle"},
        {"operation": "GUEST start", "kind": "ssh-cut"},
        {"operation": "GUEST start", "kind": "disk-full"},
        {"operation": "PUT Microsoft.Compute/disks", "kind": "disk-full"},
        {"name": "nobody-knows-it"},
    ],
)
def test_a_fault_that_means_nothing_is_refused(wire: Wire, body: dict[str, Any]) -> None:
    refused = wire("POST", "/_local/faults", body)
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "InvalidFault")
    assert wire("GET", "/_local/faults").json() == {"faults": []}


def test_one_fault_is_taken_back_and_the_others_stay(wire: Wire) -> None:
    first, second = set_fault(wire, "*", "throttle", occurrence=99), set_fault(wire, NSG, "reset-after")
    assert wire("DELETE", f"/_local/faults/{first}").json() == {"cleared": 1}
    assert [one["id"] for one in wire("GET", "/_local/faults").json()["faults"]] == [second]
    assert wire("DELETE", f"/_local/faults/{first}").status_code == 404


def test_a_named_fault_sets_what_it_is_made_of_and_may_be_narrowed(wire: Wire) -> None:
    wire("POST", "/_local/faults", {"name": "throttled", "seed": 3})
    found = wire("GET", "/_local/faults").json()["faults"]
    assert [(one["kind"], one["share"], one["seed"]) for one in found] == [("throttle", 0.2, 3)]


def test_every_kind_and_every_named_fault_has_a_manual_and_can_be_set(wire: Wire) -> None:
    of_machines = {"disk-full", "guest-dies", "ssh-cut", "windows-state"}
    for kind in wire("GET", "/_local/faults/kinds").json()["kinds"]:
        assert len(kind["manual"]) > 80, kind
        if kind["name"] not in of_machines:
            set_fault(wire, "PUT Microsoft.Nothing/nothings", kind["name"])
    for one in wire("GET", "/_local/faults/named").json()["named"]:
        assert one["manual"], one
        kinds = {fault["kind"] for fault in one["faults"]}
        possible = not kinds & {"disk-full", "ssh-cut", "windows-state"}  # see memory_host
        status = wire("POST", "/_local/faults", {"name": one["name"]}).status_code
        assert status == (201 if possible else 400), one
