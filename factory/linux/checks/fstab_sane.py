"""See `fstab_sane`."""

from collections.abc import Iterator

from factory.guest.command import Output, sh_script
from factory.guest.units import Family, Stage, check

_PROBE = r"""
[ -f /etc/fstab ] || exit 0
grep -vE '^[[:space:]]*(#|$)' /etc/fstab | while read -r source target kind options _; do
    case "$source" in
    UUID=*) device=/dev/disk/by-uuid/${source#UUID=} ;;
    LABEL=*) device=/dev/disk/by-label/${source#LABEL=} ;;
    PARTUUID=*) device=/dev/disk/by-partuuid/${source#PARTUUID=} ;;
    /dev/*) device=$source ;;
    *) continue ;;
    esac
    [ -e "$device" ] && found=found || found=missing
    printf '%s|%s|%s|%s|%s\n' "$found" "$source" "$target" "$kind" "$options"
done
"""


@check(Stage.BEFORE_GENERALIZE, Family.LINUX, probe=sh_script(_PROBE), proof="namespace guest")
def fstab_sane(output: Output) -> Iterator[str]:
    """Every line of /etc/fstab can be mounted on the next machine, or may be missing (nofail).

    A disk that is not there stops the boot in an emergency shell, where no agent reports. Names like /dev/sdc
    are given anew at each boot of an Azure machine. The root file system is what we run on, and not doubted.
    """
    for line in output.stdout.splitlines():
        if line.count("|") != 4:
            continue
        found, source, target, _, options = line.split("|")
        optional = {"nofail", "noauto"} & set(options.split(","))
        if optional or target == "/":
            continue
        if found == "missing":
            yield f"{source} for {target} does not exist, and the line in /etc/fstab has no nofail"
        elif source.startswith(("/dev/sd", "/dev/nvme")):
            yield f"{target} is mounted by the name {source}, which may change: /etc/fstab needs UUID= there"
