"""Expressions: from a syntax node to one value."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from localazure.guests.windows.powershell.convert import (
    cast,
    to_bool,
    to_int,
    to_list,
    to_number,
    to_string,
)
from localazure.guests.windows.powershell.errors import PSError
from localazure.guests.windows.powershell.gaps import ModelGap
from localazure.guests.windows.powershell.members import (
    call_method,
    element,
    get_member,
    set_element,
    set_member,
)
from localazure.guests.windows.powershell.operators import (
    ARITHMETIC,
    compare,
    formatted,
    match_table,
    regex,
    span,
)
from localazure.guests.windows.powershell.strings import interpolated, literal
from localazure.guests.windows.powershell.values import (
    DotNetType,
    Hashtable,
    Reference,
    ScriptBlock,
    Value,
    collected,
    is_list,
)

if TYPE_CHECKING:
    from tree_sitter import Node

    from localazure.guests.windows.powershell.shell import Shell

_Evaluate = Callable[["Shell", "Node"], Value]
_EXPRESSIONS: dict[str, _Evaluate] = {}
_WRAPPERS = (
    "logical_expression",
    "bitwise_expression",
    "comparison_expression",
    "additive_expression",
    "multiplicative_expression",
    "format_expression",
    "range_expression",
    "array_literal_expression",
    "unary_expression",
    "string_literal",
    "integer_literal",
    "key_expression",
    "left_assignment_expression",
    "pipeline_chain",
    "argument_list",
    "argument_expression_list",
    "argument_expression",
    "while_condition",
)
_SIZES = {"kb": 1 << 10, "mb": 1 << 20, "gb": 1 << 30, "tb": 1 << 40}


def _expression(*kinds: str) -> Callable[[_Evaluate], _Evaluate]:
    def declare(run: _Evaluate) -> _Evaluate:
        for kind in kinds:
            _EXPRESSIONS[kind] = run
        return run

    return declare


def text_of(node: Node) -> str:
    """A node's text."""
    return (node.text or b"").decode("utf-8", "replace")


def unwrapped(node: Node) -> Node:
    """Go down while a node only wraps another."""
    while node.child_count == 1 and (node.type in _WRAPPERS or node.type.endswith("argument_expression")):
        node = node.children[0]
    return node


def evaluate(shell: Shell, node: Node) -> Value:
    """Compute an expression."""
    node = unwrapped(node)
    run = _EXPRESSIONS.get(node.type)
    if run is None:
        if node.type.endswith("argument_expression"):
            run = _EXPRESSIONS.get(node.type.replace("_argument_expression", "_expression"))
        if run is None:
            raise ModelGap(f"the expression '{node.type}'")
    return run(shell, node)


def operands(node: Node) -> list[Node]:
    """The children that are no comments."""
    return [child for child in node.children if child.type != "comment"]


@_expression("variable")
def _variable(shell: Shell, node: Node) -> Value:
    return shell.read(variable_name(node))


def variable_name(node: Node) -> str:
    """The name in `$x`, `${x}`, `$env:x` or `@x`."""
    text = text_of(node)[1:]
    return text[1:-1] if text.startswith("{") else text


@_expression("decimal_integer_literal", "hexadecimal_integer_literal", "real_literal")
def _number(shell: Shell, node: Node) -> Value:
    text = text_of(node).lower()
    factor = 1
    for suffix, size in _SIZES.items():
        if text.endswith(suffix) and not text.startswith("0x"):
            text, factor = text[:-2], size
    if not text.startswith("0x"):
        text = text.rstrip("ld")
    value = to_number(text)
    return value * factor


@_expression("verbatim_string_characters", "verbatim_here_string_characters")
def _verbatim(shell: Shell, node: Node) -> Value:
    return literal(text_of(node))


@_expression("expandable_string_literal", "expandable_here_string_literal")
def _expandable(shell: Shell, node: Node) -> Value:
    return interpolated(shell, node)


@_expression("generic_token", "command_name", "simple_name", "type_identifier")
def _word(shell: Shell, node: Node) -> Value:
    return bare_word(text_of(node))


def bare_word(text: str) -> str:
    """An unquoted word: a backtick takes the next character as it is."""
    return re.sub(r"`(.)", r"\1", text)


@_expression("parenthesized_expression")
def _parenthesized(shell: Shell, node: Node) -> Value:
    from localazure.guests.windows.powershell.statements import execute  # noqa: PLC0415 - mutual

    inner = [child for child in node.named_children if child.type != "comment"]
    values = list(execute(shell, inner[0]))
    if _is_single_array(inner[0]):
        return values
    return collected(values)


def _is_single_array(node: Node) -> bool:
    """`(,1)` and `(@(1))` stay arrays: the grammar's array literal is one value here."""
    inner = node
    while inner.named_child_count == 1 and inner.type in ("pipeline", *_WRAPPERS) and inner.child_count == 1:
        inner = inner.named_children[0]
    return inner.type == "array_expression"


