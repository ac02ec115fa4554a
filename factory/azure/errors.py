"""Azure's error codes, and what they mean for the factory: a table, read by `error.code`.

Azure nests: a deployment wraps a resource's error as JSON text in a message, Compute hides its throttling
behind `OperationNotAllowed` with the true code in `details`, networking behind `RetryableError`. So the
innermost known code decides; the wrappers count only where nothing inside is known. The HTTP status is
asked only where Azure sent no code at all (an empty 404, a proxy's 503).
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from azure.core.exceptions import AzureError as SdkError
from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ServiceRequestError,
    ServiceResponseError,
)

from factory import errors
from factory.azure.wire import dig
from factory.errors import AzureError, AzureFault


@dataclass(frozen=True)
class Rule:
    """`code` (with `contains` in its message, case ignored) means `kind`; `remedy` beats the kind's own."""

    code: str
    kind: type[AzureError]
    contains: str = ""
    remedy: str | None = None


_DEALLOCATE_FIRST = "deallocate the VM, then generalize; a shutdown from inside the guest is not enough"
_GENERALIZED = (
    "a generalized VM never starts again: make a new VM from its image or from the backup of its disks"
)
_SUBSCRIPTION = "check AZURE_SUBSCRIPTION_ID, and that the identity has a role in that subscription"
_LOGIN = "log in again, or check the identity's tenant, id and secret"

_ANY = "*"
"""Matches every code: for a sentence that is known better than its code."""

