from tests.factory.azure.conftest import azure, certificate, clock, connection, credential, wire
from tests.localazure.yards import machine_cloud, machine_wire, yard

__all__ = [
    "azure",
    "certificate",
    "clock",
    "connection",
    "credential",
    "machine_cloud",
    "machine_wire",
    "wire",
    "yard",
]
