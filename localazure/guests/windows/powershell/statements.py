"""Statements: what runs, in which order, and what leaves it early. Everything here yields the pipeline."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from localazure.guests.windows.powershell.convert import is_type, to_bool, to_int, to_list, to_string
from localazure.guests.windows.powershell.errors import (
    BreakSignal,
    ContinueSignal,
    ExitSignal,
    PSError,
    ReturnSignal,
)
from localazure.guests.windows.powershell.expressions import assign_target, evaluate, type_of
from localazure.guests.windows.powershell.gaps import ModelGap
from localazure.guests.windows.powershell.operators import equal, like, match_table, regex
from localazure.guests.windows.powershell.values import (
    CaseDict,
    Hashtable,
    PSObject,
    ScriptBlock,
    Value,
    collected,
    unrolled,
)

if TYPE_CHECKING:
    from tree_sitter import Node

    from localazure.guests.windows.powershell.shell import Shell

_Execute = Callable[["Shell", "Node"], Iterator[Value]]
_STATEMENTS: dict[str, _Execute] = {}
_NOTHING = ("comment", "empty_statement", "param_block", "label", "\n", ";", "{", "}", "@(", "$(", ")")
_BLOCKS = ("statement_list", "program", "script_block", "script_block_body", "statement_block")


def _statement(*kinds: str) -> Callable[[_Execute], _Execute]:
    def declare(run: _Execute) -> _Execute:
        for kind in kinds:
            _STATEMENTS[kind] = run
        return run

    return declare


def statements_of(node: Node) -> Iterator[Node]:
    """The statements in a block, however deep the grammar wraps them."""
    for child in node.children:
        if child.type in _BLOCKS:
            yield from statements_of(child)
        elif child.is_named and child.type not in _NOTHING:
            yield child


def execute_body(shell: Shell, node: Node) -> Iterator[Value]:
    """Run all statements of a block; one that fails without being fatal does not stop the next."""
    for statement in statements_of(node):
        yield from execute_guarded(shell, statement)


def execute_guarded(shell: Shell, node: Node) -> Iterator[Value]:
    """Run a statement. An error nobody catches is told, and fatal only if ErrorAction or `throw` say so."""
    shell.check()
    try:
        yield from execute(shell, node)
    except PSError as error:
        error.position = error.position or position(node)
        if error.fatal or shell.catching:
            raise
        shell.report(error)


def position(node: Node) -> str:
    """Where a statement is, as errors show it."""
    text = (node.text or b"").decode("utf-8", "replace").splitlines()
    first = text[0] if text else ""
    row, column = node.start_point
    return f"At line:{row + 1} char:{column + 1}\n+ {first}\n+ {'~' * max(len(first), 1)}"


def execute(shell: Shell, node: Node) -> Iterator[Value]:
    """Run one statement."""
    run = _STATEMENTS.get(node.type)
    if run is None:
        raise ModelGap(f"the statement '{node.type}'")
    yield from run(shell, node)


def _child(node: Node, *kinds: str) -> Node | None:
    return next((child for child in node.children if child.type in kinds), None)


def _need(node: Node, *kinds: str) -> Node:
    found = _child(node, *kinds)
    if found is None:
        raise ModelGap(f"the form of '{node.type}'")
    return found


@_statement(*_BLOCKS)
def _block(shell: Shell, node: Node) -> Iterator[Value]:
    yield from execute_body(shell, node)


@_statement("pipeline")
def _pipeline(shell: Shell, node: Node) -> Iterator[Value]:
    from localazure.guests.windows.powershell.pipelines import execute_pipeline  # noqa: PLC0415 - mutual

    shell.position = position(node)
    yield from execute_pipeline(shell, node)


def condition(shell: Shell, node: Node) -> bool:
    """Judge the pipeline of a condition."""
    inner = _child(node, "pipeline") if node.type != "pipeline" else node
    if inner is None:
        raise ModelGap(f"the condition '{node.type}'")
    return to_bool(collected(list(execute(shell, inner))))


@_statement("if_statement")
def _if(shell: Shell, node: Node) -> Iterator[Value]:
    if condition(shell, _need(node, "pipeline")):
        yield from execute_body(shell, _need(node, "statement_block"))
        return
    for clauses in (child for child in node.children if child.type == "elseif_clauses"):
        for clause in clauses.children:
            if clause.type == "elseif_clause" and condition(shell, _need(clause, "pipeline")):
                yield from execute_body(shell, _need(clause, "statement_block"))
                return
    otherwise = _child(node, "else_clause")
    if otherwise is not None:
        yield from execute_body(shell, _need(otherwise, "statement_block"))


def _loop(shell: Shell, body: Node) -> Iterator[Value]:
    """One round; False comes as BreakSignal to the loop itself."""
    shell.check()
    with contextlib.suppress(ContinueSignal):
        yield from execute_body(shell, body)


@_statement("while_statement")
def _while(shell: Shell, node: Node) -> Iterator[Value]:
    body = _need(node, "statement_block")
    try:
        while condition(shell, _need(node, "while_condition")):
            yield from _loop(shell, body)
    except BreakSignal:
        pass


@_statement("do_statement")
def _do(shell: Shell, node: Node) -> Iterator[Value]:
    until = any(child.type == "until" for child in node.children)
    body = _need(node, "statement_block")
    try:
        while True:
            yield from _loop(shell, body)
            if condition(shell, _need(node, "while_condition")) == until:
                return
    except BreakSignal:
        pass


@_statement("for_statement")
def _for(shell: Shell, node: Node) -> Iterator[Value]:
    parts = {child.type: child for child in node.children}
    body = _need(node, "statement_block")

    def silent(kind: str) -> None:
        if kind in parts:
            for child in parts[kind].named_children:
                list(execute(shell, child))

    silent("for_initializer")
    try:
        while "for_condition" not in parts or condition(shell, parts["for_condition"]):
            yield from _loop(shell, body)
            silent("for_iterator")
    except BreakSignal:
        pass


@_statement("foreach_statement")
def _foreach(shell: Shell, node: Node) -> Iterator[Value]:
    name = _text(_need(node, "variable")).lstrip("$")
    body = _need(node, "statement_block")
    values = collected(list(execute(shell, _need(node, "pipeline"))))
    try:
        for value in list(unrolled(values)) if values is not None else []:
            shell.write(name, value)
            yield from _loop(shell, body)
    except BreakSignal:
        pass


def _text(node: Node) -> str:
    return (node.text or b"").decode()


@_statement("flow_control_statement")
def _flow(shell: Shell, node: Node) -> Iterator[Value]:
    word = _text(node.children[0]).lower()
    operand = _child(node, "pipeline")
    match word:
        case "break":
            raise BreakSignal
        case "continue":
            raise ContinueSignal
        case "return":
            if operand is not None:
                yield from execute(shell, operand)
            raise ReturnSignal
        case "exit":
            value = (
                collected(list(execute(shell, operand)))
                if operand is not None
                else shell.read("LASTEXITCODE")
            )
            raise ExitSignal(to_int(value) if value is not None else 0)
    yield from _throw(
        shell, collected(list(execute(shell, operand))) if operand is not None else None, operand
    )


def _throw(shell: Shell, value: Value, operand: Node | None) -> Iterator[Value]:
    if operand is None:
        current = shell.read("_")
        value = current if isinstance(current, PSObject) else "ScriptHalted"
    if isinstance(value, PSObject) and isinstance(value.base, PSError):
        value.base.fatal = True
        raise value.base
    if isinstance(value, PSObject) and value.type_name.endswith("Exception"):
        error = PSError(to_string(value.get("Message")), kind=value.type_name, category="OperationStopped")
    else:
        error = PSError(
            to_string(value), category="OperationStopped", identifier=to_string(value), target=value
        )
        error.value = value
    error.fatal = True
    raise error
    yield  # it is a generator like its siblings


@_statement("try_statement")
def _try(shell: Shell, node: Node) -> Iterator[Value]:
    last = _child(node, "finally_clause")
    try:
        yield from _tried(shell, node)
    finally:
        if last is not None:
            # What the last block writes has nowhere to go once the pipeline is being closed.
            for value in list(execute_body(shell, _need(last, "statement_block"))):
                shell.streams.host(to_string(value))


def _tried(shell: Shell, node: Node) -> Iterator[Value]:
    clauses = _child(node, "catch_clauses")
    shell.catching += 1
    scope = shell.scope
    try:
        yield from execute_body(shell, _need(node, "statement_block"))
    except PSError as error:
        shell.scope = scope
        clause = _matching(error, clauses)
        if clause is None:
            raise
        shell.catching -= 1
        try:
            yield from _caught(shell, clause, error)
        finally:
            shell.catching += 1
    finally:
        shell.catching -= 1


def _matching(error: PSError, clauses: Node | None) -> Node | None:
    for clause in clauses.children if clauses else []:
        if clause.type != "catch_clause":
            continue
        kinds = _child(clause, "catch_type_list")
        names = [type_of(child) for child in kinds.children if child.type == "type_literal"] if kinds else []
        if not names or any(_is_kind(error, name) for name in names):
            return clause
    return None


def _is_kind(error: PSError, name: str) -> bool:
    short = name.rpartition(".")[2].lower()
    return short in ("exception", "systemexception") or short == error.kind.rpartition(".")[2].lower()


def _caught(shell: Shell, clause: Node, error: PSError) -> Iterator[Value]:
    record = error.record()
    shell.errors.insert(0, record)
    saved = shell.scope.variables.get("_")
    shell.write("_", record)
    try:
        yield from execute_body(shell, _need(clause, "statement_block"))
    finally:
        shell.write("_", saved)


@_statement("function_statement")
def _function(shell: Shell, node: Node) -> Iterator[Value]:
    from localazure.guests.windows.powershell.functions import read_function  # noqa: PLC0415 - mutual

    name = _text(_need(node, "function_name"))
    where, _, rest = name.rpartition(":")
    scope = {"global": shell.globals, "script": shell.script_scope}.get(where.lower(), shell.scope)
    scope.functions[rest] = read_function(shell, rest, node)
    yield from ()


@_statement("switch_statement")
def _switch(shell: Shell, node: Node) -> Iterator[Value]:
    options = _child(node, "switch_parameters")
    flags = _text(options).lower() if options else ""
    subject = collected(list(execute(shell, _need(_need(node, "switch_condition"), "pipeline"))))
    clauses = [
        c for c in _need(_need(node, "switch_body"), "switch_clauses").children if c.type == "switch_clause"
    ]
    try:
        for value in to_list(subject) if subject is not None else [None]:
            try:
                yield from _switched(shell, clauses, value, flags)
            except ContinueSignal:
                continue
    except BreakSignal:
        pass


def _switched(shell: Shell, clauses: list[Node], value: Value, flags: str) -> Iterator[Value]:
    saved = shell.scope.variables.get("_")
    hit = False
    try:
        for clause in clauses:
            label = _need(clause, "switch_clause_condition")
            last = _text(label).lower() == "default"
            shell.write("_", value)
            if (last and not hit) or (not last and _chosen(shell, label, value, flags)):
                hit = True
                yield from execute_body(shell, _need(clause, "statement_block"))
    finally:
        shell.write("_", saved)


def _chosen(shell: Shell, label: Node, value: Value, flags: str) -> bool:
    inner = label.named_children[0] if label.named_children else None
    wanted = evaluate(shell, inner) if inner is not None else _text(label)
    exact = "-casesensitive" in flags
    if isinstance(wanted, ScriptBlock):
        return to_bool(collected(list(shell.run_block(wanted, {"_": value}))))
    if "-regex" in flags:
        found = regex(to_string(wanted), exact=exact).search(to_string(value))
        if found is not None:
            shell.write("Matches", match_table(found))
        return found is not None
    if "-wildcard" in flags:
        return like(value, wanted, exact=exact)
    return equal(value, wanted, exact=exact)


@_statement("trap_statement", "data_statement", "class_statement", "using_statement", "enum_statement")
def _unknown(shell: Shell, node: Node) -> Iterator[Value]:
    raise ModelGap(f"the statement '{node.type.removesuffix('_statement')}'")
    yield


__all__ = ["CaseDict", "Hashtable", "assign_target", "execute", "execute_body", "is_type", "position"]
