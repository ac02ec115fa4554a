"""Pipelines: commands chained by streams of objects, assignments of their output, redirections."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from localazure.guests.windows.powershell import binding
from localazure.guests.windows.powershell.convert import to_list, to_string
from localazure.guests.windows.powershell.errors import StopUpstream
from localazure.guests.windows.powershell.expressions import (
    assign_target,
    bare_word,
    call_member,
    evaluate,
    text_of,
    unwrapped,
    variable_name,
)
from localazure.guests.windows.powershell.gaps import ModelGap
from localazure.guests.windows.powershell.operators import ARITHMETIC, span
from localazure.guests.windows.powershell.values import CaseDict, Hashtable, Value, collected, unrolled

if TYPE_CHECKING:
    from tree_sitter import Node

    from localazure.guests.windows.powershell.shell import Shell

_RANGE = re.compile(r"(-?\d+)\.\.(-?\d+)")
_JOINED = re.compile(r"(?P<which>[1-6*]?)(?P<how>>>?|>&1)(?P<target>.*)")


@dataclass
class Arguments:
    """A command's words: parameters by name, values in their order."""

    named: list[tuple[str, Value, bool]] = field(default_factory=list)
    """Name, value, and whether a value came with it (`-A:1`); a later value may still join."""
    words: list[tuple[str | None, Value]] = field(default_factory=list)
    """In order: (parameter name, value attached to it or MISSING) or (None, value)."""
    raw: list[str] = field(default_factory=list)
    """The words as an external program gets them."""
    redirections: list[tuple[str, str, str | None]] = field(default_factory=list)
    """Which stream, how (`>`, `>>`, `>&1`), and the file, None for $null."""
    awaited: bool = False
    """Whether somebody takes the output: only then does PowerShell wait for a windowed program."""


def execute_pipeline(shell: Shell, node: Node) -> Iterator[Value]:
    """Run a `pipeline` node."""
    parts = [child for child in node.children if child.type != "comment"]
    if len(parts) == 1:
        yield from _run_chain(shell, parts[0])
        return
    if any(part.type in ("&&", "||") for part in parts):
        raise ModelGap("the operators && and || (they are not in Windows PowerShell 5.1)")
    yield from _run_chain(shell, node)


def _run_chain(shell: Shell, node: Node) -> Iterator[Value]:
    if node.type == "pipeline_chain" and node.child_count > 1:
        elements = [c for c in node.children if c.type not in ("|", "comment", "redirections")]
        redirections = Arguments()
        for child in node.children:
            if child.type == "redirections":
                for one in child.named_children:
                    _read_redirection(shell, one, redirections)
        yield from redirected(shell, _chain(shell, elements), redirections.redirections)
        return
    yield from _chain(shell, [node])


def _chain(shell: Shell, elements: list[Node], *, awaited: bool = False) -> Iterator[Value]:
    stream = _element(shell, elements[0], None, awaited=awaited or len(elements) > 1)
    for element in elements[1:]:
        stream = _element(shell, element, stream, awaited=True)
    with contextlib.suppress(StopUpstream):
        yield from stream


def _element(shell: Shell, node: Node, upstream: Iterator[Value] | None, *, awaited: bool) -> Iterator[Value]:
    node = unwrapped(node)
    if node.type == "command":
        return _command(shell, node, upstream, awaited=awaited)
    if upstream is not None:
        raise ModelGap("an expression that is not the first element of its pipeline")
    return _expression_output(shell, node)


def _expression_output(shell: Shell, node: Node) -> Iterator[Value]:
    if node.type == "assignment_expression":
        assign(shell, node)
        return
    value = evaluate(shell, node)
    shell.globals.variables["?"] = True
    if _is_step(node):
        return
    if value is None and _silent(shell, node):
        return
    yield from unrolled(value)


def _is_step(node: Node) -> bool:
    """`$x++` as a statement writes nothing."""
    if node.type == "expression_with_unary_operator":
        first = node.children[0]
        return text_of(first) in ("++", "--") or "crement" in first.type
    return "crement_expression" in node.type


def _silent(shell: Shell, node: Node) -> bool:
    """A call without a value writes nothing, nor does a variable that keeps an empty output; `$null` does."""
    if node.type == "variable":
        name = variable_name(node)
        home = shell.scope.lookup(name)
        return home is not None and name.lower() in home.empty
    return node.type not in ("array_literal_expression", "member_access", "element_access")


