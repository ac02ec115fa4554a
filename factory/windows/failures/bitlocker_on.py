"""The volume of the system is encrypted by BitLocker.

Also with protection off: newer releases of Windows encrypt by themselves.
"""

from factory.windows.failure import Failure

FAILURE = Failure(
    signature=r"BitLocker-Sysprep: BitLocker is on for the OS volume",
    cause="BitLocker is on for the OS volume (BdeSysprep.dll, 0x80310039)",
    remedy=(
        "Disable-BitLocker -MountPoint C: on the source and wait until it is FullyDecrypted; set "
        "PreventDeviceEncryption=1"
    ),
    source="from a public log",
    citation=(
        "https://github.com/antifob/incus-windows/issues/30, "
        "https://github.com/canonical/packer-maas/issues/341"
    ),
)
