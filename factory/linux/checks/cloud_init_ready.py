"""See `cloud_init_ready`."""

import re
from collections.abc import Iterator

from factory.guest.command import Output, sh_script
from factory.guest.units import Family, Stage, check
from factory.linux.context import Context

_PROBE = r"""
for path in /etc/cloud/cloud-init.disabled; do [ ! -e "$path" ] || echo "disabled by $path"; done
grep -qw cloud-init=disabled /proc/cmdline && echo "disabled by the kernel's command line"
cat /etc/cloud/cloud.cfg /etc/cloud/cloud.cfg.d/*.cfg 2>/dev/null |
    sed -n '/^datasource_list:/p' | tail -n 1
[ -e /run/cloud-init/status.json ] && [ ! -e /run/cloud-init/result.json ] && echo "status: running"
true
"""


@check(Stage.BEFORE_GENERALIZE, Family.LINUX, probe=sh_script(_PROBE), proof="QEMU guest")
def cloud_init_ready(output: Output, context: Context) -> Iterator[str]:
    """Where cloud-init provisions, it is not switched off, looks for Azure, and is not at work right now.

    It is at work by its own rule: there is a status of this boot and no result yet.

    Installers leave `datasource_list: [None]`, with which the next machine gets neither user nor key.
    """
    if context.facts.provisioned_by != "cloud-init":
        return
    if context.facts.cloud_init is None:
        yield "the agent leaves provisioning to cloud-init (Provisioning.Agent), which is not installed"
    for line in output.stdout.splitlines():
        if line.startswith("disabled by"):
            yield f"cloud-init is {line}"
        elif line.startswith("datasource_list:") and not re.search(r"\bAzure\b", line):
            yield f"cloud-init does not look for Azure ({line})"
        elif line.startswith("status:") and "running" in line:
            yield "cloud-init is still at work on this machine"