def _command(shell: Shell, node: Node, upstream: Iterator[Value] | None, *, awaited: bool) -> Iterator[Value]:
    from localazure.guests.windows.powershell.statements import position  # noqa: PLC0415 - mutual

    where = position(node)
    invoked = next((text_of(c) for c in node.children if c.type == "command_invokation_operator"), "")
    name = _command_name(shell, node)
    arguments = read_arguments(shell, node)
    arguments.awaited = awaited
    if isinstance(name, str) and (found := _RANGE.fullmatch(name)) and not arguments.words:
        yield from span(int(found[1]), int(found[2]))
        return
    shell.position = where
    stream = binding.invoke(shell, name, arguments, upstream, dotted=invoked == ".")
    yield from redirected(shell, stream, arguments.redirections)


def _command_name(shell: Shell, node: Node) -> Value:
    for child in node.children:
        if child.type == "command_name":
            return bare_word(text_of(child))
        if child.type == "command_name_expr":
            return _name_expression(shell, child)
    raise ModelGap(f"the command '{text_of(node)[:60]}'")


def _name_expression(shell: Shell, node: Node) -> Value:
    inner = node.named_children[0] if node.named_children else node
    if inner.type == "command_name":
        return bare_word(text_of(inner))
    if inner.type == "path_command_name":
        if (
            inner.named_child_count == 1
            and inner.named_children[0].type == "variable"
            and inner.child_count == 1
        ):
            return evaluate(shell, inner.named_children[0])
        return "".join(
            to_string(evaluate(shell, part)) if part.type == "variable" else text_of(part)
            for part in inner.children
        )
    return evaluate(shell, inner)


def read_arguments(shell: Shell, node: Node) -> Arguments:
    """Evaluate the words behind a command's name."""
    found = Arguments()
    for elements in (child for child in node.children if child.type == "command_elements"):
        children = [c for c in elements.children if c.type not in ("command_argument_sep", "comment")]
        for index, child in enumerate(children):
            before = children[index - 1] if index else None
            following = children[index + 1] if index + 1 < len(children) else None
            if child.type == "argument_list" and before is not None and before.end_byte == child.start_byte:
                continue  # taken with the member before it
            if (
                following is not None
                and following.type == "argument_list"
                and following.start_byte == child.end_byte
            ):
                value = call_member(shell, unwrapped(child), following)
                found.words.append((None, value))
                found.raw += [to_string(one) for one in to_list(value)]
                continue
            _read_argument(shell, child, found, before)
    return found


def _read_argument(shell: Shell, node: Node, found: Arguments, before: Node | None) -> None:
    if node.type == "redirection":
        _read_redirection(shell, node, found)
        return
    if node.type == "command_parameter":
        _read_parameter(node, found)
        return
    inner = unwrapped(node)
    text = text_of(inner)
    if inner.type == "generic_token" and _joined_redirection(shell, text, found):
        return
    if inner.type == "variable" and text.startswith("@"):
        _splat(shell.read(variable_name(inner)), found)
        return
    value = _argument_value(shell, inner)
    sign = node.prev_sibling
    glued = sign is not None and sign.type == "command_argument_sep" and text_of(sign).strip() == ":"
    if before is not None and before.type == "command_parameter" and before.end_byte == node.start_byte:
        glued = True
    if glued and found.words and found.words[-1][0] is not None:
        name, _ = found.words[-1]
        found.words[-1] = (name, value)
        found.raw[-1] += to_string(value)
        return
    found.words.append((None, value))
    found.raw += [to_string(one) for one in to_list(value)] if value is not None else [""]


MISSING = object()
"""A parameter without a value of its own."""


def _read_parameter(node: Node, found: Arguments) -> None:
    text = text_of(node)
    if text.startswith("--") or not re.match(r"-[A-Za-z_?]", text):
        found.words.append((None, text))
    else:
        name, colon, rest = text[1:].partition(":")
        found.words.append((name, bare_word(rest) if colon and rest else MISSING))
    found.raw.append(text)


def _argument_value(shell: Shell, node: Node) -> Value:
    if node.type == "generic_token":
        text = text_of(node)
        if "$" in text and not text.startswith("$"):
            return _expanded_word(shell, text)
        return bare_word(text)
    return evaluate(shell, node)


def _expanded_word(shell: Shell, text: str) -> str:
    """`/unattend:$path`: variables in an unquoted word are put in, as in double quotes."""
    return re.sub(
        r"`(.)|\$(?:\{([^}]*)\}|((?:env:)?\w+))",
        lambda m: m[1] if m[1] else to_string(shell.read(m[2] or m[3])),
        text,
    )


