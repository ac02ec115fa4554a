"""See `way_in_gone`."""

from collections.abc import Iterator
from typing import Any

from factory.guest.units import Stage
from factory.windows.context import Context
from factory.windows.probe import windows_check


@windows_check(Stage.AFTER_PROVISION, __file__)
def way_in_gone(answer: dict[str, Any], context: Context) -> Iterator[str]:
    """Nothing of the factory's own way into the build machine came with the image.

    The test machine has a listener and a folder of its own; what is looked for is the build machine's.
    """
    own = context.expected.own_traces if context.expected else ()
    for thumbprint in answer["subjects"]:
        if thumbprint not in own:
            yield f"the build machine's certificate {thumbprint} is in the image"
    for task in answer["tasks"]:
        if task not in own:
            yield f"the scheduled task {task} is in the image"
    for folder in answer["folders"]:
        if folder not in own:
            yield f"the folder {folder} is in the image"
