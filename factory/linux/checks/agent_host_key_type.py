"""See `agent_host_key_type`."""

from collections.abc import Iterator

from factory.guest.command import Output, sh_script
from factory.guest.units import Family, Stage, check
from factory.linux.context import Context


@check(
    Stage.BEFORE_GENERALIZE,
    Family.LINUX,
    probe=sh_script("ls /etc/ssh/ssh_host_*_key.pub"),
    proof="documented",
)
def agent_host_key_type(output: Output, context: Context) -> Iterator[str]:
    """The host key that the agent waits for is one that cloud-init makes.

    `Provisioning.SshHostKeyPairType` is `rsa` by default and `auto` means rsa too. Where cloud-init makes
    only ed25519 keys, the agent waits up to 1800 s for an RSA key before it says that the machine is
    ready.
    """
    if context.facts.provisioned_by != "cloud-init":
        return
    said = context.facts.agent_conf.get("Provisioning.SshHostKeyPairType", "rsa")
    kind = "rsa" if said == "auto" else said
    if f"/etc/ssh/ssh_host_{kind}_key.pub" not in output.stdout.split():
        yield (
            f"the agent waits for a host key of type {kind}, which cloud-init does not make: "
            "set Provisioning.SshHostKeyPairType in /etc/waagent.conf to one that it does"
        )
