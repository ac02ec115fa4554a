"""Network interfaces: addresses, references, and the order in which things may go."""

from __future__ import annotations

from typing import Any

from azure.mgmt.network import NetworkManagementClient
from azure.mgmt.network.models import NetworkInterface, Subnet, VirtualNetwork

from tests.localazure.conftest import Wire

HERE = "westeurope"


def vnet(wire: Wire, group: str, prefix: str = "127.16.0.0/16", subnet: str = "127.16.1.0/24") -> str:
    path = f"{group}/providers/Microsoft.Network/virtualNetworks/net"
    made = wire(
        "PUT",
        path,
        {
            "location": HERE,
            "properties": {
                "addressSpace": {"addressPrefixes": [prefix]},
                "subnets": [{"name": "build", "properties": {"addressPrefix": subnet}}],
            },
        },
    )
    assert made.status_code == 201, made.text
    assert wire.finish(made)["status"] == "Succeeded"
    return f"{path}/subnets/build"


def nic_body(subnet: str, **properties: Any) -> dict[str, Any]:
    more = properties.pop("nic", {})
    configuration = {"name": "ip", "properties": {"subnet": {"id": subnet}, **properties}}
    return {"location": HERE, "properties": {"ipConfigurations": [configuration], **more}}


def nic_path(group: str, name: str) -> str:
    return f"{group}/providers/Microsoft.Network/networkInterfaces/{name}"


def address_of(nic: dict[str, Any]) -> str:
    found: str = nic["properties"]["ipConfigurations"][0]["properties"]["privateIPAddress"]
    return found


def error(response: Any) -> tuple[int, str]:
    return response.status_code, response.json()["error"]["code"]


def test_an_interface_is_201_succeeded_with_an_operation_and_the_first_usable_address(
    wire: Wire, group: str
) -> None:
    subnet = vnet(wire, group)

    made = wire("PUT", nic_path(group, "n1"), nic_body(subnet))

    assert made.status_code == 201
    assert made.json()["properties"]["provisioningState"] == "Succeeded"
    assert (
        "/providers/Microsoft.Network/locations/westeurope/operations/"
        in made.headers["Azure-AsyncOperation"]
    )
    assert address_of(made.json()) == "127.16.1.4"
    assert wire.finish(made) == {"status": "Succeeded"}
    assert address_of(wire("PUT", nic_path(group, "n2"), nic_body(subnet)).json()) == "127.16.1.5"


def test_a_freed_address_is_given_out_again_and_an_interface_keeps_its_own(wire: Wire, group: str) -> None:
    subnet = vnet(wire, group)
    for name in ("n1", "n2"):
        wire.finish(wire("PUT", nic_path(group, name), nic_body(subnet)))
    wire.finish(wire("DELETE", nic_path(group, "n1")))

    again = wire("PUT", nic_path(group, "n2"), nic_body(subnet))
    other = wire("PUT", nic_path(group, "n3"), nic_body(subnet))

    assert (again.status_code, address_of(again.json())) == (200, "127.16.1.5")
    assert address_of(other.json()) == "127.16.1.4"


def test_an_unknown_subnet_is_an_invalid_reference_in_azures_words(wire: Wire, group: str) -> None:
    subnet = vnet(wire, group).replace("/build", "/nowhere")

    refused = wire("PUT", nic_path(group, "n1"), nic_body(subnet))

    assert error(refused) == (400, "InvalidResourceReference")
    assert refused.json()["error"]["message"] == (
        f"Resource {subnet} referenced by resource {nic_path(group, 'n1')} was not found. Please make sure "
        "that the referenced resource exists, and that both resources are in the same region."
    )
    assert wire("GET", nic_path(group, "n1")).status_code == 404


def test_a_network_of_another_region_is_an_invalid_reference(wire: Wire, group: str) -> None:
    body = nic_body(vnet(wire, group)) | {"location": "eastus"}
    assert error(wire("PUT", nic_path(group, "n1"), body)) == (400, "InvalidResourceReference")


def test_static_addresses_must_be_inside_free_and_not_reserved(wire: Wire, group: str) -> None:
    subnet = vnet(wire, group)

    def static(name: str, address: str) -> Any:
        body = nic_body(subnet, privateIPAllocationMethod="Static", privateIPAddress=address)
        return wire("PUT", nic_path(group, name), body)

    assert error(static("a", "127.16.2.9")) == (400, "PrivateIPAddressNotInSubnet")
    assert error(static("a", "127.16.1.3")) == (400, "PrivateIPAddressInReservedRange")
    assert error(static("a", "127.16.1.255")) == (400, "PrivateIPAddressInReservedRange")
    assert static("a", "127.16.1.9").status_code == 201
    assert error(static("b", "127.16.1.9")) == (400, "PrivateIPAddressIsAllocated")


