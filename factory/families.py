"""The families that there are, and which one a plan is for."""

from factory.family import Family
from factory.guest import units
from factory.linux.family import FAMILY as LINUX
from factory.plan import Plan
from factory.windows.family import FAMILY as WINDOWS

_FAMILIES: dict[units.Family, Family] = {family.name: family for family in (LINUX, WINDOWS)}


def family_of(plan: Plan) -> Family:
    """How the guests of this run are handled."""
    return _FAMILIES[plan.family]