RULES: tuple[Rule, ...] = (
    Rule("ResourceNotFound", errors.NotFound),
    Rule("DeploymentNotFound", errors.NotFound),
    Rule("ResourceGroupNotFound", errors.NotFound),
    Rule("ParentResourceNotFound", errors.NotFound),
    Rule("NotFound", errors.NotFound),
    Rule("ImageNotFound", errors.NotFound),
    Rule("PlatformImageNotFound", errors.NotFound),
    Rule(
        "GalleryImageNotFound", errors.NotFound, remedy="replicate the version to this region, or build there"
    ),
    Rule("InvalidResourceReference", errors.NotFound),
    # Not NotFound: to a deletion that is as good as done, and here nothing was even looked at.
    Rule("SubscriptionNotFound", errors.AuthorizationFailed, remedy=_SUBSCRIPTION),
    Rule("InvalidSubscriptionId", errors.InvalidRequest, remedy=_SUBSCRIPTION),
    # Compute's catch-all: the sentence tells quota, throttling, another operation and the VM's state apart.
    Rule("OperationNotAllowed", errors.QuotaExceeded, "quota"),
    Rule("OperationNotAllowed", errors.Throttled, "too many requests"),
    Rule("OperationNotAllowed", errors.Busy, "another operation is in progress"),
    Rule("OperationNotAllowed", errors.InUse, "is attached to vm"),
    Rule("OperationNotAllowed", errors.OperationNotAllowed, "is generalized", _GENERALIZED),
    Rule("OperationNotAllowed", errors.OperationNotAllowed, "'generalize' is not allowed", _DEALLOCATE_FIRST),
    Rule("OperationNotAllowed", errors.OperationNotAllowed),
    Rule("QuotaExceeded", errors.QuotaExceeded),
    Rule("ResourceQuotaExceeded", errors.QuotaExceeded),
    Rule("SubscriptionQuotaExceeded", errors.QuotaExceeded),
    Rule("SkuNotAvailable", errors.SkuNotAvailable),
    Rule("NotAvailableForSubscription", errors.SkuNotAvailable),
    Rule("AllocationFailed", errors.AllocationFailed),
    Rule("ZonalAllocationFailed", errors.AllocationFailed),
    Rule("OverconstrainedAllocationRequest", errors.AllocationFailed),
    Rule("OverconstrainedZonalAllocationRequest", errors.AllocationFailed),
    Rule("TooManyRequests", errors.Throttled),
    Rule("SubscriptionRequestsThrottled", errors.Throttled),
    Rule("ResourceRequestsThrottled", errors.Throttled),
    Rule("ServerBusy", errors.Throttled),
    Rule("RequestDisallowedByPolicy", errors.PolicyDenied),
    Rule("RequestDisallowedByAzure", errors.PolicyDenied),
    Rule("ScopeLocked", errors.ScopeLocked),
    Rule("AuthenticationFailed", errors.AuthenticationFailed, remedy=_LOGIN),
    Rule("ExpiredAuthenticationToken", errors.AuthenticationFailed, remedy=_LOGIN),
    Rule("InvalidAuthenticationToken", errors.AuthenticationFailed, remedy=_LOGIN),
    Rule("InvalidAuthenticationTokenTenant", errors.AuthenticationFailed, remedy="check AZURE_TENANT_ID"),
    Rule("AuthorizationFailed", errors.AuthorizationFailed),
    Rule("LinkedAuthorizationFailed", errors.AuthorizationFailed),
    Rule("LinkedAccessCheckFailed", errors.AuthorizationFailed),
    Rule(_ANY, errors.ReplicationFailed, "gallery replication jobs failed"),
    Rule("OSProvisioningTimedOut", errors.ProvisioningTimedOut),
    Rule("VMStartTimedOut", errors.ProvisioningTimedOut),
    Rule("OSProvisioningClientError", errors.ProvisioningFailed),
    Rule(
        "OSProvisioningInternalError",
        errors.ProvisioningFailed,
        remedy="try again: Azure calls it its own fault",
    ),
    Rule("ProvisioningFailed", errors.ProvisioningFailed),
    Rule("DiskPreparationError", errors.ProvisioningFailed),
    Rule("DiskImageNotReady", errors.Busy),
    Rule("VMExtensionProvisioningError", errors.ExtensionFailed),
    Rule("VMExtensionProvisioningTimeout", errors.ExtensionFailed),
    Rule("VMExtensionHandlerNonTransientError", errors.ExtensionFailed),
    Rule(
        "VMAgentStatusCommunicationError",
        errors.ExtensionFailed,
        remedy="look whether the Azure agent runs in the guest and may reach 168.63.129.16",
    ),
    Rule("VMMarketplaceInvalidInput", errors.MarketplaceTermsOrPlan),
    Rule("MarketplacePurchaseEligibilityFailed", errors.MarketplaceTermsOrPlan),
    Rule("ResourcePurchaseValidationFailed", errors.MarketplaceTermsOrPlan),
    Rule("ResourcePurchaseCanceled", errors.MarketplaceTermsOrPlan),
    Rule("AnotherOperationInProgress", errors.Busy),
    Rule("RetryableErrorDueToAnotherOperation", errors.Busy),
    Rule("ReferencedResourceNotProvisioned", errors.Busy),
    Rule("ResourceGroupBeingDeleted", errors.Busy, remedy="wait for the deletion, or use another name"),
    Rule("CannotDeleteResource", errors.InUse),
    Rule("NicInUse", errors.InUse),
    Rule("InUseSubnetCannotBeDeleted", errors.InUse),
    Rule("InUseNetworkSecurityGroupCannotBeDeleted", errors.InUse),
    Rule("PublicIPAddressCannotBeDeleted", errors.InUse),
    Rule(
        "DeleteGalleryImageVersionBlockedBeforeEndOfLife",
        errors.Conflict,
        remedy="the version's safety profile keeps it until its end of life",
    ),
    Rule("TargetDiskBlobAlreadyExists", errors.Conflict),
    Rule(
        "PropertyChangeNotAllowed",
        errors.Conflict,
        remedy="the name is taken by another resource: use a new one",
    ),
    Rule("PreconditionFailed", errors.PreconditionFailed),
    Rule("OperationPreempted", errors.OperationCanceled),
    Rule("OperationCanceled", errors.OperationCanceled),
    Rule("InvalidParameter", errors.InvalidRequest),
    Rule("InvalidRequestContent", errors.InvalidRequest),
    Rule("InvalidRequestFormat", errors.InvalidRequest),
    Rule("InvalidResourceName", errors.InvalidRequest),
    Rule("LocationNotAvailableForResourceType", errors.InvalidRequest),
    Rule("MissingApiVersionParameter", errors.InvalidRequest),
    Rule(
        "InvalidApiVersionParameter",
        errors.InvalidRequest,
        remedy="set a published one in GOLDEN_API_VERSIONS",
    ),
    Rule(
        "NoRegisteredProviderFound",
        errors.InvalidRequest,
        remedy="set another version in GOLDEN_API_VERSIONS",
    ),
    Rule("NotImplemented", errors.NotImplementedByService),
    Rule("InternalServerError", errors.ServiceFailed),
    Rule("InternalExecutionError", errors.ServiceFailed),
    Rule("InternalOperationError", errors.ServiceFailed),
    Rule("ServiceUnavailable", errors.ServiceFailed),
    Rule("ServiceTimeout", errors.ServiceFailed),
    Rule("GatewayTimeout", errors.ServiceFailed),
)

