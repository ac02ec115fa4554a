"""What a restore cannot bring back: told before anything starts. Pure."""

from collections.abc import Iterator
from typing import Literal

from factory.manifest import Manifest


def tell_losses(
    manifest: Manifest, way: Literal["swap", "recreate", "copy"], present: frozenset[str]
) -> Iterator[str]:
    """Sentences, the worst first. `present` are the IDs, in lower case, of what still exists."""
    yield f"what was written to the disks after {manifest.taken:%Y-%m-%d %H:%M:%S} UTC"
    yield "what was in memory and on the temporary disk"
    yield "the disks' names and IDs: they are new disks, and what names the old ones has to be told"
    if way != "swap":
        yield from _of_a_new_machine(manifest)
    if manifest.machine.security and manifest.machine.security.get("securityType"):
        yield "the state of the virtual TPM: what is sealed to it has to be unlocked with its recovery key"
    yield from _of_the_network(manifest, way, present)


def _of_a_new_machine(manifest: Manifest) -> Iterator[str]:
    model = manifest.machine
    yield f"vmId {model.vm_id}: Azure gives a new one, which licences and monitoring may go by"
    if model.os_type == "Linux":
        yield (
            "where cloud-init is at work: it takes a VM with a new vmId for a new one, and may make new SSH "
            "host keys (unless ssh_deletekeys is false) and run again what it runs once for each VM"
        )
    if model.identity and "SystemAssigned" in model.identity.type:
        yield (
            f"the system-assigned identity {model.identity.principal_id}: the VM gets a new one, and every "
            "role has to be assigned to that again"
        )
    yield "role assignments, locks, diagnostic settings and backup policies on the VM itself"
    yield "the administrator and the computer name as Azure shows them; in the guest they are as they were"
    yield "custom data and user data"
    for one in model.extensions:
        yield (
            f"extension {one.name} ({one.publisher} {one.type} {one.version}): install it again; its "
            "protected settings can be read by nobody, the others are in the manifest"
        )


def _of_the_network(manifest: Manifest, way: str, present: frozenset[str]) -> Iterator[str]:
    for one in manifest.machine.interfaces:
        gone = one.id.lower() not in present
        for address in one.addresses:
            private = f"private address {address.private_ip}"
            if way == "copy":
                yield f"{private} of {one.name}: the copy gets another one"
            elif gone and address.allocation == "Dynamic":
                yield f"{private} of {one.name}, which is gone: a dynamic address may become another one"
            if address.public_id is None:
                continue
            public = f"public address {address.public_ip or ''} of {one.name}".replace("  ", " ")
            if way == "copy":
                yield f"{public}: it stays with the original, as do load balancers"
            elif address.public_id.lower() not in present:
                yield f"{public}, which is gone"
            elif address.public_allocation == "Dynamic":
                yield f"{public}: a dynamic address becomes another one when the VM is deallocated"
