# ruff: noqa: F401 - the imports are the tests
"""Run Command on the model guest: the tests of the namespace guest, with the real handler's answers."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.localazure.guests.conftest import Guest
from tests.localazure.guests.model.conftest import shared_model
from tests.localazure.guests.test_isolation import test_root_in_the_guest_cannot
from tests.localazure.guests.test_run_command import (
    test_a_command_is_not_reported_while_the_agent_is_stopped,
    test_a_command_that_takes_too_long_is_killed_and_reported_as_timed_out,
    test_a_done_command_does_not_run_again_when_the_agent_restarts,
    test_commands_run_one_after_the_other_and_each_is_reported_with_its_own_result,
    test_only_the_end_of_long_output_is_reported,
    test_protected_parameters_arrive_and_are_nowhere_in_the_clear,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def guest(_image: None, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Guest]:
    async with shared_model(tmp_path_factory.mktemp("run-command")) as guest:
        yield await guest.agent_ready()
