"""A cloud with machines of the memory host, and what tests of compute do over and over."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any
from uuid import uuid4

import requests
from azure.mgmt.compute import ComputeManagementClient

from tests.localazure.conftest import LocalCloud, Wire

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJmQf0Xz1J0lQ4n6q1b1f1s7mQmYx0QJ0mT0x2l8o3Gk someone"
PASSWORD = "Correct-Horse-9"
SIZE = "Standard_D2s_v5"
MARKETPLACE = {"publisher": "Debian", "offer": "debian-12", "sku": "12-gen2", "version": "latest"}


def os_profile(user: str = "operator", name: str = "box") -> dict[str, Any]:
    return {
        "computerName": name,
        "adminUsername": user,
        "linuxConfiguration": {
            "disablePasswordAuthentication": True,
            "ssh": {"publicKeys": [{"path": f"/home/{user}/.ssh/authorized_keys", "keyData": KEY}]},
        },
    }


@dataclass
class Yard:
    """A resource group with a subnet, and shorthands for what happens in it."""

    cloud: LocalCloud
    wire: Wire
    group: str
    """The path of the resource group."""

    @property
    def name(self) -> str:
        return self.group.rsplit("/", 1)[-1]

    def path(self, kind: str, name: str) -> str:
        return f"{self.group}/providers/Microsoft.Compute/{kind}/{name}"

    @cached_property
    def subnet(self) -> str:
        vnet = f"{self.group}/providers/Microsoft.Network/virtualNetworks/net"
        second = 20 + int(uuid4().hex[:2], 16) % 120  # below what tests of guests share out
        body = {
            "location": "westeurope",
            "properties": {
                "addressSpace": {"addressPrefixes": [f"127.16.{second}.0/24"]},
                "subnets": [{"name": "build", "properties": {"addressPrefix": f"127.16.{second}.0/24"}}],
            },
        }
        self.done(self.wire("PUT", vnet, body))
        return f"{vnet}/subnets/build"

    def nic(self, name: str = "", **properties: Any) -> str:
        path = (
            f"{self.group}/providers/Microsoft.Network/networkInterfaces/{name or 'nic-' + uuid4().hex[:6]}"
        )
        configuration = {"name": "ip", "properties": {"subnet": {"id": self.subnet}} | properties}
        body = {"location": "westeurope", "properties": {"ipConfigurations": [configuration]}}
        self.done(self.wire("PUT", path, body))
        return path

    def done(self, response: requests.Response) -> dict[str, Any]:
        """Follow an operation to its successful end."""
        assert response.status_code in (200, 201, 202), response.text
        if "Azure-AsyncOperation" not in response.headers:
            return response.json() if response.text else {}
        status = self.wire.finish(response)
        assert status["status"] == "Succeeded", status
        return status

    def failed(self, response: requests.Response) -> dict[str, Any]:
        """Follow an operation to its failed end; the error."""
        return self._ended(response, "Failed")

    def canceled(self, response: requests.Response) -> dict[str, Any]:
        """Follow an operation to where another has overtaken it; the error."""
        return self._ended(response, "Canceled")

    def _ended(self, response: requests.Response, how: str) -> dict[str, Any]:
        assert response.status_code in (200, 201, 202), response.text
        status = self.wire.finish(response)
        assert status["status"] == how, status
        found: dict[str, Any] = status["error"]
        return found

    def refused(self, response: requests.Response) -> tuple[int, str, str]:
        assert response.status_code >= 400, response.text
        error = response.json()["error"]
        return response.status_code, error["code"], error["message"]

    def machine_body(self, **properties: Any) -> dict[str, Any]:
        """A machine from the marketplace; what is None is left out."""
        given = {
            "hardwareProfile": {"vmSize": SIZE},
            "storageProfile": {"imageReference": MARKETPLACE, "osDisk": {"createOption": "FromImage"}},
            "osProfile": os_profile(),
        } | properties
        if "networkProfile" not in given:
            given["networkProfile"] = {"networkInterfaces": [{"id": self.nic()}]}
        return {"location": "westeurope", "properties": {k: v for k, v in given.items() if v is not None}}

    def machine(self, name: str = "vm", **properties: Any) -> str:
        """Create a machine; its path."""
        path = self.path("virtualMachines", name)
        self.done(self.wire("PUT", path, self.machine_body(**properties)))
        return path

    def act(self, vm: str, action: str, body: Any = None, **query: str) -> requests.Response:
        return self.wire("POST", f"{vm}/{action}", body, **query)

    def get(self, path: str, **query: str) -> dict[str, Any]:
        response = self.wire("GET", path, **query)
        assert response.status_code == 200, response.text
        found: dict[str, Any] = response.json()
        return found

    def statuses(self, vm: str) -> list[str]:
        return [one["code"] for one in self.get(f"{vm}/instanceView")["statuses"]]

    def bring(self, vm: str, state: str) -> None:
        """Bring a running machine into a state of the transition table."""
        if state in ("stopped", "generalized"):
            self.done(self.act(vm, "powerOff"))
        if state == "deallocated":
            self.done(self.act(vm, "deallocate"))
        if state == "generalized":
            assert self.act(vm, "generalize").status_code == 200

    def disk(self, name: str, **properties: Any) -> str:
        path = self.path("disks", name)
        given = {"creationData": {"createOption": "Empty"}, "diskSizeGB": 8} | properties
        self.done(self.wire("PUT", path, {"location": "westeurope", "properties": given}))
        return path

    def snapshot(self, name: str, source: str, **properties: Any) -> str:
        path = self.path("snapshots", name)
        given = {"creationData": {"createOption": "Copy", "sourceResourceId": source}} | properties
        self.done(self.wire("PUT", path, {"location": "westeurope", "properties": given}))
        return path

    # the memory host, behind the wire

    def look(self) -> dict[str, Any]:
        found: dict[str, Any] = self.wire("GET", "/_stub").json()
        return found

    def behave(self, machine: str, **behaviour: Any) -> None:
        assert self.wire("POST", f"/_stub/machines/{machine}", behaviour).status_code == 200

    def files(self, disk: str) -> dict[str, Any]:
        """What is on a disk or snapshot."""
        seen = self.look()
        found: dict[str, Any] = seen["contents"][seen["content_of"][disk.lower()]]["files"]
        return found

    def write(self, disk: str, **files: Any) -> None:
        content = self.look()["content_of"][disk.lower()]
        assert self.wire("POST", f"/_stub/contents/{content}", files).status_code == 200

    def os_disk(self, vm: str) -> str:
        found: str = self.get(vm)["properties"]["storageProfile"]["osDisk"]["managedDisk"]["id"]
        return found

    def guest(self, vm: str) -> dict[str, Any]:
        """The machine as the host has it."""
        found: dict[str, Any] = self.look()["machines"][self.get(vm)["properties"]["vmId"]]
        return found

    def compute(self) -> ComputeManagementClient:
        return ComputeManagementClient(
            self.cloud.credential(), self.cloud.subscription, **self.cloud.client_options()
        )
