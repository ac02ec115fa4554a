from datetime import UTC, datetime, timedelta

from factory.plan import TAG_EXPIRES, TAG_RUN, new_run_id, plan_rebuild, version_from_time
from tests.factory.recipes import recipe

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


def test_a_plan_is_the_same_for_the_same_input() -> None:
    one = plan_rebuild(recipe(), run_id="r1", now=NOW, luns=(2, 0))
    assert one == plan_rebuild(recipe(), run_id="r1", now=NOW, luns=(0, 2))


def test_two_runs_share_no_name() -> None:
    one, other = (
        plan_rebuild(recipe(), run_id=run, now=NOW).model_dump()
        for run in ("26030405060701aa", "26030405060702bb")
    )
    named = [key for key, value in one.items() if isinstance(value, str) and value == other[key]]
    assert named == ["family", "restore_point", "version"]


def test_scaffolding_backup_and_product_never_share_a_group() -> None:
    plan = plan_rebuild(recipe(), run_id="r1", now=NOW)
    assert len({plan.scaffold_group, plan.backup_group, "img"}) == 3
    assert max(len(plan.scaffold_group), len(plan.backup_group)) <= 90


def test_a_backup_outlives_the_scaffolding() -> None:
    plan = plan_rebuild(recipe(backup_retention_days=3, expires_hours=2), run_id="r1", now=NOW)
    assert plan.tags("scaffolding")[TAG_EXPIRES] == (NOW + timedelta(hours=2)).isoformat()
    assert plan.tags("backup")[TAG_EXPIRES] == (NOW + timedelta(days=3)).isoformat()


def test_only_a_promoted_product_has_no_expiry() -> None:
    plan = plan_rebuild(recipe(), run_id="r1", now=NOW)
    assert TAG_EXPIRES in plan.tags("product")
    assert TAG_EXPIRES not in plan.promoted_tags()
    assert plan.promoted_tags()[TAG_RUN] == "r1"


def test_an_os_image_takes_no_data_disk() -> None:
    assert plan_rebuild(recipe(kind="os-image"), run_id="r1", now=NOW, luns=(0, 1)).luns == ()


def test_versions_grow_with_time_and_are_whole_numbers() -> None:
    times = [NOW, NOW + timedelta(seconds=1), NOW + timedelta(hours=20), NOW + timedelta(days=300)]
    versions = [tuple(map(int, version_from_time(time).split("."))) for time in times]
    assert versions == sorted(versions)
    assert version_from_time(NOW) == "2026.304.50607"


def test_run_ids_sort_by_time() -> None:
    assert new_run_id(NOW, "ffff") < new_run_id(NOW + timedelta(seconds=1), "0000")
