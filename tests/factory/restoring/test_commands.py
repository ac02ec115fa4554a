"""`golden backups` and `golden restore` as programs read them."""

import json

import pytest
from typer.testing import CliRunner

from golden.app import app
from tests.factory.restoring.shapes import SHAPES, make
from tests.factory.restoring.test_restoring import back_up
from tests.localazure.machines import Yard


@pytest.fixture
async def backup(yard: Yard) -> str:
    """The ID of a run that has backed a VM up."""
    return (await back_up(yard, make(yard, SHAPES[1]))).plan.run_id


def golden(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, [*words])
    return done.exit_code, done.stdout


def test_backups_are_listed_and_a_restore_is_told_before_it_is_done(yard: Yard, backup: str) -> None:
    status, text = golden("backups", "--json")
    (mine,) = [one for one in json.loads(text) if one["run"] == backup]
    assert status == 0
    assert mine["verified"]
    assert [disk["lun"] for disk in mine["disks"]] == [None, 3, 7]

    status, text = golden("restore", backup, "--in-place", "--dry-run", "--json")
    plan = json.loads(text)
    assert (status, plan["way"], plan["refusals"]) == (0, "swap", [])
    assert "stop and deallocate the VM" in plan["steps"]
    assert plan["losses"][0].startswith("what was written to the disks after")

    assert golden("restore", backup)[0] == 1, "the VM is there, and nobody said that it may be changed"
    assert golden("restore", "nothing", "--in-place")[0] == 1
    assert golden("restore", backup, "--in-place", "--as", "x")[0] == 1
