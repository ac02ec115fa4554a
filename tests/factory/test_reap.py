from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from factory.plan import TAG_EXPIRES, TAG_FACTORY, TAG_RECIPE, TAG_ROLE, TAG_RUN, plan_rebuild
from factory.reap import ROLES, Tagged, choose_leftovers
from tests.factory.recipes import recipe

NOW = datetime(2026, 3, 4, tzinfo=UTC)
GROUP = "Microsoft.Resources/resourceGroups"
VERSION = "Microsoft.Compute/galleries/images/versions"


def tagged(kind: str = GROUP, **changes: str | None) -> Tagged:
    plan = plan_rebuild(recipe(expires_hours=1), run_id="r1", now=NOW - timedelta(hours=2))
    tags: dict[str, str | None] = {**plan.tags("product" if kind == VERSION else "scaffolding"), **changes}
    return Tagged("id", kind, {name: value for name, value in tags.items() if value is not None})


def chosen(*things: Tagged, factory: str = "golden") -> int:
    return len(choose_leftovers(list(things), factory=factory, now=NOW))


def test_what_is_expired_and_ours_is_chosen() -> None:
    assert chosen(tagged(), tagged(VERSION)) == 2


def test_a_promoted_version_is_never_chosen() -> None:
    plan = plan_rebuild(recipe(), run_id="r1", now=NOW - timedelta(days=400))
    assert chosen(Tagged("id", VERSION, plan.promoted_tags())) == 0


def test_what_is_not_expired_is_left() -> None:
    assert chosen(tagged(**{TAG_EXPIRES: (NOW + timedelta(seconds=1)).isoformat()})) == 0


def test_another_factorys_things_are_left() -> None:
    assert chosen(tagged(), factory="other") == 0


def test_an_unreadable_or_zoneless_expiry_is_left() -> None:
    assert chosen(tagged(**{TAG_EXPIRES: "yesterday"}), tagged(**{TAG_EXPIRES: "2020-01-01T00:00:00"})) == 0


def test_a_group_that_claims_to_be_a_product_is_left() -> None:
    assert chosen(tagged(**{TAG_ROLE: "product"}), tagged("Microsoft.Compute/disks")) == 0


tags = st.dictionaries(
    st.sampled_from([TAG_FACTORY, TAG_RUN, TAG_RECIPE, TAG_ROLE, TAG_EXPIRES, "owner"]),
    st.sampled_from(
        [
            "golden",
            "other",
            "r1",
            "",
            "scaffolding",
            "backup",
            "product",
            "2020-01-01T00:00:00+00:00",
            "2099-01-01T00:00:00+00:00",
            "garbage",
        ]
    ),
)


@given(
    st.lists(
        st.builds(Tagged, st.uuids().map(str), st.sampled_from([*ROLES, "Microsoft.Compute/disks"]), tags)
    )
)
def test_nothing_is_chosen_that_lacks_a_tag_or_is_not_late(things: list[Tagged]) -> None:
    by_id = {thing.id: thing for thing in things}
    for leftover in choose_leftovers(things, factory="golden", now=NOW):
        found = by_id[leftover.id].tags
        assert found[TAG_FACTORY] == "golden"
        assert found[TAG_RUN]
        assert found[TAG_RECIPE]
        assert found[TAG_ROLE] in ROLES[leftover.type]
        assert datetime.fromisoformat(found[TAG_EXPIRES]) < NOW
