"""Promote: replicate a verified version, let it count as latest, and take its expiry away."""

from factory.azure import galleries, images
from factory.capture import Product
from factory.errors import GateRefused
from factory.memory import once
from factory.run import Run
from factory.verify import PROOF


@once("promote")
async def promote_products(run: Run, products: list[Product]) -> None:
    """Give all verified products to their users."""
    for product in products:
        await promote_product(run, product)


async def promote_product(run: Run, product: Product) -> None:
    """Give a verified product to its users; only what the run record shows as verified.

    Replication that outlasts its deadline is reported as still going on, not as a failed build: the version
    is good, and Azure goes on copying it.
    """
    proof = run.record.load(PROOF)
    if product.id not in proof["verified"]:
        raise GateRefused(product.id, ["the run record does not show it as verified"])
    plan, target = run.plan, run.plan.recipe.target
    with run.record.step("promote", product.id):
        async with run.azure() as azure:
            if product.kind == "managed-image":
                await images.set_tags(azure, product.id, plan.promoted_tags())
                return
            regions = list(dict.fromkeys([plan.recipe.location, *target.regions]))
            await galleries.update_publishing(
                azure,
                product.id,
                regions=dict.fromkeys(regions, target.replicas),
                exclude_from_latest=False,
                tags=plan.promoted_tags(),
            )
            state = await galleries.wait_replication(
                azure,
                product.id,
                deadline=plan.recipe.deadline("replicate"),
                progress=lambda text: run.record.write("promote", "progress", text),
            )
        run.record.write("promote", "fact", f"replication {state.aggregated}", regions=state.regions)
