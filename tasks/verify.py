"""Prove each product by provisioning a machine from it."""

from factory.capture import Product
from factory.customize import Source
from factory.plan import Plan
from factory.run import Run
from factory.verify import verify_products
from tasks.policy import step


@step("verify")
async def verify(plan: Plan, products: list[Product], source: Source) -> None:
    """Provision with another user, key and name; log in; compare."""
    await verify_products(Run.of(plan), products, source)
