"""Azure's errors by code, as Azure writes them."""

import json
from typing import Any

import pytest

from factory import errors
from factory.azure.client import Azure
from factory.azure.errors import RULES
from factory.errors import AzureError
from tests.factory.azure.wire import COMPUTE, Answer, Wire

VM = f"{COMPUTE}/virtualMachines/vm"

QUOTA = (
    "Operation could not be completed as it results in exceeding approved Total Regional Cores quota. "
    "Additional details - Deployment Model: Resource Manager, Current Limit: 10, Current Usage: 8"
)
THROTTLED = {
    "error": {
        "code": "OperationNotAllowed",
        "message": "The server rejected the request because too many requests have been received for this "
        "subscription.",
        "details": [
            {
                "code": "TooManyRequests",
                "target": "HighCostGet",
                "message": '{"operationGroup":"HighCostGet","allowedRequestCount":300}',
            }
        ],
    }
}


async def provoke(azure: Azure, wire: Wire, status: int, body: Any, **headers: str) -> AzureError:
    wire.on("POST", "/generalize", Answer(status, body, headers))
    machines = azure.compute.virtual_machines
    with pytest.raises(AzureError) as caught:
        await azure.call("generalize VM vm", machines.generalize, "rg", "vm")
    return caught.value


def error(code: str, message: str, **more: Any) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, **more}}


@pytest.mark.parametrize(
    ("kind", "status", "code", "message"),
    [
        (
            errors.NotFound,
            404,
            "ResourceNotFound",
            "The Resource 'x' under resource group 'rg' was not found.",
        ),
        (errors.NotFound, 404, "ResourceGroupNotFound", "Resource group 'x' could not be found."),
        (
            errors.OperationNotAllowed,
            409,
            "OperationNotAllowed",
            "Operation 'start' is not allowed on VM 'vm' since the VM is generalized.",
        ),
        (
            errors.OperationNotAllowed,
            409,
            "OperationNotAllowed",
            "Operation 'generalize' is not allowed on VM 'vm' since the VM is running.",
        ),
        (
            errors.Busy,
            409,
            "OperationNotAllowed",
            "Operation 'start' is not allowed on VM 'vm' since another operation is in progress.",
        ),
        (errors.InUse, 409, "OperationNotAllowed", "Disk d is attached to VM /subscriptions/s/x."),
        (errors.QuotaExceeded, 409, "OperationNotAllowed", QUOTA),
        (
            errors.SkuNotAvailable,
            409,
            "SkuNotAvailable",
            "The requested size for resource 'x' is currently not available",
        ),
        (errors.AllocationFailed, 409, "AllocationFailed", "Allocation failed."),
        (errors.AllocationFailed, 409, "ZonalAllocationFailed", "Allocation failed."),
        (errors.Throttled, 400, "TooManyRequests", "slow down"),
        (errors.PolicyDenied, 403, "RequestDisallowedByPolicy", "Resource 'vm1' was disallowed by policy."),
        (errors.ScopeLocked, 409, "ScopeLocked", "The scope 'x' cannot perform delete operation"),
        (errors.AuthenticationFailed, 401, "ExpiredAuthenticationToken", "The access token expiry UTC time"),
        (
            errors.AuthorizationFailed,
            403,
            "AuthorizationFailed",
            "The client 'x' does not have authorization",
        ),
        (
            errors.AuthorizationFailed,
            403,
            "LinkedAuthorizationFailed",
            "The client has permission, but not on subnet",
        ),
        (
            errors.ProvisioningTimedOut,
            409,
            "OSProvisioningTimedOut",
            "OS Provisioning for VM 'x' did not finish",
        ),
        (errors.ProvisioningFailed, 409, "OSProvisioningClientError", "OS provisioning for VM 'x' failed."),
        (errors.ExtensionFailed, 409, "VMExtensionProvisioningError", "VM has reported a failure"),
        (
            errors.MarketplaceTermsOrPlan,
            400,
            "VMMarketplaceInvalidInput",
            "requires Plan information in the request",
        ),
        (errors.MarketplaceTermsOrPlan, 400, "ResourcePurchaseValidationFailed", "legal terms not accepted"),
        (
            errors.InUse,
            409,
            "CannotDeleteResource",
            "Can not delete resource before nested resources are deleted.",
        ),
        (errors.Conflict, 409, "DeleteGalleryImageVersionBlockedBeforeEndOfLife", "blocked"),
        (errors.Conflict, 409, "PropertyChangeNotAllowed", "Changing property 'osDisk' is not allowed."),
        (errors.OperationCanceled, 409, "OperationPreempted", "preempted by a more recent operation"),
        (errors.InvalidRequest, 400, "InvalidParameter", "Required parameter 'osProfile' is missing (null)."),
        (errors.NotImplementedByService, 501, "NotImplemented", "not here"),
    ],
)
async def test_each_code_has_its_class(
    azure: Azure, wire: Wire, *, kind: type[AzureError], status: int, code: str, message: str
) -> None:
    found = await provoke(azure, wire, status, error(code, message))
    assert type(found) is kind
    assert found.message == f"cannot generalize VM vm: {code}: {message}"
    assert (found.code, found.status) == (code, status)


