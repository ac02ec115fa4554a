"""See `bitlocker`."""

from collections.abc import Iterator
from typing import Any

from factory.guest.units import Stage
from factory.windows.probe import windows_check

_FULLY_DECRYPTED = 0
_CONVERSION = {
    1: "encrypted",
    2: "being encrypted",
    3: "being decrypted",
    4: "half encrypted",
    5: "half decrypted",
}


@windows_check(
    Stage.BEFORE_GENERALIZE,
    __file__,
    remedy="Disable-BitLocker -MountPoint C: and wait until the volume is FullyDecrypted; "
    "PreventDeviceEncryption=1 keeps Windows from encrypting it again",
)
def bitlocker(answer: dict[str, Any]) -> Iterator[str]:
    """No volume is encrypted by BitLocker, protected or not.

    Sysprep's own check fails on an encrypted volume also where its protection is off (0x80310039, documented
    and in public logs).
    """
    for volume in answer["volumes"]:
        if volume["conversion"] != _FULLY_DECRYPTED:
            yield f"{volume['letter']} is {_CONVERSION.get(volume['conversion'], 'encrypted')} by BitLocker"
