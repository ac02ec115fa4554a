from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
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


def test_nothing_of_a_live_run_is_chosen_whatever_its_own_expiry_says() -> None:
    living = tagged(**{TAG_EXPIRES: (NOW + timedelta(hours=1)).isoformat()})
    assert chosen(living, tagged(VERSION), tagged(**{TAG_ROLE: "backup"})) == 0
    assert chosen(living, tagged(VERSION, **{TAG_RUN: "r2"})) == 1


def test_another_factorys_live_run_of_the_same_id_keeps_nothing_of_ours() -> None:
    later = (NOW + timedelta(hours=1)).isoformat()
    theirs = tagged(**{TAG_EXPIRES: later, TAG_FACTORY: "other"})
    assert chosen(theirs, tagged(VERSION)) == 1


MOMENTS = st.one_of(
    st.datetimes(datetime(2025, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)).map(
        lambda moment: moment.isoformat()
    ),
    st.datetimes(datetime(2025, 1, 1), datetime(2027, 1, 1)).map(lambda moment: moment.isoformat()),
    st.sampled_from(["", "garbage", "2026-13-01T00:00:00+00:00", NOW.isoformat()]),
)
TAGS = st.fixed_dictionaries(
    {},
    optional={
        TAG_FACTORY: st.sampled_from(["golden", "golden", "other", "Golden", ""]),
        TAG_RUN: st.sampled_from(["r1", "r2", "r3", ""]),
        TAG_RECIPE: st.sampled_from(["app", "app", ""]),
        TAG_ROLE: st.sampled_from(["scaffolding", "scaffolding", "backup", "product", "Product", ""]),
        TAG_EXPIRES: MOMENTS,
        "owner": st.just("somebody"),
    },
)
THINGS = st.builds(
    Tagged, st.uuids().map(str), st.sampled_from([*ROLES, *ROLES, "Microsoft.Compute/disks"]), TAGS
)


@settings(max_examples=500)
@given(st.lists(THINGS, max_size=12))
def test_only_what_is_tagged_whole_and_expired_and_of_no_live_run_is_ever_chosen(
    things: list[Tagged],
) -> None:
    by_id = {thing.id: thing for thing in things}
    leftovers = choose_leftovers(things, factory="golden", now=NOW)
    for leftover in leftovers:
        found = by_id[leftover.id].tags
        assert found[TAG_FACTORY] == "golden"
        assert found[TAG_RUN] == leftover.run != ""
        assert found[TAG_RECIPE]
        assert found[TAG_ROLE] in ROLES[leftover.type]
        assert datetime.fromisoformat(found[TAG_EXPIRES]) < NOW
        assert not any(is_alive(thing, leftover.run) for thing in things)
    assert [item.id for item in choose_leftovers(things[::-1], factory="golden", now=NOW)][::-1] == [
        item.id for item in leftovers
    ]  # what else there is, and its order, decides nothing


@given(st.lists(THINGS, max_size=12), THINGS)
def test_one_thing_more_never_makes_a_thing_chosen_that_was_not(things: list[Tagged], more: Tagged) -> None:
    before = {item.id for item in choose_leftovers(things, factory="golden", now=NOW)}
    after = {item.id for item in choose_leftovers([*things, more], factory="golden", now=NOW)}
    assert after - before <= {more.id}


def is_alive(thing: Tagged, run: str) -> bool:
    """Written out anew, so that the test and what it tests do not share a mistake."""
    tags = thing.tags
    if thing.type != GROUP or tags.get(TAG_ROLE) != "scaffolding" or tags.get(TAG_RUN) != run:
        return False
    try:
        expires = datetime.fromisoformat(tags.get(TAG_EXPIRES, ""))
    except ValueError:
        return False
    return tags.get(TAG_FACTORY) == "golden" and expires.tzinfo is not None and expires >= NOW
