"""Capture the generalized machine."""

from factory.build import BuildMachine
from factory.capture import Product, capture_machine
from factory.plan import Plan
from factory.run import Run
from tasks.policy import step


@step("capture")
async def capture(plan: Plan, machine: BuildMachine) -> list[Product]:
    """An image version that nobody gets as latest, or a managed image, or both."""
    return await capture_machine(Run.of(plan), machine)
