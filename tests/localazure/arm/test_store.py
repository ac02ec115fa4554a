"""The store gives out copies, writes through, and undoes what fails half-way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from localazure.arm.store import Store

GROUP = "/subscriptions/s/resourceGroups/g"
NETS = f"{GROUP}/providers/Microsoft.Network/virtualNetworks"


def doc(rid: str, kind: str = "Microsoft.Network/virtualNetworks", **more: Any) -> dict[str, Any]:
    return {"id": rid, "name": rid.rsplit("/", 1)[1], "type": kind, "properties": {}, **more}


def test_a_document_is_found_in_any_case_and_changing_it_changes_nothing_stored() -> None:
    store = Store(":memory:")
    store.put(doc(f"{NETS}/Net"))
    found = store.get(f"{NETS}/NET".upper())
    assert found is not None
    found["properties"]["x"] = 1
    assert store.get(f"{NETS}/net") == doc(f"{NETS}/Net")


def test_what_was_put_is_there_for_the_next_process_without_a_close(tmp_path: Path) -> None:
    Store(tmp_path / "db").put(doc(f"{NETS}/net", _private=1))
    assert Store(tmp_path / "db").get(f"{NETS}/net") == doc(f"{NETS}/net", _private=1)


def test_a_failure_inside_together_leaves_neither_memory_nor_disk_changed(tmp_path: Path) -> None:
    store = Store(tmp_path / "db")
    store.put(doc(f"{NETS}/a"))

    def break_half_way() -> None:
        with store.together():
            store.put(doc(f"{NETS}/b"))
            store.delete(f"{NETS}/a")
            raise RuntimeError("half-way")

    with pytest.raises(RuntimeError):
        break_half_way()
    for seen in (store, Store(tmp_path / "db")):
        assert [one["name"] for one in seen.list("Microsoft.Network/virtualNetworks")] == ["a"]


def test_children_are_direct_and_a_tree_goes_as_a_whole() -> None:
    store = Store(":memory:")
    subnet = "Microsoft.Network/virtualNetworks/subnets"
    store.put(doc(f"{NETS}/net"))
    store.put(doc(f"{NETS}/net/subnets/s", subnet))
    store.put(doc(f"{NETS}/net2"))

    assert [one["name"] for one in store.children(GROUP)] == ["net", "net2"]
    assert [one["name"] for one in store.children(f"{NETS}/net")] == ["s"]
    store.delete_tree(f"{NETS}/net")
    assert [one["name"] for one in store.beneath(GROUP)] == ["net2"]


def test_lists_are_of_one_type_in_one_group() -> None:
    store = Store(":memory:")
    store.put(doc(f"{NETS}/b"))
    store.put(doc(f"{NETS}/a"))
    store.put(doc("/subscriptions/s/resourceGroups/other/providers/Microsoft.Network/virtualNetworks/c"))
    kind = "microsoft.network/VIRTUALNETWORKS"
    assert [one["name"] for one in store.list(kind, group="G")] == ["a", "b"]
    assert [one["name"] for one in store.list(kind, subscription="S")] == ["a", "b", "c"]
    assert store.list(kind, subscription="other") == []


def test_facts_survive(tmp_path: Path) -> None:
    Store(tmp_path / "db").set_fact("count", {"a": 1})
    assert Store(tmp_path / "db").fact("count") == {"a": 1}
    assert Store(tmp_path / "db").fact("none", 3) == 3
