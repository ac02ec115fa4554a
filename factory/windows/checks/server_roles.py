"""See `server_roles`."""

from collections.abc import Iterator
from typing import Any

from factory.guest.units import Stage
from factory.windows.probe import Doubt, windows_check

DOCUMENTED = {
    "AD-Certificate": "AD Certificate Services",
    "AD-Domain-Services": "AD Domain Services",
    "ADFS-Federation": "AD Federation Services",
    "ADLDS": "AD Lightweight Directory Services",
    "ADRMS": "AD Rights Management Services",
    "DHCP": "DHCP Server",
    "Fax": "Fax Server",
}
"""Roles that the documentation lists as not supported by Sysprep on Windows Server 2012 and later."""

DOUBTFUL = {
    "Print-Services": "Print and Document Services",
    "WDS": "Windows Deployment Services",
    "UpdateServices": "Windows Server Update Services",
    "RDS-Licensing": "Remote Desktop Licensing",
    "RDS-Connection-Broker": "Remote Desktop Connection Broker",
    "NPAS": "Network Policy Server, whose RADIUS clients have to be removed first",
    "Web-Server": "IIS, whose encrypted credentials in applicationHost.config are lost",
}
"""Roles of which it is said, without a document at hand, that they do not survive."""


@windows_check(
    Stage.BEFORE_GENERALIZE,
    __file__,
    remedy="remove the role (Uninstall-WindowsFeature), and install it on the machines made from the image",
)
def server_roles(answer: dict[str, Any]) -> Iterator[str]:
    """No server role that Sysprep does not support.

    What the documentation lists is a finding; what is only said to break is a warning. Sysprep itself says
    nothing of either: machines made from such an image are broken later.
    """
    installed = set(answer["features"])
    for feature, title in DOCUMENTED.items():
        if feature in installed:
            yield f"the role {title} ({feature}) is not supported by Sysprep"
    for feature, title in DOUBTFUL.items():
        if feature in installed:
            yield Doubt(f"the role {title} ({feature}) may not survive Sysprep")
    if answer["switches"]:
        yield f"Hyper-V has virtual switches ({', '.join(answer['switches'])}), not supported by Sysprep"
