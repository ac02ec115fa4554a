"""What an image holds: copies of an OS disk and of data disks at their LUNs, independent of their sources."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from localazure.compute.hosts import host_failed
from localazure.guests.base import GuestError

if TYPE_CHECKING:
    from localazure.arm.world import World


@dataclass(frozen=True)
class DataContent:
    """One data disk of an image."""

    lun: int
    content: str
    size_gb: int
    caching: str = "None"


@dataclass(frozen=True)
class Contents:
    """All disks of an image. The OS disk may be absent only in what is still being described."""

    os_content: str
    os_size_gb: int
    os_caching: str = "None"
    data: tuple[DataContent, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The form in which documents and operations keep it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, kept: dict[str, Any]) -> Contents:
        """Read what `as_dict` wrote."""
        data = tuple(DataContent(**one) for one in kept["data"])
        return cls(kept["os_content"], kept["os_size_gb"], kept["os_caching"], data)

    def ids(self) -> list[str]:
        """The host's names for them, the OS disk first."""
        return [self.os_content, *(disk.content for disk in self.data)]

    def renamed(self, ids: Sequence[str]) -> Contents:
        """The same disks under other contents, in the order of `ids`."""
        data = tuple(
            DataContent(disk.lun, content, disk.size_gb, disk.caching)
            for disk, content in zip(self.data, ids[1:], strict=True)
        )
        return Contents(ids[0], self.os_size_gb, self.os_caching, data)


async def capture(world: World, contents: Contents) -> Contents:
    """Copy all disks at one point in time; what a host keeps in layers becomes one."""
    try:
        copies = await world.guests.copy(contents.ids())
        if (flatten := getattr(world.guests, "flatten", None)) is not None:
            await flatten(copies)
        return contents.renamed(copies)
    except GuestError as error:
        raise host_failed(error) from error


async def discard(world: World, kept: dict[str, Any] | None) -> None:
    """Drop an image's copies."""
    if kept is not None:
        for content in Contents.from_dict(kept).ids():
            await world.guests.discard(content)
