"""Capture: a gallery version that nobody gets yet, a managed image, or both."""

from datetime import timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict

from factory.azure import galleries, images
from factory.azure.client import Azure
from factory.build import BuildMachine
from factory.memory import once
from factory.products import find_image, find_version, remove_image, remove_version
from factory.resume import is_product_stale
from factory.run import Run


class Product(BaseModel):
    """What a run makes."""

    model_config = ConfigDict(frozen=True)

    kind: Literal["gallery-version", "managed-image"]
    id: str


async def find_products(run: Run, products: list[Product]) -> str | None:
    """Look whether everything that was captured is still there, whole, and the run's."""
    async with run.azure() as azure:
        version, image = await find_version(run, azure), await find_image(run, azure)
    found = [thing for thing in (version, image) if thing and thing.provisioning_state != "Failed"]
    if len(found) != len(products):
        return None
    return ", ".join(f"{thing.name} is {thing.provisioning_state}" for thing in found)


@once("capture", confirm=find_products)
async def capture_machine(run: Run, machine: BuildMachine) -> list[Product]:
    """Capture the generalized machine with all its disks.

    The version is excluded from latest and lies in its home region only, until it is verified.
    """
    target = run.plan.recipe.target
    products = []
    stale = is_product_stale(run.record.events())
    with run.record.step("capture"):
        if stale:
            await remove_version(run)
            await remove_image(run)
        async with run.azure() as azure:
            if target.definition:
                products.append(await _version(run, azure, machine, target.definition))
            if target.managed_image_group:
                products.append(await _image(run, azure, machine, target.managed_image_group))
        for product in products:
            run.record.write("capture", "fact", product.id, product=product.kind)
    return products


async def _version(run: Run, azure: Azure, machine: BuildMachine, definition: str) -> Product:
    plan, target = run.plan, run.plan.recipe.target
    life = target.end_of_life_days
    version = await galleries.create_version_from_machine(
        azure,
        definition,
        plan.version,
        plan.recipe.location,
        machine_id=machine.id,
        replicas=1,
        storage=target.storage,
        end_of_life=plan.created + timedelta(days=life) if life else None,
        tags=plan.tags("product"),
        deadline=plan.recipe.deadline("capture"),
        progress=lambda text: run.record.write("capture", "progress", text),
    )
    return Product(kind="gallery-version", id=version.id)


async def _image(run: Run, azure: Azure, machine: BuildMachine, group: str) -> Product:
    plan = run.plan
    image = await images.create_image_from_machine(
        azure,
        group,
        plan.managed_image,
        plan.recipe.location,
        machine_id=machine.id,
        tags=plan.tags("product"),
        deadline=plan.recipe.deadline("capture"),
    )
    return Product(kind="managed-image", id=image.id)
