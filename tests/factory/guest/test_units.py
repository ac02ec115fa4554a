"""Units are found because they are in their folder, and ordered by what they need."""

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from factory.guest.command import Command, Output, sh
from factory.guest.units import (
    Check,
    Family,
    Operation,
    Phase,
    Stage,
    UnitError,
    check,
    discover,
    operation,
)

_HEAD = """
from factory.guest.command import sh
from factory.guest.units import Family, Phase, operation
"""
_UNIT = '''
@operation(Phase.GENERALIZE, Family.LINUX, after={after})
def {name}():
    """{doc}"""
    yield sh("true")
'''

Folder = Callable[..., ModuleType]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Folder]:
    """Makes a package whose modules each hold one unit: name=after, or name=(after, docstring)."""
    monkeypatch.syspath_prepend(tmp_path)
    package = f"units_of_{tmp_path.name.replace('-', '_')}"

    def make(**units: tuple[str, ...] | str) -> ModuleType:
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").touch()
        for name, after in units.items():
            text = _HEAD + (
                after if isinstance(after, str) else _UNIT.format(after=after, name=name, doc="Doc.")
            )
            (tmp_path / package / f"{name}.py").write_text(text)
        importlib.invalidate_caches()
        return importlib.import_module(package)

    yield make
    for name in [name for name in sys.modules if name.startswith(package)]:
        del sys.modules[name]


def _names(package: ModuleType) -> list[str]:
    return [unit.name for unit in discover(package, Operation)]


def test_a_file_in_the_folder_is_a_unit(folder: Folder) -> None:
    assert _names(folder(one=(), two=())) == ["one", "two"]


def test_needs_decide_the_order_and_names_the_rest(folder: Folder) -> None:
    assert _names(folder(a=("z",), b=(), m=("a",), z=())) == ["b", "z", "a", "m"]


def test_a_circle_is_an_error_that_names_it(folder: Folder) -> None:
    with pytest.raises(UnitError, match=r"wait for each other.*a.*b"):
        discover(folder(a=("b",), b=("a",)), Operation)


def test_a_need_that_nothing_meets_is_an_error(folder: Folder) -> None:
    with pytest.raises(UnitError, match="a comes after nowhere"):
        discover(folder(a=("nowhere",)), Operation)


def test_a_unit_without_a_docstring_is_an_error(folder: Folder) -> None:
    silent = "@operation(Phase.GENERALIZE, Family.LINUX)\ndef a():\n    yield sh('true')\n"
    with pytest.raises(UnitError, match="a has no docstring"):
        discover(folder(a=silent), Operation)


def test_two_units_of_one_name_are_an_error(folder: Folder) -> None:
    with pytest.raises(UnitError, match="already a unit called one"):
        discover(folder(one=(), other=_UNIT.format(after=(), name="one", doc="D.")), Operation)


def test_a_unit_that_a_file_imports_from_its_neighbour_is_found_once(folder: Folder) -> None:
    package = folder(one=(), two="import os\n")
    (Path(package.__path__[0]) / "three.py").write_text(f"from {package.__name__}.one import one\n")
    assert _names(package) == ["one"]


def test_an_operation_asks_for_the_context_only_if_it_wants_it() -> None:
    @operation(Phase.GENERALIZE, Family.LINUX)
    def without() -> Iterator[Command]:
        """D."""
        yield sh("a")

    @operation(Phase.GENERALIZE, Family.LINUX)
    def using(context: str) -> Iterator[Command]:
        """D."""
        yield sh(context)

    assert list(without("x")) == [sh("a")]
    assert list(using("x")) == [sh("x")]


def test_an_operations_probe_guards_each_of_its_commands() -> None:
    @operation(Phase.GENERALIZE, Family.LINUX, when=sh("test", "-e", "/x"))
    def guarded() -> Iterator[Command]:
        """D."""
        yield sh("a")
        yield sh("b").if_program("b")

    assert [command.guard for command in guarded()] == ["test -e /x", "command -v b && test -e /x"]


def _judging(*texts: str) -> Check:
    @check(Stage.BEFORE_CAPTURE, Family.LINUX, probe=sh("true"))
    def judged(output: Output) -> Iterator[str]:
        """D."""
        yield from texts

    return judged


def test_a_failed_probe_is_a_finding_with_its_last_words() -> None:
    assert _judging()(Output(2, "", "noise\nno such file\n")) == [
        "cannot be told, the probe exited 2: no such file"
    ]
    assert _judging()(Output(2)) == ["cannot be told, the probe exited 2: no message"]


def test_a_judge_that_explains_a_failed_probe_is_believed() -> None:
    assert _judging("gone")(Output(2)) == ["gone"]


def test_a_probe_that_does_not_apply_is_not_judged() -> None:
    assert _judging("bad")(Output(0, skipped=True)) == []


def test_a_check_may_belong_to_several_stages() -> None:
    @check(
        (Stage.BEFORE_CAPTURE, Stage.AFTER_PROVISION),
        Family.LINUX,
        probe=lambda name: sh("cat", name),
        after=("first",),
    )
    def both(output: Output) -> Iterator[str]:
        """D."""
        yield from ()

    assert both.after == ("first",)
    assert both.stages == (Stage.BEFORE_CAPTURE, Stage.AFTER_PROVISION)
    assert both.command("/x") == sh("cat", "/x")
