# ruff: noqa: F401 - the imports are the tests
"""The units on a model guest: the very tests of the real Debian, whose judgments the model must share.

That keeps the model honest: what a check finds on the one, it finds on the other.
"""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

import pytest

from localazure.guests.model.host import ModelHost
from localazure.guests.namespace.host import NamespaceHost
from tests.factory.linux.test_real_guest import (
    Rack,
    test_a_copy_that_nobody_generalized_says_ready_and_is_found_out,
    test_a_generalized_machine_becomes_another_one,
    test_an_agent_that_forgot_its_user_is_made_up_for,
    test_whatever_generalizing_changed_is_declared,
)


@pytest.fixture
async def rack(tmp_path: Path) -> AsyncIterator[Rack]:
    host = ModelHost(tmp_path / "state")
    assert host.missing() == []
    await host.prepare(lambda what, share: None)
    try:
        yield Rack(cast(NamespaceHost, host))
    finally:
        await host.shutdown()
