"""See `computer_name_taken`."""

from collections.abc import Iterator
from typing import Any

from factory.guest.units import Stage
from factory.windows.context import Context
from factory.windows.probe import windows_check


@windows_check(Stage.AFTER_PROVISION, __file__)
def computer_name_taken(answer: dict[str, Any], context: Context) -> Iterator[str]:
    """The machine has the name that Azure gave it."""
    if context.expected is None:
        yield "it is not known which name the machine should have"
    elif answer["name"].casefold() != context.expected.computer_name.casefold():
        yield f"the computer name is {answer['name']}, not {context.expected.computer_name}"