def _splat(value: Value, found: Arguments) -> None:
    if isinstance(value, CaseDict | Hashtable):
        for key, one in value.items():
            found.words.append((to_string(key), one))
    else:
        found.words += [(None, one) for one in to_list(value)]
        found.raw += [to_string(one) for one in to_list(value)]


def _joined_redirection(shell: Shell, text: str, found: Arguments) -> bool:
    match = _JOINED.fullmatch(text)
    if match is None or (match["how"] != ">&1" and not match["target"]):
        return False
    target = match["target"]
    file = None if target.lower() == "$null" else _expanded_word(shell, target)
    found.redirections.append((match["which"] or "1", match["how"], file))
    return True


def _read_redirection(shell: Shell, node: Node, found: Arguments) -> None:
    text = text_of(node).strip()
    if text.endswith(">&1"):
        found.redirections.append((text[0], ">&1", None))
        return
    operator = next(text_of(c) for c in node.children if c.type == "file_redirection_operator")
    target = next(c for c in node.children if c.type == "redirected_file_name")
    inner = unwrapped(target.named_children[-1])
    value = _argument_value(shell, inner)
    which = operator[0] if operator[0] in "123456*" else "1"
    found.redirections.append(
        (which, operator.lstrip("123456*"), None if value is None else to_string(value))
    )


def redirected(
    shell: Shell, stream: Iterator[Value], rules: list[tuple[str, str, str | None]]
) -> Iterator[Value]:
    """Run a stream with its redirections in force, and only it."""
    if not rules:
        yield from stream
        return
    merged: list[Value] = []
    files: dict[str, list[Value]] = {}
    output: str | None = None
    dropped = False
    streams = shell.streams
    for which, how, file in rules:
        if how == ">&1":
            streams = streams.merged(which, merged.append)
        elif which == "1":
            output, dropped = file, file is None
        else:
            sink: list[Value] = []
            streams = streams.merged(which, sink.append)
            if which == "*":
                output, dropped = file, file is None
            if file is not None:
                files[file] = sink
    written: list[Value] = []
    for value in _with_streams(shell, stream, streams, merged):
        if output is not None:
            written.append(value)
        elif not dropped:
            yield value
    if output is not None:
        files[output] = [*files.get(output, []), *written]
    for path, values in files.items():
        append = any(how == ">>" for _, how, file in rules if file == path)
        binding.write_lines(shell, path, values, append=append)


def _with_streams(
    shell: Shell, stream: Iterator[Value], streams: Value, merged: list[Value]
) -> Iterator[Value]:
    while True:
        saved, shell.streams = shell.streams, streams
        ended = False
        value: Value = None
        try:
            value = next(stream)
        except StopIteration:
            ended = True
        finally:
            shell.streams = saved
        pending, merged[:] = merged[:], []
        yield from pending
        if ended:
            return
        yield value


def assigned(shell: Shell, node: Node) -> Value:
    """The value of what stands right of `=`: an expression's own value, else the output collected."""
    from localazure.guests.windows.powershell.statements import execute  # noqa: PLC0415 - mutual

    inner = node
    while inner.type in ("pipeline", "pipeline_chain") and inner.child_count == 1:
        inner = inner.children[0]
    inner = unwrapped(inner)
    if inner.type in ("pipeline", "pipeline_chain", "command") or inner.type.endswith("statement"):
        if inner.type == "command":
            values = list(_chain(shell, [inner], awaited=True))
        elif inner.type == "pipeline_chain":
            values = list(_run_chain(shell, inner))
        else:
            values = list(execute(shell, inner))
        shell.nothing = not values
        return collected(values)
    value = evaluate(shell, inner)
    shell.globals.variables["?"] = True
    shell.nothing = False
    return value


def assign(shell: Shell, node: Node) -> Value:
    """Run an assignment; returns what was assigned."""
    parts = [child for child in node.children if child.type != "comment"]
    target = next(child for child in parts if child.type == "left_assignment_expression")
    operator = text_of(next(child for child in parts if child.type == "assignement_operator")).strip()
    value = assigned(shell, parts[-1])
    if operator != "=":
        old = evaluate(shell, target)
        value = ARITHMETIC[operator[0]](old, value)
    assign_target(shell, target, value)
    if unwrapped(target).type == "variable":
        name, kept = variable_name(unwrapped(target)).lower(), shell.scope.empty
        (kept.add if shell.nothing and value is None else kept.discard)(name)
    return value
