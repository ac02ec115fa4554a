"""The manual is made of the units, and leaves none out."""

from factory.catalogue import catalogue, render_markdown
from factory.guest.units import Family
from factory.linux.generalize import all_checks, all_operations
from factory.windows import generalize as windows
from factory.windows.failure import known_failures


def test_every_unit_has_a_page() -> None:
    names = {page.name for page in catalogue()}
    assert {unit.name for unit in all_operations()} <= names
    assert {unit.name for unit in all_checks()} <= names
    assert {"debian", "ubuntu"} <= names


def test_a_page_says_what_a_unit_does_changes_and_how_well_that_is_proven() -> None:
    [page] = [page for page in catalogue() if page.name == "machine_id"]
    assert page.title == "Blank the machine ID"
    assert "/etc/machine-id" in page.paths
    assert page.after == ("logs",)
    assert page.proof == "namespace guest"
    assert "The file must stay" in page.text


def test_operations_stand_in_the_order_in_which_they_run() -> None:
    names = [page.name for page in catalogue(Family.LINUX) if page.kind == "operation"]
    assert names == [unit.name for unit in all_operations()]


def test_the_manual_is_one_page_with_a_chapter_for_each_kind_and_time() -> None:
    text = render_markdown(catalogue())
    headings = [line for line in text.splitlines() if line.startswith("## ")]
    assert headings == [
        "## Operations, linux: generalize",
        "## Checks, linux: before-generalize",
        "## Checks, linux: before-generalize, before-capture",
        "## Checks, linux: before-capture",
        "## Checks, linux: before-capture, after-provision",
        "## Checks, linux: after-provision",
        "## Distributions, linux",
        "## Operations, windows: mend",
        "## Checks, windows: before-generalize",
        "## Checks, windows: before-generalize, after-provision",
        "## Checks, windows: before-capture",
        "## Checks, windows: after-provision",
        "## Known failures, windows",
    ]
    assert text.count("### `") == len(catalogue())
    assert "\n\n\n" not in text


def test_no_unit_claims_to_be_proven_on_azure() -> None:
    assert {page.proof for page in catalogue() if page.kind != "known failure"} <= {
        "QEMU guest",
        "namespace guest",
        "real commands",
        "recorded output",
        "documented",
    }


def test_windows_pages_are_its_mending_operations_checks_and_known_failures_with_their_sources() -> None:
    pages = {page.name: page for page in catalogue(Family.WINDOWS)}
    units = {operation.name for operation in windows.all_operations()}
    units |= {check.name for check in windows.all_checks()}
    assert set(pages) == units | {failure.name for failure in known_failures()}
    for failure in known_failures():
        assert pages[failure.name].proof in ("from a public log", "documented")
        assert failure.citation in pages[failure.name].text
