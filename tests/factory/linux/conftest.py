"""What tests of Linux units start from."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from factory.linux.context import Context
from tests.factory.linux.known import context_of
from tests.factory.linux.tree import Tree, planted


@pytest.fixture
def tree(tmp_path: Path) -> Iterator[Tree]:
    with planted(tmp_path / "tree") as planted_tree:
        yield planted_tree


@pytest.fixture
def context() -> Context:
    return context_of()
