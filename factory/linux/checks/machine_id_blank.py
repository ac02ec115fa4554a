"""See `machine_id_blank`."""

from collections.abc import Iterator

from factory.guest.command import Output, sh_script
from factory.guest.units import Family, Stage, check

_PROBE = """
for file in /etc/machine-id /var/lib/dbus/machine-id; do
    [ -e "$file" ] || { echo "$file|missing"; continue; }
    echo "$file|$(cat "$file")"
done
"""


@check(Stage.BEFORE_CAPTURE, Family.LINUX, probe=sh_script(_PROBE), proof="namespace guest")
def machine_id_blank(output: Output) -> Iterator[str]:
    """The machine ID is blank, and its file is there.

    Blank and not missing: a read-only root cannot make the file, and the next machine gets no network lease.
    """
    found = dict(line.split("|", 1) for line in output.stdout.splitlines() if "|" in line)
    main = found.get("/etc/machine-id", "missing")
    if main == "missing":
        yield "/etc/machine-id is missing: it must be there, and empty"
    elif main not in ("", "uninitialized"):
        yield "/etc/machine-id still holds an ID"
    if found.get("/var/lib/dbus/machine-id", "missing") not in ("", "missing", "uninitialized"):
        yield "/var/lib/dbus/machine-id still holds an ID"
