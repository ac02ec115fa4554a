"""The files that the recipe names came through."""

from factory.guest.command import Output
from factory.linux.checks.files_unchanged import files_unchanged
from tests.factory.linux.known import DEBIAN, context_of, verification_of
from tests.factory.linux.tree import Tree


def test_the_same_content_is_no_finding() -> None:
    assert files_unchanged(Output(0, "5891b5b5  -\n"), verification_of()) == []


def test_blank_lines_are_no_answers() -> None:
    assert files_unchanged(Output(0, "\n\n5891b5b5  -\n"), verification_of()) == []


def test_other_content_is_found() -> None:
    assert files_unchanged(Output(0, "0000000  -\n"), verification_of()) == [
        "/data/x has other content than on the source"
    ]


def test_a_missing_file_is_found() -> None:
    assert files_unchanged(Output(0, "missing\n"), verification_of()) == ["/data/x is missing"]


def test_no_answer_is_no_proof() -> None:
    assert files_unchanged(Output(0), verification_of()) == ["/data/x is missing"]


def test_a_file_that_the_source_did_not_have_proves_nothing() -> None:
    source = DEBIAN.model_copy(update={"files": {"/data/x": None}})
    assert files_unchanged(Output(0, "missing\n"), verification_of(source)) == [
        "/data/x was missing on the source already"
    ]


def test_not_knowing_what_to_compare_is_a_finding() -> None:
    assert files_unchanged(Output(0), context_of())


def test_the_probe_answers_in_the_order_of_the_judge(tree: Tree) -> None:
    known = "e258d248fda94c63753607f7c4494ee0fcbe92f1a76bfdac795c9d84101eb317"
    source = DEBIAN.model_copy(update={"files": {"/home/keeper/work": known, "/home/a": known}})
    findings = tree.probe(files_unchanged, verification_of(source))
    assert findings == ["/home/a is missing", "/home/keeper/work has other content than on the source"]
