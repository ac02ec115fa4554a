"""Ids compare without case and show what was written."""

from __future__ import annotations

import pytest

from localazure.arm.ids import ResourceId

SUB = "/subscriptions/0ed36d68-1da7-4d3c-b274-671033fdd46a"
VNET = f"{SUB}/resourceGroups/G/providers/Microsoft.Network/virtualNetworks/Net"


def test_ids_that_differ_in_case_alone_are_the_same_key_and_equal() -> None:
    one, other = ResourceId.parse(VNET), ResourceId.parse(VNET.upper())
    assert one == other
    assert hash(one) == hash(other)
    assert one.key == VNET.lower()
    assert (one.text, other.text) == (
        VNET,
        VNET.upper()
        .replace("/SUBSCRIPTIONS", "/subscriptions")
        .replace("/RESOURCEGROUPS", "/resourceGroups")
        .replace("/PROVIDERS", "/providers"),
    )


def test_the_parts_of_a_nested_resource() -> None:
    rid = ResourceId.parse(f"{VNET}/subnets/build")
    assert (rid.type, rid.name) == ("Microsoft.Network/virtualNetworks/subnets", "build")
    assert rid.parent is not None
    assert rid.parent.text == VNET
    above = rid.parent.parent
    assert above is not None
    assert above.text == f"{SUB}/resourceGroups/G"
    assert above.type == "Microsoft.Resources/resourceGroups"
    assert above.parent is not None
    assert above.parent.parent is None


def test_an_extension_knows_what_it_hangs_on() -> None:
    rid = ResourceId.parse(f"{VNET}/providers/Microsoft.Authorization/locks/l")
    assert rid.extends is not None
    assert rid.extends.text == VNET
    assert rid.parent == rid.extends
    assert rid.type == "Microsoft.Authorization/locks"
    assert rid.text == f"{VNET}/providers/Microsoft.Authorization/locks/l"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/",
        "subscriptions/x",
        f"{SUB}//resourceGroups/g",
        f"{SUB}/resourceGroups",
        f"{VNET}/subnets",
        f"{SUB}/resourceGroups/g/providers/Microsoft.Compute",
        f"{SUB}/disks/d",
    ],
)
def test_what_is_no_id_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a resource id"):
        ResourceId.parse(text)


def test_under_means_the_same_or_below_and_never_a_longer_name() -> None:
    vnet = ResourceId.parse(VNET)
    assert ResourceId.parse(f"{VNET}/subnets/a").is_under(vnet)
    assert vnet.is_under(vnet)
    assert not ResourceId.parse(f"{VNET}2").is_under(vnet)