def test_a_full_subnet_refuses(wire: Wire, group: str) -> None:
    subnet = vnet(wire, group, subnet="127.16.1.0/29")
    for index in range(3):
        assert wire("PUT", nic_path(group, f"n{index}"), nic_body(subnet)).status_code == 201
    assert error(wire("PUT", nic_path(group, "n4"), nic_body(subnet))) == (400, "SubnetIsFull")


def test_nothing_goes_while_something_needs_it(wire: Wire, group: str) -> None:
    subnet, net = vnet(wire, group), f"{group}/providers/Microsoft.Network"
    nsg, ip = f"{net}/networkSecurityGroups/nsg", f"{net}/publicIPAddresses/ip"
    standard = {"sku": {"name": "Standard"}, "properties": {"publicIPAllocationMethod": "Static"}}
    wire.finish(wire("PUT", nsg, {"location": HERE}))
    wire.finish(wire("PUT", ip, {"location": HERE} | standard))
    body = nic_body(subnet, publicIPAddress={"id": ip}, nic={"networkSecurityGroup": {"id": nsg}})
    wire.finish(wire("PUT", nic_path(group, "n1"), body))

    assert error(wire("DELETE", subnet)) == (400, "InUseSubnetCannotBeDeleted")
    assert error(wire("DELETE", f"{net}/virtualNetworks/net")) == (400, "InUseSubnetCannotBeDeleted")
    assert error(wire("DELETE", nsg)) == (400, "InUseNetworkSecurityGroupCannotBeDeleted")
    assert error(wire("DELETE", ip)) == (400, "PublicIPAddressCannotBeDeleted")

    for path in (nic_path(group, "n1"), ip, nsg, subnet, f"{net}/virtualNetworks/net"):
        gone = wire("DELETE", path)
        assert gone.status_code == 202, gone.text
        assert wire.finish(gone)["status"] == "Succeeded"
        assert wire("GET", path).status_code == 404
        assert wire("DELETE", path).status_code == 204


def test_a_public_address_serves_one_interface_only(wire: Wire, group: str) -> None:
    subnet, ip = vnet(wire, group), f"{group}/providers/Microsoft.Network/publicIPAddresses/ip"
    static = {
        "location": HERE,
        "sku": {"name": "Standard"},
        "properties": {"publicIPAllocationMethod": "Static"},
    }
    wire.finish(wire("PUT", ip, static))
    body = nic_body(subnet, publicIPAddress={"id": ip})

    assert wire("PUT", nic_path(group, "n1"), body).status_code == 201
    assert error(wire("PUT", nic_path(group, "n2"), body)) == (400, "PublicIPAddressInUse")
    shown = wire("GET", ip).json()
    assert shown["properties"]["ipConfiguration"] == {"id": f"{nic_path(group, 'n1')}/ipConfigurations/ip"}


def test_the_sdk_goes_through_the_whole_life(network: NetworkManagementClient, group: str) -> None:
    name = group.rsplit("/", 1)[1]
    space = {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}
    network.virtual_networks.begin_create_or_update(
        name, "net", VirtualNetwork({"location": HERE, "properties": space})
    ).result()
    subnet = network.subnets.begin_create_or_update(
        name, "net", "s", Subnet({"properties": {"addressPrefix": "10.0.0.0/24"}})
    ).result()
    assert subnet.id is not None
    nic = network.network_interfaces.begin_create_or_update(
        name, "n", NetworkInterface(nic_body(subnet.id))
    ).result()
    assert nic.ip_configurations is not None
    assert nic.ip_configurations[0].private_ip_address == "10.0.0.4"
    used = network.subnets.get(name, "net", "s")
    assert used.ip_configurations is not None
    assert [one.id for one in used.ip_configurations] == [nic.ip_configurations[0].id]

    network.network_interfaces.begin_delete(name, "n").result()
    network.virtual_networks.begin_delete(name, "net").result()
    assert list(network.network_interfaces.list(name)) == []
    assert list(network.virtual_networks.list(name)) == []
