"""What the storage provider says when it refuses. Sources are marked as in `compute.errors`."""

from __future__ import annotations

from localazure.arm.errors import ArmError


def name_invalid(name: str) -> ArmError:
    """[seen: azure-docs#48724]."""
    return ArmError(400, "AccountNameInvalid", name_rule(name))


def name_rule(name: str) -> str:
    """The rule, as the refusal and the availability check word it."""
    return (
        f"{name} is not a valid storage account name. Storage account name must be between 3 and 24 "
        "characters in length and use numbers and lower-case letters only."
    )


def already_taken(name: str) -> str:
    """[seen: terraform#11485]."""
    return f"The storage account named {name} is already taken."


def taken_in_other_group(name: str) -> ArmError:
    """[doc: the code; the text is assumed] Names are unique, also in one subscription."""
    return ArmError(
        409,
        "StorageAccountInAnotherResourceGroup",
        f"The account {name} is already in another resource group in this subscription.",
    )


def bad_value(name: str) -> ArmError:
    """[seen] A value that is not among the allowed ones."""
    return ArmError(
        400,
        "InvalidValuesForRequestParameters",
        f"Values for request parameters are invalid: {name}.",
        target=name,
    )


def required(name: str) -> ArmError:
    """[assumed text] A property that must be there."""
    return ArmError(
        400, "InvalidRequestPropertyName", f"The required property '{name}' is missing.", target=name
    )


def sku_of_kind(sku: str, kind: str) -> ArmError:
    """[assumed text] A kind of account that has no such redundancy or speed."""
    return ArmError(
        400,
        "AccountPropertyIsInvalid",
        f"Account property sku.name is invalid for the request: {sku} is not supported for kind {kind}.",
        target="sku.name",
    )


def immutable(name: str) -> ArmError:
    """[seen: the code; the text is assumed] What is decided at creation."""
    return ArmError(
        409,
        "AccountPropertyCannotBeUpdated",
        f"The property '{name}' was specified in the input, but it cannot be updated as it is read-only.",
        target=name,
    )


def tier_required() -> ArmError:
    """[doc] BlobStorage has no tier of its own choice."""
    return ArmError(
        400,
        "AccountPropertyIsInvalid",
        "Account property accessTier is required for the request when kind is BlobStorage.",
        target="accessTier",
    )


def container_name(name: str) -> ArmError:
    """[doc] The blob service's rule."""
    return ArmError(
        400, "InvalidResourceName", f"The specified resource name contains invalid characters. ({name})"
    )


def container_not_found() -> ArmError:
    """[doc]."""
    return ArmError(404, "ContainerNotFound", "The specified container does not exist.")
