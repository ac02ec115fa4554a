"""Resource identifiers: compared without case, shown as their creator wrote them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

GROUP_TYPE = "Microsoft.Resources/resourceGroups"
SUBSCRIPTION_TYPE = "Microsoft.Resources/subscriptions"


@dataclass(frozen=True)
class ResourceId:
    """`/subscriptions/s[/resourceGroups/g][/providers/P/type/name[/sub/name…]]`, perhaps with an extension.

    Two ids are equal when their lower-cased text is: clients mix `resourcegroups` and `resourceGroups`.
    """

    subscription: str
    group: str | None = None
    provider: str | None = None
    types: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    extends: ResourceId | None = None
    """For an extension resource (a lock): the resource it hangs on."""

    @classmethod
    def parse(cls, text: str) -> ResourceId:
        """Read an id; ValueError when it is none."""
        parts = text.strip("/").split("/")
        if text[:1] != "/" or not all(parts) or len(parts) < 2 or parts[0].lower() != "subscriptions":
            raise ValueError(f"not a resource id: {text!r}")
        found = cls(parts[1])
        rest = parts[2:]
        if rest and rest[0].lower() == "resourcegroups":
            if len(rest) < 2:
                raise ValueError(f"not a resource id: {text!r}")
            found, rest = cls(parts[1], rest[1]), rest[2:]
        return _with_providers(found, rest, text)

    @classmethod
    def of_group(cls, subscription: str, group: str) -> ResourceId:
        """The id of a resource group."""
        return cls(subscription, group)

    def resource(self, provider: str, *types_and_names: str) -> ResourceId:
        """A resource of this group or subscription: `group.resource("Microsoft.Compute", "disks", "d1")`."""
        return ResourceId(
            self.subscription, self.group, provider, types_and_names[::2], types_and_names[1::2]
        )

    def child(self, kind: str, name: str) -> ResourceId:
        """A nested resource: `vnet.child("subnets", "build")`."""
        return ResourceId(
            self.subscription,
            self.group,
            self.provider,
            (*self.types, kind),
            (*self.names, name),
            self.extends,
        )

    @cached_property
    def text(self) -> str:
        """The id as its creator wrote it."""
        if self.extends is not None:
            head = self.extends.text
        else:
            head = f"/subscriptions/{self.subscription}"
            head += f"/resourceGroups/{self.group}" if self.group is not None else ""
        if self.provider is None:
            return head
        pairs = "".join(f"/{kind}/{name}" for kind, name in zip(self.types, self.names, strict=True))
        return f"{head}/providers/{self.provider}{pairs}"

    @cached_property
    def key(self) -> str:
        """The id in lower case: the dictionary key everywhere."""
        return self.text.lower()

    @property
    def name(self) -> str:
        """The last name of the id."""
        return self.names[-1] if self.names else self.group or self.subscription

    @property
    def type(self) -> str:
        """The full resource type, such as `Microsoft.Network/virtualNetworks/subnets`."""
        if self.provider is None:
            return SUBSCRIPTION_TYPE if self.group is None else GROUP_TYPE
        return "/".join((self.provider, *self.types))

    @property
    def path(self) -> str:
        """Types and names in turn, as error texts have them: `Microsoft.Compute/galleries/g/images/i`."""
        pairs = zip(self.types, self.names, strict=False)
        return "/".join((self.provider or "", *(part for pair in pairs for part in pair)))

    @property
    def parent(self) -> ResourceId | None:
        """What holds this resource: another resource, its group, its subscription; nothing above that."""
        if len(self.types) > 1:
            return ResourceId(
                self.subscription, self.group, self.provider, self.types[:-1], self.names[:-1], self.extends
            )
        if self.extends is not None:
            return self.extends
        if self.provider is not None and self.group is not None:
            return ResourceId(self.subscription, self.group)
        if self.provider is not None or self.group is not None:
            return ResourceId(self.subscription)
        return None

    @property
    def group_id(self) -> ResourceId | None:
        """The resource group that holds it."""
        return ResourceId(self.subscription, self.group) if self.group is not None else None

    def is_under(self, other: ResourceId) -> bool:
        """Whether `other` is this resource or something above it."""
        return self.key == other.key or self.key.startswith(other.key + "/")

    def __str__(self) -> str:
        return self.text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ResourceId) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)


def _with_providers(found: ResourceId, rest: Sequence[str], text: str) -> ResourceId:
    extends: ResourceId | None = None
    while rest:
        if rest[0].lower() != "providers" or len(rest) < 2:
            raise ValueError(f"not a resource id: {text!r}")
        provider, rest = rest[1], rest[2:]
        end = next((i for i in range(0, len(rest), 2) if rest[i].lower() == "providers"), len(rest))
        pairs, rest = rest[:end], rest[end:]
        if not pairs or len(pairs) % 2:
            raise ValueError(f"not a resource id: {text!r}")
        found = ResourceId(
            found.subscription, found.group, provider, tuple(pairs[::2]), tuple(pairs[1::2]), extends
        )
        extends = found
    return found


def key_of(rid: ResourceId | str) -> str:
    """The dictionary key of an id given in either form."""
    return rid.key if isinstance(rid, ResourceId) else rid.rstrip("/").lower()
