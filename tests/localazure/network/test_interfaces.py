"""Network interfaces: addresses, references, and the order in which things may go."""

from __future__ import annotations

from typing import Any

from azure.mgmt.network import NetworkManagementClient
from azure.mgmt.network.models import NetworkInterface, Subnet, VirtualNetwork

from tests.localazure.conftest import LocalCloud, Wire, wire_to

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


def configurations(subnet: str, *properties: dict[str, Any]) -> dict[str, Any]:
    several = [
        {"name": f"ip{index}", "properties": {"subnet": {"id": subnet}} | more}
        for index, more in enumerate(properties)
    ]
    return {"location": HERE, "properties": {"ipConfigurations": several}}


def test_several_configurations_get_addresses_of_their_own_and_one_is_primary(wire: Wire, group: str) -> None:
    subnet = vnet(wire, group)
    static = {"privateIPAllocationMethod": "Static", "privateIPAddress": "127.16.1.4"}

    made = wire("PUT", nic_path(group, "n"), configurations(subnet, static, {}, {})).json()

    shown = [one["properties"] for one in made["properties"]["ipConfigurations"]]
    assert [one["privateIPAddress"] for one in shown] == ["127.16.1.4", "127.16.1.5", "127.16.1.6"]
    assert [one["primary"] for one in shown] == [True, False, False]


def test_configurations_that_azure_refuses(wire: Wire, group: str) -> None:
    subnet = vnet(wire, group)

    def put(body: dict[str, Any]) -> tuple[int, str]:
        return error(wire("PUT", nic_path(group, "n"), body))

    primary = {"primary": True}
    assert put(configurations(subnet, primary, primary)) == (400, "MultiplePrimaryIpConfigurations")
    assert put(configurations(subnet)) == (400, "NetworkInterfaceMustHaveAtLeastOneIpConfiguration")
    assert put(configurations(subnet, {"subnet": None})) == (400, "SubnetIsRequired")
    lacking = {"privateIPAllocationMethod": "Static"}
    assert put(configurations(subnet, lacking)) == (400, "PrivateIPAddressRequired")
    assert put(configurations(subnet, lacking | {"privateIPAddress": "x"})) == (400, "InvalidIPAddressFormat")
    twice = configurations(subnet, {}, {})
    twice["properties"]["ipConfigurations"][1]["name"] = "IP0"
    assert put(twice) == (400, "InvalidRequestFormat")
    assert put(configurations(subnet, {"publicIPAddress": {"id": "nonsense"}})) == (
        400,
        "LinkedInvalidPropertyId",
    )


def test_a_security_group_shows_where_it_is_used(wire: Wire, group: str) -> None:
    nsg = f"{group}/providers/Microsoft.Network/networkSecurityGroups/nsg"
    subnet = vnet(wire, group)
    wire.finish(wire("PUT", nsg, {"location": HERE}))
    on_it = {"addressPrefix": "127.16.1.0/24", "networkSecurityGroup": {"id": nsg}}
    wire.finish(wire("PUT", subnet, {"properties": on_it}))
    body = nic_body(subnet, nic={"networkSecurityGroup": {"id": nsg}})
    wire.finish(wire("PUT", nic_path(group, "n"), body))

    shown = wire("GET", nsg).json()["properties"]

    assert shown["networkInterfaces"] == [{"id": nic_path(group, "n")}]
    assert shown["subnets"] == [{"id": subnet}]
    wire.finish(wire("PUT", nic_path(group, "n"), nic_body(subnet)))
    assert "networkInterfaces" not in wire("GET", nsg).json()["properties"]


def test_patch_changes_tags_alone(wire: Wire, group: str) -> None:
    wire.finish(wire("PUT", nic_path(group, "n"), nic_body(vnet(wire, group))))
    changed = wire("PATCH", nic_path(group, "n"), {"tags": {"role": "build"}})
    assert changed.json()["tags"] == {"role": "build"}
    assert address_of(changed.json()) == "127.16.1.4"
    other = wire("PATCH", nic_path(group, "n"), {"properties": {"enableIPForwarding": True}})
    assert error(other) == (400, "InvalidRequestContent")
    assert error(wire("PATCH", nic_path(group, "m"), {"tags": {}})) == (404, "ResourceNotFound")


def test_the_result_of_a_deletion_is_202_until_it_is_204(own_cloud: LocalCloud) -> None:
    own_cloud.options = ("--scale", "0.1")
    wire = wire_to(own_cloud.start())
    group = f"/subscriptions/{own_cloud.subscription}/resourceGroups/g"
    nsg = f"{group}/providers/Microsoft.Network/networkSecurityGroups/nsg"
    wire("PUT", group, {"location": HERE})
    wire.finish(wire("PUT", nsg, {"location": HERE}))

    gone = wire("DELETE", nsg)
    assert gone.status_code == 202
    assert "/operationResults/" in gone.headers["Location"]
    assert wire("GET", nsg).json()["properties"]["provisioningState"] == "Deleting"
    waiting = wire("GET", gone.headers["Location"])
    assert (waiting.status_code, waiting.headers["Location"]) == (202, gone.headers["Location"])
    assert wire("GET", gone.headers["Azure-AsyncOperation"]).json() == {"status": "InProgress"}
    assert error(wire("DELETE", nsg)) == (429, "RetryableError")
    wire.finish(gone)
    assert wire("GET", gone.headers["Location"]).status_code == 204


def test_an_operation_that_never_was_is_404(wire: Wire) -> None:
    place = f"/subscriptions/{wire.cloud.subscription}/providers/Microsoft.Network/locations/westeurope"
    assert error(wire("GET", f"{place}/operations/0")) == (404, "NotFound")
    assert error(wire("GET", f"{place}/operationResults/0")) == (404, "NotFound")
