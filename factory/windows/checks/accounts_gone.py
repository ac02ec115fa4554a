"""See `accounts_gone`."""

from collections.abc import Iterator
from typing import Any

from factory.guest.units import Stage
from factory.windows.context import Context
from factory.windows.probe import Doubt, windows_check


@windows_check(Stage.AFTER_PROVISION, __file__)
def accounts_gone(answer: dict[str, Any], context: Context) -> Iterator[str]:
    """The factory's temporary administrator is not in the image; the new one is an administrator.

    Sysprep removes no account: the source's own users and profiles are in the image, and are told as a
    warning.
    """
    if context.expected is None:
        yield "it is not known which administrator the machine should have"
        return
    names = {user["name"].casefold() for user in answer["users"]}
    for account in context.accounts:
        if account.casefold() in names:
            yield f"the account {account} is in the image"
    admins = {name.casefold() for name in answer["administrators"]}
    if context.expected.admin.casefold() not in admins:
        yield f"{context.expected.admin} is not an administrator"
    own = f"\\{context.expected.admin}".casefold()
    for path in answer["profiles"]:
        if own not in path.casefold():
            yield Doubt(f"the profile {path} came with the image")