async def test_compute_hides_throttling_behind_another_code_and_it_is_found(azure: Azure, wire: Wire) -> None:
    found = await provoke(azure, wire, 429, THROTTLED, **{"Retry-After": "1200"})
    assert type(found) is errors.Throttled
    assert found.retry_after == 1200
    assert "too many requests" in found.message
    assert found.fault.codes == ("OperationNotAllowed", "TooManyRequests")


async def test_the_innermost_code_decides_where_the_outer_one_means_something_else(
    azure: Azure, wire: Wire
) -> None:
    inner = {"code": "TooManyRequests", "message": "GetOperation3Min"}
    found = await provoke(azure, wire, 400, error("OperationNotAllowed", "Rejected.", details=[inner]))
    assert type(found) is errors.Throttled
    assert found.code == "TooManyRequests"


async def test_what_azure_says_below_a_known_code_is_told_too(azure: Azure, wire: Wire) -> None:
    inner = {"code": "InternalDetail", "message": "the guest's address is in use"}
    found = await provoke(
        azure, wire, 409, error("OSProvisioningInternalError", "Provisioning failed.", details=[inner])
    )
    assert type(found) is errors.ProvisioningFailed
    assert found.code == "OSProvisioningInternalError"
    assert "Provisioning failed. (InternalDetail: the guest's address is in use)" in found.message


async def test_networking_hides_another_operation_behind_a_retryable_error(azure: Azure, wire: Wire) -> None:
    inner = {"code": "AnotherOperationInProgress", "message": "Another operation is in progress."}
    found = await provoke(
        azure, wire, 409, error("RetryableError", "A retryable error occurred.", details=[inner])
    )
    assert type(found) is errors.Busy
    assert found.code == "AnotherOperationInProgress"


async def test_a_deployment_wraps_the_true_error_as_text(azure: Azure, wire: Wire) -> None:
    inmost = error("SkuNotAvailable", "The requested size is not available")
    middle = {
        "status": "Failed",
        "error": {"code": "ResourceDeploymentFailure", "message": "m", "details": [inmost["error"]]},
    }
    outer = error(
        "DeploymentFailed",
        "At least one operation failed.",
        details=[{"code": "Conflict", "message": json.dumps(middle)}],
    )
    found = await provoke(azure, wire, 400, outer)
    assert type(found) is errors.SkuNotAvailable
    assert found.fault.codes == (
        "DeploymentFailed",
        "Conflict",
        "ResourceDeploymentFailure",
        "SkuNotAvailable",
    )


async def test_an_unknown_code_stays_a_plain_azure_error_with_its_words(azure: Azure, wire: Wire) -> None:
    found = await provoke(azure, wire, 409, error("SomethingNew", "of next year"))
    assert type(found) is AzureError
    assert "SomethingNew: of next year" in found.message


async def test_the_status_does_not_outvote_the_code(azure: Azure, wire: Wire) -> None:
    found = await provoke(azure, wire, 404, error("AuthorizationFailed", "hidden"))
    assert type(found) is errors.AuthorizationFailed


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, errors.AuthenticationFailed),
        (403, errors.AuthorizationFailed),
        (404, errors.NotFound),
        (412, errors.PreconditionFailed),
        (418, AzureError),
    ],
)
async def test_an_answer_without_a_code_is_told_by_its_status(
    azure: Azure, wire: Wire, status: int, kind: type[AzureError]
) -> None:
    assert type(await provoke(azure, wire, status, None)) is kind


async def test_the_ids_that_support_asks_for_are_kept(azure: Azure, wire: Wire) -> None:
    found = await provoke(
        azure,
        wire,
        409,
        error("Conflict", "x"),
        **{"x-ms-request-id": "R", "x-ms-correlation-request-id": "C"},
    )
    assert type(found) is errors.Conflict
    assert (found.request_id, found.fault.correlation_id) == ("R", "C")


def test_no_rule_of_the_table_is_hidden_by_an_earlier_one() -> None:
    seen: list[tuple[str, str]] = []
    for rule in RULES:
        hiding = [text for code, text in seen if code == rule.code.lower() and text in rule.contains.lower()]
        assert not hiding, f"{rule.code} {rule.contains!r} never matches"
        seen.append((rule.code.lower(), rule.contains))


def test_what_a_rule_looks_for_is_in_lower_case() -> None:
    assert all(rule.contains == rule.contains.lower() for rule in RULES)
