"""Certificates from key vaults that a machine is to have: every reference holds, or nothing is made."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.serialization import pkcs12

from localazure.compute import errors
from localazure.keyvault import vaults

if TYPE_CHECKING:
    from localazure.arm.world import World


def check_secrets(world: World, profile: dict[str, Any], location: str) -> None:
    """Check `osProfile.secrets` and the certificates of WinRM's listeners, which must be among them."""
    urls: set[str] = set()
    for group in profile.get("secrets") or []:
        vault_id = str((group.get("sourceVault") or {}).get("id") or "")
        if not vault_id:
            raise errors.missing_parameter("osProfile.secrets.sourceVault.id")
        for one in group.get("vaultCertificates") or []:
            url = one.get("certificateUrl")
            if not url:
                raise errors.missing_parameter("vaultCertificates.certificateUrl")
            _check_certificate(world, vault_id, str(url), location)
            urls.add(str(url))
    windows = profile.get("windowsConfiguration") or {}
    for listener in (windows.get("winRM") or {}).get("listeners") or []:
        _check_listener(listener, urls)


def _check_certificate(world: World, vault_id: str, url: str, location: str) -> None:
    vault = world.store.get(vault_id)
    if (
        vault is None
        or not vaults.is_of(world, vault, url)
        or not vault["properties"].get("enabledForDeployment")
    ):
        raise errors.vault_forbidden(url, vault_id)
    if vault["location"] != location:
        raise errors.vault_elsewhere(vault["properties"]["vaultUri"], vault["location"], location)
    if (secret := vaults.secret_behind(world, vault, url)) is None:
        raise errors.vault_secret_missing(url)
    try:
        raw = base64.b64decode(secret["value"], validate=True)
        key, certificate, _ = pkcs12.load_key_and_certificates(raw, None)
    except (ValueError, binascii.Error):
        key, certificate = None, None
    if key is None or certificate is None:
        raise errors.vault_certificate_malformed(url)


def _check_listener(listener: dict[str, Any], urls: set[str]) -> None:
    url = listener.get("certificateUrl")
    if str(listener.get("protocol", "Http")).lower() == "https":
        if not url:
            raise errors.missing_parameter("winRM.listeners.certificateUrl")
        if url not in urls:
            raise errors.winrm_certificate_unknown(str(url))
    elif url:
        raise errors.parameter_not_allowed("winRM.listeners.certificateUrl")
