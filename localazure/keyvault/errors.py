"""What key vaults say when they refuse. Sources are marked as in `compute.errors`."""

from __future__ import annotations

from localazure.arm.errors import ArmError


def vault_name(name: str) -> ArmError:
    """[seen]."""
    return ArmError(
        400,
        "VaultNameNotValid",
        f"The vault name '{name}' is invalid. A vault's name must be between 3-24 alphanumeric "
        "characters. The "
        "name must begin with a letter, end with a letter or digit, and not contain consecutive hyphens.",
    )


def vault_taken(name: str) -> ArmError:
    """[seen]."""
    return ArmError(
        409,
        "VaultAlreadyExists",
        f"The vault name '{name}' is already in use. Vault names are globally unique so it is "
        "possible that the "
        "name is already taken.",
    )


def vault_deleted() -> ArmError:
    """[seen] Its name is not free before it is purged."""
    return ArmError(
        409,
        "ConflictError",
        "A vault with the same name already exists in deleted state. You need to either recover or "
        "purge existing "
        "key vault. Follow this link https://go.microsoft.com/fwlink/?linkid=2149745 for more "
        "information on soft "
        "delete.",
    )


def purge_protection() -> ArmError:
    """[seen] What was protected stays protected."""
    return ArmError(
        400,
        "BadRequest",
        'The property "enablePurgeProtection" cannot be set to false. Enabling the purge protection for a '
        "vault is an irreversible action.",
    )


def purge_forbidden(name: str) -> ArmError:
    """[assumed text] A protected vault waits for the end of its retention."""
    return ArmError(
        405,
        "MethodNotAllowed",
        f"Operation 'DeletedVaultPurge' is not allowed: vault {name} is purge protected.",
    )


def bad_request(message: str) -> ArmError:
    """[assumed text]."""
    return ArmError(400, "BadRequest", message)


def unauthorized(tenant_url: str) -> ArmError:
    """[seen] The challenge by which clients learn whose token they need."""
    return ArmError(
        401,
        "Unauthorized",
        "AKV10000: Request is missing a Bearer or PoP token.",
        headers={
            "WWW-Authenticate": f'Bearer authorization="{tenant_url}", resource="https://vault.azure.net"'
        },
    )


def item_not_found(kind: str, name: str) -> ArmError:
    """[seen] `kind` is secret or certificate."""
    return ArmError(
        404,
        f"{kind.capitalize()}NotFound",
        f"A {kind} with (name/id) {name} was not found in this key vault. If you recently deleted "
        f"this {kind} you "
        f"may be able to recover it using the correct recovery command.",
    )


def bad_parameter(message: str) -> ArmError:
    """[seen: the code]."""
    return ArmError(400, "BadParameter", message)
