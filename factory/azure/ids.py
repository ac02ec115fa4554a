"""ARM resource ids, taken apart."""

from dataclasses import dataclass

from factory.errors import InvalidInput


@dataclass(frozen=True)
class ArmId:
    """`/subscriptions/S/resourceGroups/G/providers/P/type/name[/type/name …]`, or a group's own id.

    Azure compares ids without case and does not always return the case it was given: compare by `key`.
    """

    text: str
    subscription: str
    group: str
    provider: str = ""
    types: tuple[str, ...] = ()
    names: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> "ArmId":
        """Take an id apart; `InvalidInput` where it is none."""
        parts = text.strip("/").split("/")
        heads = [part.lower() for part in parts[::2]]
        if len(parts) == 4 and heads == ["subscriptions", "resourcegroups"]:
            return cls(text, parts[1], parts[3])
        if len(parts) < 8 or len(parts) % 2 or heads[:3] != ["subscriptions", "resourcegroups", "providers"]:
            raise InvalidInput(
                f"{text!r} is not a resource id",
                remedy="copy the whole id: /subscriptions/…/resourceGroups/…/providers/…/TYPE/NAME",
            )
        return cls(text, parts[1], parts[3], parts[5], tuple(parts[6::2]), tuple(parts[7::2]))

    @property
    def key(self) -> str:
        """The id in the one form that can be compared."""
        return self.text.strip("/").lower()

    @property
    def name(self) -> str:
        """The resource's own name: the last segment."""
        return self.names[-1] if self.names else self.group

    @property
    def type(self) -> str:
        """The type, as `Microsoft.Compute/galleries/images` or `Microsoft.Resources/resourceGroups`."""
        return (
            "/".join((self.provider, *self.types)) if self.provider else "Microsoft.Resources/resourceGroups"
        )

    @property
    def parent(self) -> str:
        """The id one level up: a version's definition, a definition's gallery."""
        if len(self.names) < 2:
            raise InvalidInput(f"{self.text!r} has no parent resource")
        return self.text.rstrip("/").rsplit("/", 2)[0]


def same_id(one: str | None, other: str | None) -> bool:
    """Tell whether two ids name the same resource."""
    return (one or "").strip("/").lower() == (other or "").strip("/").lower()
