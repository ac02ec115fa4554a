"""Resource groups, tags, subnets, security groups, interfaces, and ids."""

from datetime import timedelta

import pytest

from factory.azure import groups, network
from factory.azure.client import Azure
from factory.azure.ids import ArmId, same_id
from factory.azure.network import SecurityRule
from factory.errors import AuthorizationFailed, InvalidInput, NotFound, OperationTimedOut, ScopeLocked
from tests.factory.azure.bodies import NIC, SUBNET, VERSION
from tests.factory.azure.conftest import JumpingClock
from tests.factory.azure.wire import GROUP, Answer, Wire, fails, running, succeeded

SOON = timedelta(minutes=5)


def group(name: str, **tags: str) -> dict[str, object]:
    properties = {"provisioningState": "Succeeded"}
    return {"id": f"{GROUP}-{name}", "name": name, "location": "w", "tags": tags, "properties": properties}


async def test_a_group_is_made_with_its_tags(azure: Azure, wire: Wire) -> None:
    wire.on("GET", "/resourceGroups/a", fails(404, "ResourceGroupNotFound"))
    wire.on("PUT", "/resourceGroups/a", Answer(201, group("a", run="r")))
    made = await groups.create_group(azure, "a", "w", {"run": "r"})
    assert (made.name, made.tags, made.provisioning_state) == ("a", {"run": "r"}, "Succeeded")
    assert wire.sent("PUT")[0].body == {"location": "w", "tags": {"run": "r"}}


async def test_a_group_that_is_not_there_is_none(azure: Azure, wire: Wire) -> None:
    wire.on("GET", "/resourceGroups/a", fails(404, "ResourceGroupNotFound"))
    assert await groups.get_group(azure, "a") is None


async def test_a_wrong_subscription_is_not_taken_for_a_group_that_is_gone(azure: Azure, wire: Wire) -> None:
    for method in ("GET", "DELETE"):
        wire.on(method, "/resourceGroups/a", fails(404, "SubscriptionNotFound", "could not be found"))
    with pytest.raises(AuthorizationFailed, match="AZURE_SUBSCRIPTION_ID"):
        await groups.get_group(azure, "a")
    with pytest.raises(AuthorizationFailed):
        await groups.delete_group(azure, "a", deadline=SOON)


async def test_a_deletion_is_waited_for_only_with_a_deadline(
    azure: Azure, wire: Wire, clock: JumpingClock
) -> None:
    wire.on("DELETE", "/resourceGroups/a", Answer(202, None, wire.serve_operation(running(), succeeded())))
    await groups.delete_group(azure, "a", deadline=None)
    assert len(wire.requests) == 1
    await groups.delete_group(azure, "a", deadline=SOON)
    assert clock.sleeps == [1.0]


async def test_a_deletion_that_does_not_end_is_told(azure: Azure, wire: Wire) -> None:
    wire.on("DELETE", "/resourceGroups/a", Answer(202, None, wire.serve_operation(running())))
    with pytest.raises(OperationTimedOut, match="delete resource group a"):
        await groups.delete_group(azure, "a", deadline=SOON)


async def test_a_locked_group_stays_and_the_lock_is_named(azure: Azure, wire: Wire) -> None:
    wire.on(
        "DELETE", "/resourceGroups/a", fails(409, "ScopeLocked", "are locked: '/x'. Please remove the lock")
    )
    with pytest.raises(ScopeLocked, match="/x"):
        await groups.delete_group(azure, "a", deadline=SOON)


async def test_groups_are_listed_by_the_name_of_a_tag_and_chosen_by_its_value_here(
    azure: Azure, wire: Wire
) -> None:
    listing = {"value": [group("a", Factory="one"), group("b", factory="two"), group("c", factory="One")]}
    wire.on("GET", "/resourcegroups", Answer(200, listing))
    assert [found.name for found in await groups.list_groups_by_tag(azure, "factory")] == ["a", "b", "c"]
    assert [found.name for found in await groups.list_groups_by_tag(azure, "factory", "one")] == ["a"]
    assert wire.requests[0].query["$filter"] == "tagName eq 'factory'"


async def test_resources_are_listed_by_tag_over_all_groups(azure: Azure, wire: Wire) -> None:
    one = {"id": VERSION, "name": "1.0.0", "type": "T/v", "location": "w", "tags": {"factory": "it's"}}
    wire.on("GET", "/resources", Answer(200, {"value": [one]}))
    (found,) = await groups.list_resources_by_tag(azure, "factory", "it's")
    assert (found.id, found.type) == (VERSION, "T/v")


async def test_a_group_that_is_not_there_holds_nothing(azure: Azure, wire: Wire) -> None:
    wire.on("GET", "/resources", fails(404, "ResourceGroupNotFound"))
    assert await groups.list_resources(azure, "rg") == []


