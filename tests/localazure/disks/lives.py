"""A server has several lives."""

from __future__ import annotations

from tests.localazure.machines import Yard
from tests.localazure.yards import open_yard


def reopened(yard: Yard) -> Yard:
    """The same group on the server's next life."""
    again = open_yard(yard.cloud.start())
    again.group = yard.group
    return again
