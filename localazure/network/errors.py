"""The network service's refusals. Codes and texts are Azure's documented ones unless marked `assumed`."""

from __future__ import annotations

from collections.abc import Iterable

from localazure.arm.errors import ArmError


def bad(code: str, message: str) -> ArmError:
    """A refusal of this service is nearly always 400."""
    return ArmError(400, code, message)


def reference_not_found(reference: str, by: str) -> ArmError:
    """A reference to what does not exist, or lies in another region."""
    return bad(
        "InvalidResourceReference",
        f"Resource {reference} referenced by resource {by} was not found. Please make sure that the "
        "referenced "
        "resource exists, and that both resources are in the same region.",
    )


def malformed_reference(reference: object, path: str) -> ArmError:
    """A reference that is no resource id."""
    return bad(
        "LinkedInvalidPropertyId",
        f"Property id '{reference}' at path '{path}' is invalid. Expect fully qualified resource Id that "
        "start "
        "with '/subscriptions/{subscriptionId}' or '/providers/{resourceProviderNamespace}/'.",
    )


def retryable(code: str, message: str) -> ArmError:
    """429 RetryableError with the reason in its details."""
    return ArmError(
        429, "RetryableError", "A retryable error occurred.", details=[{"code": code, "message": message}]
    )


def not_provisioned(reference: str, by: str, state: str) -> ArmError:
    """A reference to what is being changed or deleted."""
    return retryable(
        "ReferencedResourceNotProvisioned",
        f"Cannot proceed with operation because resource {reference} used by resource {by} is not in "
        "Succeeded "
        f"state. Resource is in {state} state.",
    )


def another_operation(url: str) -> ArmError:
    """A write while another one is in progress."""
    return retryable(
        "AnotherOperationInProgress",
        "Another operation on this or dependent resource is in progress. To retrieve status of the operation "
        "use "
        f"uri: {url}.",
    )


def subnet_in_use(name: str, users: Iterable[str]) -> ArmError:
    """A subnet with interfaces in it."""
    return bad(
        "InUseSubnetCannotBeDeleted",
        f"Subnet {name} is in use by {', '.join(users)} and cannot be deleted. In order to delete the "
        "subnet, "
        "delete all the resources within the subnet. See aka.ms/deletesubnet.",
    )


def group_in_use(rid: str, users: Iterable[str]) -> ArmError:
    """A security group on an interface or a subnet."""
    return bad(
        "InUseNetworkSecurityGroupCannotBeDeleted",
        f"Network security group {rid} cannot be deleted because it is in use by the following resources: "
        f"{', '.join(users)}. In order to delete the Network security group, remove the association with the "
        "resource(s). To learn how to do this, see aka.ms/deletensg.",
    )


def address_in_use(rid: str, user: str) -> ArmError:
    """A public address on an interface."""
    return bad(
        "PublicIPAddressCannotBeDeleted",
        f"Public IP address {rid} can not be deleted since it is still allocated to resource {user}. In "
        "order to "
        "delete the public IP, disassociate/detach the Public IP address from the resource. To learn how to "
        "do "
        "this, see aka.ms/deletepublicip.",
    )


def interface_in_use(rid: str, user: str) -> ArmError:
    """An interface of a machine."""
    return bad(
        "NicInUse",
        f"Network Interface {rid} is used by existing resource {user}. In order to delete the network "
        "interface, "
        "it must be dissociated from the resource. To learn more, see aka.ms/deletenic.",
    )


def resource_in_use(kind: str, rid: str, users: Iterable[str]) -> ArmError:
    """A route table or NAT gateway on a subnet (code by analogy: assumed)."""
    return bad(
        f"InUse{kind}CannotBeDeleted",
        f"{kind} {rid} is in use by {', '.join(users)} and cannot be deleted.",
    )