WRAPPERS: tuple[Rule, ...] = (
    Rule("RetryableError", errors.Busy),
    Rule("Conflict", errors.Conflict),
    Rule("BadRequest", errors.InvalidRequest),
    Rule("InvalidTemplateDeployment", errors.InvalidRequest),
    Rule("DeploymentFailed", errors.ProvisioningFailed),
    Rule("ResourceDeploymentFailure", errors.ProvisioningFailed),
    Rule("Canceled", errors.OperationCanceled),
    Rule("Cancelled", errors.OperationCanceled),
)
"""Codes that say little: asked when no nested code is in `RULES`."""

CANCELED = frozenset({"canceled", "cancelled", "aborted"})
"""How services spell that an operation was canceled; Azure's own rule is the first."""

_BY_STATUS: Mapping[int, type[AzureError]] = {
    401: errors.AuthenticationFailed,
    403: errors.AuthorizationFailed,
    404: errors.NotFound,
    412: errors.PreconditionFailed,
    429: errors.Throttled,
    501: errors.NotImplementedByService,
}
"""For answers without any code."""

_NO_CREDENTIAL = (
    "set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET (or AZURE_CLIENT_CERTIFICATE_PATH), "
    "give this machine a managed identity, or log in with `az login`"
)
_NO_ANSWER = (
    "check the network and GOLDEN_ARM_ENDPOINT; behind an own CA set GOLDEN_CA_BUNDLE to its PEM file"
)


@dataclass(frozen=True)
class _Node:
    code: str
    message: str
    target: str | None


@contextmanager
def speaking_of(what: str) -> Iterator[None]:
    """Turn the SDK's errors into ours; `what` is the action as an infinitive: "create VM golden-7"."""
    try:
        yield
    except SdkError as error:
        raise explain(error, what) from error


def explain(error: SdkError, what: str) -> AzureError:
    """Return our error for the SDK's."""
    if isinstance(error, HttpResponseError) and error.response is not None:
        return _explain_answer(error.response, what)
    if isinstance(error, ClientAuthenticationError):
        return errors.AuthenticationFailed(what, AzureFault(text=_attempts(error)), remedy=_NO_CREDENTIAL)
    if isinstance(error, ServiceRequestError | ServiceResponseError):
        return errors.AzureUnreachable(what, AzureFault(text=error.message), remedy=_NO_ANSWER)
    return AzureError(what, AzureFault(text=error.message))


def _attempts(error: SdkError) -> str:
    """Shorten azure-identity's page to one line for each credential that was tried."""
    lines = [line.strip() for line in error.message.splitlines() if line.strip()]
    return "; ".join(line for line in lines if not line.startswith(("To mitigate", "Attempted credentials")))