@_expression("sub_expression")
def _sub(shell: Shell, node: Node) -> Value:
    from localazure.guests.windows.powershell.statements import execute_body  # noqa: PLC0415 - mutual

    return collected(list(execute_body(shell, node)))


@_expression("array_expression")
def _array(shell: Shell, node: Node) -> Value:
    from localazure.guests.windows.powershell.statements import execute_body  # noqa: PLC0415 - mutual

    return list(execute_body(shell, node))


@_expression("array_literal_expression")
def _list(shell: Shell, node: Node) -> Value:
    return [evaluate(shell, child) for child in operands(node) if child.type != ","]


@_expression("hash_literal_expression")
def _hash(shell: Shell, node: Node) -> Value:
    table = Hashtable()
    for body in (child for child in node.children if child.type == "hash_literal_body"):
        for entry in (child for child in body.children if child.type == "hash_entry"):
            key, value = entry.named_children[0], entry.named_children[-1]
            table[_key(shell, key)] = _hash_value(shell, value)
    return table


def _key(shell: Shell, node: Node) -> Value:
    inner = unwrapped(node)
    value = evaluate(shell, inner)
    return value if isinstance(value, str | int) else to_string(value)


def _hash_value(shell: Shell, node: Node) -> Value:
    from localazure.guests.windows.powershell.pipelines import assigned  # noqa: PLC0415 - mutual

    return assigned(shell, node)


@_expression("script_block_expression")
def _script_block(shell: Shell, node: Node) -> Value:
    text = text_of(node).strip()
    return ScriptBlock(node, node.text or b"", text[1:-1])


@_expression("type_literal")
def _type(shell: Shell, node: Node) -> Value:
    return DotNetType(type_of(node))


def type_of(node: Node) -> str:
    """The name in `[name]`."""
    return re.sub(r"\s+", "", text_of(node).strip()[1:-1])


@_expression("cast_expression")
def _cast(shell: Shell, node: Node) -> Value:
    kind, operand = node.named_children[0], node.named_children[-1]
    name = type_of(kind)
    if name.lower() == "ref":
        variable = variable_name(unwrapped(operand))
        return Reference(lambda: shell.read(variable), lambda value: shell.write(variable, value))
    return cast(evaluate(shell, operand), name)


@_expression("expression_with_unary_operator")
def _unary(shell: Shell, node: Node) -> Value:
    first = node.children[0]
    if first.type in ("cast_expression", "pre_increment_expression", "pre_decrement_expression"):
        return evaluate(shell, first)
    operator, operand = text_of(first).lower(), node.named_children[-1]
    if operator in ("++", "--"):
        return _increment(shell, operand, 1 if operator == "++" else -1, before=True)
    value = evaluate(shell, operand)
    match operator:
        case "-not" | "!":
            return not to_bool(value)
        case "-":
            return -to_number(value)
        case "+":
            return to_number(value)
        case ",":
            return [value]
        case "-split":
            return [part for one in to_list(value) for part in to_string(one).split()]
        case "-join":
            return "".join(to_string(one) for one in to_list(value))
        case "-bnot":
            return ~to_int(value)
    raise ModelGap(f"the operator {operator}")


@_expression("pre_increment_expression", "pre_decrement_expression")
def _pre(shell: Shell, node: Node) -> Value:
    return _increment(shell, node.named_children[-1], 1 if "increment" in node.type else -1, before=True)


@_expression("post_increment_expression", "post_decrement_expression")
def _post(shell: Shell, node: Node) -> Value:
    return _increment(shell, node.named_children[0], 1 if "increment" in node.type else -1, before=False)


def _increment(shell: Shell, node: Node, step: int, *, before: bool) -> Value:
    target = unwrapped(node)
    old = to_number(evaluate(shell, target))
    assign_target(shell, target, old + step)
    return old + step if before else old


@_expression("additive_expression", "multiplicative_expression")
def _arithmetic(shell: Shell, node: Node) -> Value:
    left, operator, right = _binary(node)
    return ARITHMETIC[text_of(operator)](evaluate(shell, left), evaluate(shell, right))


def _binary(node: Node) -> tuple[Node, Node, Node]:
    parts = operands(node)
    if len(parts) != 3:
        raise ModelGap(f"the form of '{text_of(node)[:60]}'")
    return parts[0], parts[1], parts[2]


@_expression("range_expression")
def _range(shell: Shell, node: Node) -> Value:
    left, _, right = _binary(node)
    return span(evaluate(shell, left), evaluate(shell, right))


@_expression("format_expression")
def _format(shell: Shell, node: Node) -> Value:
    left, _, right = _binary(node)
    return formatted(evaluate(shell, left), evaluate(shell, right))


@_expression("logical_expression")
def _logical(shell: Shell, node: Node) -> Value:
    left, operator, right = _binary(node)
    first = to_bool(evaluate(shell, left))
    match text_of(operator).lower():
        case "-and":
            return first and to_bool(evaluate(shell, right))
        case "-or":
            return first or to_bool(evaluate(shell, right))
    return first != to_bool(evaluate(shell, right))


