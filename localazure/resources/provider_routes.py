"""Resource providers and their registration, which is a state of the subscription."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from localazure.arm import gate
from localazure.arm.calls import Call
from localazure.arm.envelope import REGIONS
from localazure.arm.errors import ArmError
from localazure.arm.ids import ResourceId
from localazure.arm.operations import Operation, Output, job
from localazure.arm.routing import route
from localazure.arm.wire import page, reply
from localazure.arm.world import World

from .catalogue import COMPUTE, NAMESPACES, NETWORK

_TYPES = {"microsoft.compute": COMPUTE, "microsoft.network": NETWORK}
_VERSIONS = ["2026-04-01", "2026-03-03", "2026-03-02", "2026-03-01", "2024-07-01"]


def _provider(world: World, name: str) -> dict[str, Any]:
    places = [shown for shown, _ in REGIONS.values()]
    return {
        "id": f"/subscriptions/{world.config.subscription}/providers/{name}",
        "namespace": name,
        "resourceTypes": [
            {"resourceType": kind, "locations": places, "apiVersions": _VERSIONS, "capabilities": "None"}
            for kind in sorted(_TYPES.get(name.lower(), ()))
        ],
        "registrationState": gate.registration(world, name),
        "registrationPolicy": "RegistrationRequired",
    }


def _known(call: Call) -> str:
    name = NAMESPACES.get(call.path["namespace"].lower())
    if name is None:
        raise ArmError(
            404,
            "InvalidResourceNamespace",
            f"The resource namespace '{call.path['namespace']}' is invalid.",
        )
    return name


@route("GET", "/subscriptions/{sub}/providers")
async def list_providers(call: Call) -> Response:
    """All namespaces with their registration."""
    return page(call, [_provider(call.world, name) for name in NAMESPACES.values()])


@route("GET", "/subscriptions/{sub}/providers/{namespace}")
async def get_provider(call: Call) -> Response:
    """One namespace."""
    return reply(_provider(call.world, _known(call)))


@route("POST", "/subscriptions/{sub}/providers/{namespace}/register")
async def register_provider(call: Call) -> Response:
    """Register: Registering at first, Registered a while later."""
    name, world = _known(call), call.world
    if gate.registration(world, name) not in ("Registered", "Registering"):
        gate.set_registration(world, name, "Registering")
        world.operations.start(
            "provider.register",
            subject=ResourceId(world.config.subscription),
            location="global",
            args={"namespace": name},
            provider="Microsoft.Resources",
        )
    return reply(_provider(world, name))


@job("provider.register")
async def finish_registration(world: World, op: Operation) -> Output:
    """Take as long as Azure does, then it is registered."""
    await world.time.take("provider.register")
    gate.set_registration(world, op.args["namespace"], "Registered")
    return None


@route("POST", "/subscriptions/{sub}/providers/{namespace}/unregister")
async def unregister_provider(call: Call) -> Response:
    """Unregister at once (Azure refuses while resources exist; so do we, code assumed)."""
    name, world = _known(call), call.world
    prefix = f"{name.lower()}/"
    documents = world.store.beneath(f"/subscriptions/{world.config.subscription}")
    if any(doc["type"].lower().startswith(prefix) for doc in documents):
        raise ArmError(
            409,
            "CannotUnregisterWithActiveResources",
            f"The subscription cannot be unregistered from resource namespace '{name}'. Please delete "
            "existing "
            "resources for the provider before unregistering the subscription.",
        )
    gate.set_registration(world, name, "Unregistered")
    return reply(_provider(world, name))
