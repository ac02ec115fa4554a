"""What the agents themselves leave behind or take away: why generalizing is not left to them."""

import pytest

from factory.guest.command import sh_script
from factory.guest.guest import run_checked
from factory.remote.ssh import SshGuest
from tests.localazure.guests.qemu.rack import Rack, until

pytestmark = [pytest.mark.guest, pytest.mark.real, pytest.mark.timeout(1800)]

WHAT_THE_AGENTS_DO = """
cloud-init status --wait >/dev/null
waagent -force -deprovision+user >/dev/null 2>&1
cloud-init clean --logs --machine-id
for file in /etc/machine-id /etc/resolv.conf /etc/sudoers.d/90-cloud-init-users \\
    /var/lib/systemd/random-seed; do
    if [ -e "$file" ]; then echo "left $file"; else echo "gone $file"; fi
done
sync
"""


async def test_cleaned_by_its_own_agents_a_machine_says_ready_and_cannot_be_reached(rack: Rack) -> None:
    """cloud-init 22.4 deletes the machine ID; a read-only root cannot write one, and no ID means no lease."""
    disk = await rack.os_disk()
    source = await rack.make("build01", "azureuser", disk)
    async with SshGuest(source.login()) as guest:
        said = await run_checked(guest, sh_script(WHAT_THE_AGENTS_DO, timeout=250))
    assert said.stdout.splitlines() == [
        "gone /etc/machine-id",
        "gone /etc/resolv.conf",
        "left /etc/sudoers.d/90-cloud-init-users",
        "left /var/lib/systemd/random-seed",
    ]
    await rack.host.power_off(source.id, graceful=False)
    [image] = await rack.host.copy([disk])
    spec = rack.spec("test77", "verifier", source.key, image)
    await rack.host.start(spec)
    await until(lambda: rack.host.report(spec.machine_id).provisioning == "Ready", "provisioning")
    await until(lambda: b"login:" in rack.host.serial_log(spec.machine_id), "the end of its boot")
    assert rack.host.report(spec.machine_id).agent_status is None


async def test_resolv_conf_is_made_anew_at_each_boot(rack: Rack) -> None:
    source = await rack.make("build01", "azureuser", await rack.os_disk())
    async with SshGuest(source.login()) as guest:
        await run_checked(guest, sh_script("rm /etc/resolv.conf"))
    await rack.host.restart(source.id)
    await until(lambda: rack.host.report(source.id).agent_status == "Ready", "the agent")
    async with SshGuest(source.login()) as guest:
        said = await run_checked(guest, sh_script("cat /etc/resolv.conf; getent hosts build01"))
    assert "nameserver 168.63.129.16" in said.stdout