@_expression("comparison_expression", "bitwise_expression")
def _comparison(shell: Shell, node: Node) -> Value:
    left_node, operator_node, right_node = _binary(node)
    left, right = evaluate(shell, left_node), evaluate(shell, right_node)
    operator = text_of(operator_node).lstrip("-").lower()
    plain = operator[1:] if operator[1:] in ("match", "notmatch") else operator
    if plain in ("match", "notmatch"):
        return _match(shell, left, to_string(right), plain == "match", exact=operator.startswith("c"))
    return compare(operator, left, right)


def _match(shell: Shell, left: Value, pattern: str, wanted: bool, *, exact: bool) -> Value:
    expression = regex(pattern, exact=exact)
    if is_list(left):
        return [one for one in left if (expression.search(to_string(one)) is not None) == wanted]
    found = expression.search(to_string(left))
    if found is not None:
        shell.write("Matches", match_table(found))
    return (found is not None) == wanted


@_expression("member_access")
def _member(shell: Shell, node: Node) -> Value:
    subject = evaluate(shell, node.children[0])
    return get_member(shell, subject, member_name(shell, node))


def member_name(shell: Shell, node: Node) -> str:
    """The name after the dot, which may be computed."""
    member = next(child for child in node.children if child.type == "member_name")
    inner = member.named_children[0] if member.named_children else member
    if inner.type in ("simple_name", "member_name", "type_identifier"):
        return text_of(inner)
    return to_string(evaluate(shell, inner))


@_expression("element_access")
def _element(shell: Shell, node: Node) -> Value:
    subject, index = node.named_children[0], node.named_children[-1]
    return element(evaluate(shell, subject), evaluate(shell, index))


@_expression("invokation_expression")
def _invocation(shell: Shell, node: Node) -> Value:
    subject = evaluate(shell, node.children[0])
    arguments = next((child for child in node.children if child.type == "argument_list"), None)
    return call_method(shell, subject, member_name(shell, node), _arguments(shell, arguments))


def call_member(shell: Shell, member: Node, arguments: Node) -> Value:
    """A method call in an argument, which the grammar takes for two: `(Get-Date).AddDays(2)`."""
    subject = evaluate(shell, member.children[0])
    return call_method(shell, subject, member_name(shell, member), _arguments(shell, arguments))


def _arguments(shell: Shell, node: Node | None) -> list[Value]:
    if node is None:
        return []
    found: list[Value] = []
    for child in node.named_children:
        if child.type == "argument_expression_list":
            found += [evaluate(shell, one) for one in child.named_children]
        elif child.type != "comment":
            found.append(evaluate(shell, child))
    return found


@_expression("pipeline", "pipeline_chain", "command")
def _nested(shell: Shell, node: Node) -> Value:
    from localazure.guests.windows.powershell.pipelines import assigned  # noqa: PLC0415 - mutual

    return assigned(shell, node)


@_expression("assignment_expression")
def _assignment(shell: Shell, node: Node) -> Value:
    from localazure.guests.windows.powershell.pipelines import assign  # noqa: PLC0415 - mutual

    return assign(shell, node)


def assign_target(shell: Shell, node: Node, value: Value) -> None:
    """Put a value where the left side of an assignment says."""
    node = unwrapped(node)
    match node.type:
        case "variable":
            name = variable_name(node)
            kind = shell.scope.kinds.get(name.lower())
            shell.write(name, cast(value, kind) if kind else value)
        case "member_access":
            set_member(evaluate(shell, node.children[0]), member_name(shell, node), value, shell)
        case "element_access":
            subject, index = node.named_children[0], node.named_children[-1]
            set_element(evaluate(shell, subject), evaluate(shell, index), value)
        case "array_literal_expression":
            _destructure(shell, [child for child in operands(node) if child.type != ","], to_list(value))
        case "expression_with_unary_operator":
            assign_target(shell, node.children[0], value)
        case "cast_expression":
            kind_name, target = type_of(node.named_children[0]), unwrapped(node.named_children[-1])
            if target.type == "variable":
                shell.scope.kinds[variable_name(target).lower()] = kind_name
            assign_target(shell, target, cast(value, kind_name))
        case "parenthesized_expression":
            assign_target(shell, node.named_children[0], value)
        case _:
            raise PSError(
                "The assignment expression is not valid. The input to an assignment operator must be an object "
                "that is able to accept assignments, such as a variable or a property.",
                category="ParserError",
                identifier="InvalidLeftHandSide",
                fatal=True,
            )


def _destructure(shell: Shell, targets: list[Node], values: list[Value]) -> None:
    for index, target in enumerate(targets):
        last = index == len(targets) - 1
        rest = values[index:]
        assign_target(shell, target, collected(rest) if last else (rest[0] if rest else None))
