"""The namespaces of Azure that we know of, and what to say of paths that no route answers.

A type that Azure has and this server does not is 501 and counted; a name that Azure does not know either gets
Azure's own answer. The lists are from memory of Azure's documentation (assumed), not complete, and err
towards 501.
"""

from __future__ import annotations

from localazure.arm.errors import ArmError, not_implemented

COMPUTE = frozenset(
    {
        "virtualmachines",
        "virtualmachines/extensions",
        "virtualmachines/runcommands",
        "disks",
        "snapshots",
        "images",
        "galleries",
        "galleries/images",
        "galleries/images/versions",
        "galleries/applications",
        "galleries/applications/versions",
        "restorepointcollections",
        "restorepointcollections/restorepoints",
        "availabilitysets",
        "proximityplacementgroups",
        "diskencryptionsets",
        "diskaccesses",
        "sshpublickeys",
        "virtualmachinescalesets",
        "hostgroups",
        "hostgroups/hosts",
        "capacityreservationgroups",
        "locations",
        "skus",
        "operations",
        "cloudservices",
    }
)
NETWORK = frozenset(
    {
        "virtualnetworks",
        "virtualnetworks/subnets",
        "virtualnetworks/virtualnetworkpeerings",
        "networksecuritygroups",
        "networksecuritygroups/securityrules",
        "networksecuritygroups/defaultsecurityrules",
        "networkinterfaces",
        "networkinterfaces/ipconfigurations",
        "publicipaddresses",
        "publicipprefixes",
        "routetables",
        "routetables/routes",
        "natgateways",
        "loadbalancers",
        "applicationgateways",
        "applicationsecuritygroups",
        "azurefirewalls",
        "bastionhosts",
        "privateendpoints",
        "privatednszones",
        "dnszones",
        "networkwatchers",
        "virtualnetworkgateways",
        "expressroutecircuits",
        "locations",
        "operations",
    }
)
NAMESPACES: dict[str, str] = {
    name.lower(): name
    for name in (
        "Microsoft.Authorization",
        "Microsoft.Compute",
        "Microsoft.Insights",
        "Microsoft.KeyVault",
        "Microsoft.ManagedIdentity",
        "Microsoft.Network",
        "Microsoft.OperationalInsights",
        "Microsoft.PolicyInsights",
        "Microsoft.RecoveryServices",
        "Microsoft.ResourceGraph",
        "Microsoft.Resources",
        "Microsoft.Storage",
        "Microsoft.VirtualMachineImages",
    )
}
_KNOWN = {"microsoft.compute": COMPUTE, "microsoft.network": NETWORK}
# subscription-wide and regional paths have more shapes than `types` of a resource: never called unknown
_OPEN = frozenset({"locations", "skus", "operations"})


def unrouted(method: str, path: str, api_version: str) -> tuple[ArmError, str]:
    """The answer to a path without a route, and its shape (names left out) for counting."""
    parts = path.strip("/").split("/")
    namespace, types = _named(parts)
    shape = f"{method} {_shape(namespace, types, parts)}"
    if namespace is None:
        return not_implemented(shape), shape
    known = NAMESPACES.get(namespace.lower())
    if known is None:
        return (
            ArmError(404, "InvalidResourceNamespace", f"The resource namespace '{namespace}' is invalid."),
            shape,
        )
    catalogue = _KNOWN.get(namespace.lower())
    if catalogue is not None and types and types[0].lower() not in _OPEN | catalogue:
        return (
            ArmError(
                404,
                "InvalidResourceType",
                f"The resource type '{types[0]}' could not be found in the namespace '{known}' for api "
                "version "
                f"'{api_version}'. The supported api-versions are '{api_version}'.",
            ),
            shape,
        )
    return not_implemented(shape), shape


def _named(parts: list[str]) -> tuple[str | None, list[str]]:
    lower = [part.lower() for part in parts]
    if "providers" not in lower:
        return None, []
    at = len(lower) - 1 - lower[::-1].index("providers")
    if at + 1 >= len(parts):
        return None, []
    return parts[at + 1], parts[at + 2 :: 2]


def _shape(namespace: str | None, types: list[str], parts: list[str]) -> str:
    if namespace is not None:
        return "/".join([namespace, *types])
    return "/" + "/".join("{}" if index % 2 else part for index, part in enumerate(parts))
