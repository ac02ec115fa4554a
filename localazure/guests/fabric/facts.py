"""Who a machine is, as its host sees it."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

WIRE_SERVER = "168.63.129.16"
METADATA_SERVICE = "169.254.169.254"
WIRE_PORT = 80
HOST_PLUGIN_PORT = 32526
METADATA_PORT = 80
DNS_PORT = 53

_AZURE_OUI = "000D3A"


@dataclass(frozen=True)
class Facts:
    """One machine. Container and role instance ids are derived: they stay the same from boot to boot."""

    machine_id: str
    name: str
    address: str
    computer_name: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def container_id(self) -> str:
        """The id of the container that the host runs the machine in."""
        return str(uuid.uuid5(uuid.NAMESPACE_OID, self.machine_id))

    @property
    def role_instance_id(self) -> str:
        """The id of the machine within its container."""
        return f"{self.container_id}._{self.name}"

    @property
    def mac(self) -> str:
        """The network card's address, in the metadata service's form."""
        return _AZURE_OUI + hashlib.sha256(self.machine_id.encode()).hexdigest()[:6].upper()
