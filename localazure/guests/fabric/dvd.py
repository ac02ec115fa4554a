"""The provisioning DVD: `ovf-env.xml`, in which Azure tells a new machine who it is to become."""

from __future__ import annotations

import base64
import hashlib
from html import escape

from localazure.guests.base import OsProfile

FILE = "ovf-env.xml"


def _fingerprint(key: str) -> str:
    """A key's fingerprint; the agent wants the element and goes by the value."""
    words = key.split()
    try:
        blob = base64.b64decode(words[1], validate=True) if len(words) > 1 else key.encode()
    except ValueError:
        blob = key.encode()
    return hashlib.sha1(blob, usedforsecurity=False).hexdigest().upper()


def ovf_environment(profile: OsProfile) -> str:
    """Write the document as Azure's fabric does, in the shape that the agent and cloud-init parse."""
    keys = "".join(
        f"<PublicKey><Fingerprint>{_fingerprint(key)}</Fingerprint>"
        f"<Path>{escape(path)}</Path><Value>{escape(key)}</Value></PublicKey>"
        for path, key in profile.public_keys
    )
    password = (
        f"<UserPassword>{escape(profile.admin_password)}</UserPassword>"
        if profile.admin_password is not None
        else ""
    )
    custom = f"<CustomData>{escape(profile.custom_data)}</CustomData>" if profile.custom_data else ""
    return f"""<?xml version="1.0" encoding="utf-8"?>
<Environment xmlns="http://schemas.dmtf.org/ovf/environment/1" \
xmlns:oe="http://schemas.dmtf.org/ovf/environment/1" \
xmlns:wa="http://schemas.microsoft.com/windowsazure" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
  <wa:ProvisioningSection><wa:Version>1.0</wa:Version>
    <LinuxProvisioningConfigurationSet xmlns="http://schemas.microsoft.com/windowsazure" \
xmlns:i="http://www.w3.org/2001/XMLSchema-instance">
      <ConfigurationSetType>LinuxProvisioningConfiguration</ConfigurationSetType>
      <HostName>{escape(profile.computer_name)}</HostName><UserName>{escape(profile.admin_username)}</UserName>
      {password}<DisableSshPasswordAuthentication>{str(profile.disable_password).lower()}\
</DisableSshPasswordAuthentication>
      <SSH><PublicKeys>{keys}</PublicKeys></SSH>
      {custom}
    </LinuxProvisioningConfigurationSet></wa:ProvisioningSection>
  <wa:PlatformSettingsSection><wa:Version>1.0</wa:Version>
    <PlatformSettings xmlns="http://schemas.microsoft.com/windowsazure" \
xmlns:i="http://www.w3.org/2001/XMLSchema-instance">
      <KmsServerHostname>kms.core.windows.net</KmsServerHostname><ProvisionGuestAgent>true</ProvisionGuestAgent>
      <GuestAgentPackageName i:nil="true" />\
<RetainWindowsPEPassInUnattend>true</RetainWindowsPEPassInUnattend>
      <RetainOfflineServicingPassInUnattend>true</RetainOfflineServicingPassInUnattend>\
<PreprovisionedVm>false</PreprovisionedVm>
      <EnableTrustedImageIdentifier>false</EnableTrustedImageIdentifier></PlatformSettings>\
</wa:PlatformSettingsSection>
</Environment>
"""
