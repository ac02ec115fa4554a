from tests.localazure.yards import compute, machine_cloud, machine_wire, yard

__all__ = ["compute", "machine_cloud", "machine_wire", "yard"]
