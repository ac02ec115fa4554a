"""What a run makes for its users, as the cloud has it: found by name, known as its own by tag.

A product that has no expiry any more was promoted: it belongs to its users, and no undo takes it from them.
"""

from collections.abc import Mapping

from factory.azure import galleries, images
from factory.azure.client import Azure
from factory.azure.galleries import Version
from factory.azure.images import Image
from factory.plan import TAG_EXPIRES, TAG_RUN
from factory.run import Run


async def find_version(run: Run, azure: Azure) -> Version | None:
    """The run's gallery version; `None` where there is none, or another's of that name."""
    definition = run.plan.recipe.target.definition
    if definition is None:
        return None
    version = await galleries.get_version(azure, f"{definition}/versions/{run.plan.version}")
    return version if version is not None and version.tags.get(TAG_RUN) == run.plan.run_id else None


async def find_image(run: Run, azure: Azure) -> Image | None:
    """The run's managed image; `None` where there is none, or another's of that name."""
    group = run.plan.recipe.target.managed_image_group
    if group is None:
        return None
    image = await images.get_image(azure, group, run.plan.managed_image)
    return image if image is not None and image.tags.get(TAG_RUN) == run.plan.run_id else None


async def remove_version(run: Run) -> None:
    """Delete the run's gallery version, unless it was promoted."""
    async with run.azure() as azure:
        version = await find_version(run, azure)
        if version is not None and is_unpromoted(version.tags):
            await galleries.delete_version(azure, version.id, deadline=run.plan.recipe.deadline("cleanup"))


async def remove_image(run: Run) -> None:
    """Delete the run's managed image, unless it was promoted."""
    async with run.azure() as azure:
        image = await find_image(run, azure)
        if image is not None and is_unpromoted(image.tags):
            await images.delete_image(azure, image.id, deadline=run.plan.recipe.deadline("cleanup"))


def is_unpromoted(tags: Mapping[str, str]) -> bool:
    """Whether it still has an expiry."""
    return TAG_EXPIRES in tags