def _explain_answer(response: Any, what: str) -> AzureError:  # Any: three unrelated SDK response classes
    body = _read_json(response)
    if isinstance(dig(body, "error"), str):  # OAuth's shape: the authority refused the credential, not ARM us
        told = replace(_read_fault(response, []), code=body["error"], text=str(body.get("error_description")))
        return errors.AuthenticationFailed(what, told, remedy=_LOGIN)
    nodes = list(_unfold(body))
    fault = _read_fault(response, nodes)
    for rules in (RULES, WRAPPERS):
        for node in reversed(nodes):
            if rule := _match(node, rules):
                told = replace(fault, code=node.code, text=_sentence(node, nodes), target=node.target)
                return rule.kind(what, told, remedy=rule.remedy)
    return _without_known_code(fault, nodes, body, what)


def _without_known_code(fault: AzureFault, nodes: list[_Node], body: Any, what: str) -> AzureError:
    if nodes:
        first = nodes[0]
        fault = replace(fault, code=first.code, text=_sentence(first, nodes), target=first.target)
        return AzureError(what, fault)
    status = fault.status or 0
    if state := dig(body, "status") or dig(body, "properties", "provisioningState"):
        kind = errors.OperationCanceled if str(state).lower() in CANCELED else errors.ProvisioningFailed
        return kind(what, replace(fault, text=f"it ended as {state}, and Azure does not say why"))
    return _BY_STATUS.get(status, errors.ServiceFailed if status >= 500 else AzureError)(what, fault)


def _match(node: _Node, rules: tuple[Rule, ...]) -> Rule | None:
    code, message = node.code.lower(), node.message.lower()
    return next(
        (rule for rule in rules if rule.code.lower() in (_ANY, code) and rule.contains in message), None
    )


def _sentence(node: _Node, nodes: list[_Node]) -> str:
    """Return the node's message, or its wrapper's where the node holds only data (Compute's throttling).

    What Azure says below it in codes that mean nothing to us follows: often the only true cause.
    """
    if _parse(node.message):
        return next((other.message for other in reversed(nodes) if not _parse(other.message)), node.message)
    sentence = node.message
    for inner in nodes[nodes.index(node) + 1 :]:
        if inner.message and not _parse(inner.message) and inner.message not in sentence:
            sentence = f"{sentence} ({inner.code}: {inner.message})"
    return sentence


def _read_json(response: Any) -> Any:
    try:
        return json.loads(response.text())
    except (ValueError, SdkError):  # no body, no JSON, or a body that was never read
        return None


def _unfold(value: Any) -> Iterator[_Node]:
    """Yield every error of a body, outermost first."""
    if not isinstance(value, dict):
        return
    if isinstance(value.get("error"), dict):
        yield from _unfold(value["error"])
        return
    if isinstance(value.get("code"), str):
        message = str(value.get("message") or "")
        yield _Node(value["code"], message, value.get("target"))
        yield from _unfold(_parse(message))
    for inner in value.get("details") or ():
        yield from _unfold(inner)
    yield from _unfold(value.get("innererror"))


def _parse(message: str) -> Any:
    """Return the JSON object that a message consists of, if it does."""
    if not message.lstrip().startswith("{"):
        return None
    try:
        return json.loads(message)
    except ValueError:
        return None


def _read_fault(response: Any, nodes: list[_Node]) -> AzureFault:
    headers = response.headers
    return AzureFault(
        status=response.status_code,
        codes=tuple(node.code for node in nodes),
        request_id=headers.get("x-ms-request-id"),
        correlation_id=headers.get("x-ms-correlation-request-id"),
        client_request_id=headers.get("x-ms-client-request-id"),
        retry_after=_retry_after(headers),
    )


def _retry_after(headers: Any) -> float | None:
    try:
        if headers.get("Retry-After"):
            return float(headers["Retry-After"])
        if headers.get("x-ms-retry-after-ms"):
            return float(headers["x-ms-retry-after-ms"]) / 1000
    except ValueError:  # an HTTP date: rare, and not worth a clock here
        pass
    return None