async def test_a_resource_is_deleted_by_its_id_in_the_version_of_its_type(azure: Azure, wire: Wire) -> None:
    wire.on("DELETE", "/versions/1.0.0", Answer(202, None, wire.serve_operation(succeeded())))
    await groups.delete_resource(azure, VERSION, deadline=SOON)
    assert wire.requests[0].query["api-version"] == azure.connection.api_versions.galleries
    wire.on("DELETE", "/versions/1.0.0", fails(404, "ResourceNotFound"))
    await groups.delete_resource(azure, VERSION, deadline=SOON)


NETWORK = {
    "id": SUBNET.rsplit("/", 2)[0],
    "name": "net",
    "location": "westeurope",
    "properties": {
        "subnets": [
            {
                "id": "/other",
                "name": "other",
                "properties": {"addressPrefixes": ["10.1.0.0/24", "10.2.0.0/24"]},
            },
            {
                "id": SUBNET,
                "name": "build",
                "properties": {"addressPrefix": "10.0.0.0/24", "natGateway": {"id": "/nat"}},
            },
        ]
    },
}


async def test_a_subnet_is_read_with_the_location_of_its_network(azure: Azure, wire: Wire) -> None:
    wire.on("GET", "/virtualNetworks/net", Answer(200, NETWORK))
    subnet = await network.get_subnet(azure, SUBNET)
    assert (subnet.name, subnet.location, subnet.prefixes) == ("build", "westeurope", ("10.0.0.0/24",))
    assert subnet.nat_gateway_id == "/nat"
    with pytest.raises(NotFound, match="has no such subnet"):
        await network.get_subnet(azure, SUBNET.replace("build", "none"))


async def test_what_is_not_a_subnet_is_refused_before_any_call(azure: Azure, wire: Wire) -> None:
    for wrong in (NIC, "build"):
        with pytest.raises(InvalidInput):
            await network.get_subnet(azure, wrong)
    assert not wire.requests


async def test_a_security_group_holds_exactly_its_rules(azure: Azure, wire: Wire) -> None:
    wire.on("GET", "/networkSecurityGroups/n", fails(404, "ResourceNotFound"))
    wire.on("PUT", "/networkSecurityGroups/n", Answer(200, {"id": "/nsg", "name": "n", "location": "w"}))
    rules = [SecurityRule("in", 100, "Inbound", "Allow", "Tcp", source="10.0.0.9/32", port="22")]
    made = await network.create_security_group(azure, "rg", "n", "w", rules, tags={"run": "r"})
    assert made == "/nsg"
    (rule,) = wire.sent("PUT")[0].body["properties"]["securityRules"]
    assert rule["properties"] == {
        "priority": 100,
        "direction": "Inbound",
        "access": "Allow",
        "protocol": "Tcp",
        "sourcePortRange": "*",
        "sourceAddressPrefix": "10.0.0.9/32",
        "destinationAddressPrefix": "*",
        "destinationPortRange": "22",
    }


async def test_an_interface_has_a_private_address_and_no_public_one(azure: Azure, wire: Wire) -> None:
    addresses = [
        {"name": "second", "properties": {"privateIPAddress": "10.0.0.6"}},
        {
            "name": "private",
            "properties": {"privateIPAddress": "10.0.0.5", "primary": True, "subnet": {"id": SUBNET}},
        },
    ]
    body = {"id": NIC, "name": "nic", "location": "w", "properties": {"ipConfigurations": addresses}}
    wire.on("PUT", "/networkInterfaces/nic", Answer(201, body))
    wire.on("GET", "/networkInterfaces/nic", fails(404, "ResourceNotFound"), Answer(200, body))
    made = await network.create_interface(
        azure, "rg", "nic", "w", subnet_id=SUBNET, security_group_id="/nsg", tags={"run": "r"}
    )
    assert (made.private_ip, made.subnet_id) == ("10.0.0.5", SUBNET)
    sent = wire.sent("PUT")[0].body["properties"]
    assert sent["networkSecurityGroup"] == {"id": "/nsg"}
    assert "publicIPAddress" not in str(sent)
    assert (await network.get_interface(azure, NIC)).private_ip == "10.0.0.5"


def test_ids_are_taken_apart_and_compared_without_case() -> None:
    rid = ArmId.parse(VERSION)
    assert (rid.group, rid.type) == ("rg", "Microsoft.Compute/galleries/images/versions")
    assert rid.names == ("gal", "debian", "1.0.0")
    assert rid.parent.endswith("/images/debian")
    assert same_id(VERSION, VERSION.upper())
    assert not same_id(VERSION, rid.parent)
    assert ArmId.parse(GROUP).type == "Microsoft.Resources/resourceGroups"
    assert ArmId.parse(GROUP).name == "rg"


@pytest.mark.parametrize(
    "text", ["", "vm", "/subscriptions/s", "/subscriptions/s/resourceGroups/g/providers/P/t"]
)
def test_what_is_no_id_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="not a resource id"):
        ArmId.parse(text)
