"""The disk of the system became full while Sysprep worked. The check before it found room still."""

from factory.windows.failure import Failure

FAILURE = Failure(
    signature=r"\b0x80070070\b|There is not enough space on the disk",
    cause="the disk of the system is full (0x80070070, ERROR_DISK_FULL)",
    remedy="free space on C: of the source, or make its disk larger; look at what grows there (logs, dumps)",
    source="documented",
    citation="https://learn.microsoft.com/windows/win32/debug/system-error-codes--0-499- (112)",
)
