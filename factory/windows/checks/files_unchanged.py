"""See `files_unchanged`."""

from collections.abc import Iterator
from typing import Any

from factory.guest.units import Stage
from factory.windows.context import Context
from factory.windows.probe import windows_check


def _parameters(context: Context) -> dict[str, str]:
    return {"Files": "|".join(context.expected.source.files if context.expected else ())}


@windows_check(Stage.AFTER_PROVISION, __file__, parameters=_parameters)
def files_unchanged(answer: dict[str, Any], context: Context) -> Iterator[str]:
    """The files that the recipe names are as they were on the source."""
    if context.expected is None:
        yield "it is not known which files the machine should have"
        return
    for path, wanted in context.expected.source.files.items():
        found = answer["files"].get(path)
        if found is None:
            yield f"{path} is not there"
        elif found != wanted:
            yield f"{path} is not what it was on the source"
