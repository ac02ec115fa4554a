"""Let users have what was verified."""

from factory.capture import Product
from factory.plan import Plan
from factory.promote import promote_products
from factory.run import Run
from tasks.policy import step


@step("promote")
async def promote(plan: Plan, products: list[Product]) -> None:
    """Replicate, count as latest, and take the expiry away."""
    await promote_products(Run.of(plan), products)
