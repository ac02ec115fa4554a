"""Promote: replicate a verified version, let it count as latest, and take its expiry away."""

from factory.azure import galleries, images
from factory.capture import Product
from factory.errors import FactoryError, GateRefused
from factory.memory import once
from factory.products import is_unpromoted
from factory.run import Run
from factory.verify import PROOF


async def promote_products(run: Run, products: list[Product]) -> None:
    """Give all verified products to their users, and see them replicated.

    What was published belongs to its users: nothing that goes wrong from then on makes a failed build of it.
    """
    with run.record.step("promote", ", ".join(product.id for product in products)):
        await publish_products(run, products)
        for product in products:
            await watch_replication(run, product)


@once("promote")
async def publish_products(run: Run, products: list[Product]) -> None:
    """Let all verified products count as latest, without an expiry."""
    for product in products:
        await publish_product(run, product)


async def publish_product(run: Run, product: Product) -> None:
    """Publish a product; only one that the run record shows as verified. Done once, it is not done again."""
    proof = run.record.load(PROOF)
    if product.id not in proof["verified"]:
        raise GateRefused(product.id, ["the run record does not show it as verified"])
    plan, target = run.plan, run.plan.recipe.target
    async with run.azure() as azure:
        if product.kind == "managed-image":
            await images.set_tags(azure, product.id, plan.promoted_tags())
            return
        version = await galleries.get_version(azure, product.id)
        if version is not None and not is_unpromoted(version.tags):
            run.record.write("promote", "taken-over", "an earlier entry of the run published it")
            return
        regions = list(dict.fromkeys([plan.recipe.location, *target.regions]))
        await galleries.update_publishing(
            azure,
            product.id,
            regions=dict.fromkeys(regions, target.replicas),
            exclude_from_latest=False,
            tags=plan.promoted_tags(),
        )


async def watch_replication(run: Run, product: Product) -> None:
    """Wait until a version is in all its regions; what is late or failed is told, with what to do.

    Azure goes on copying whether anybody looks or not.
    """
    if product.kind != "gallery-version":
        return
    try:
        async with run.azure() as azure:
            state = await galleries.wait_replication(
                azure,
                product.id,
                deadline=run.plan.recipe.deadline("replicate"),
                progress=lambda text: run.record.write("promote", "progress", text),
            )
    except FactoryError as error:
        run.record.write("promote", "warning", f"published; its replication could not be watched: {error}")
        return
    if state.aggregated == "Completed":
        run.record.write("promote", "fact", "replication Completed", regions=state.regions)
        return
    words = "failed" if state.aggregated == "Failed" else "is still going on"
    regions = ", ".join(f"{region}: {told}" for region, told in state.regions.items())
    run.record.write("promote", "fact", f"published; replication {words}", regions=state.regions)
    run.record.write(
        "promote",
        "warning",
        f"replication {words} ({regions or state.aggregated}); look with: az sig image-version show "
        f"--ids {product.id} --expand ReplicationStatus",
    )
