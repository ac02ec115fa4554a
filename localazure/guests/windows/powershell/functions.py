"""Functions and scripts: parameters, their scope, begin/process/end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from localazure.guests.windows.powershell.binding import bind, binding_error
from localazure.guests.windows.powershell.cmdlet import Parameter
from localazure.guests.windows.powershell.convert import cast, to_string
from localazure.guests.windows.powershell.errors import ExitSignal, ReturnSignal
from localazure.guests.windows.powershell.expressions import evaluate, text_of, type_of, variable_name
from localazure.guests.windows.powershell.gaps import ModelGap
from localazure.guests.windows.powershell.parse import parse
from localazure.guests.windows.powershell.pipelines import MISSING, Arguments
from localazure.guests.windows.powershell.shell import Scope
from localazure.guests.windows.powershell.values import CaseDict, ScriptBlock, Value

if TYPE_CHECKING:
    from tree_sitter import Node

    from localazure.guests.windows.powershell.shell import Shell


@dataclass(frozen=True)
class Declared:
    """A declared parameter: how it binds, its default, what it accepts."""

    parameter: Parameter
    default: Node | None = None
    kind: str = ""
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Function:
    """A function, a script or a script block that is called."""

    name: str
    declared: tuple[Declared, ...]
    body: Node
    advanced: bool = False
    is_filter: bool = False

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """The parameters as they bind."""
        return tuple(one.parameter for one in self.declared)


def read_function(shell: Shell, name: str, node: Node) -> Function:
    """Read a function statement."""
    body = next((c for c in node.children if c.type == "script_block"), node)
    declared = next((c for c in node.children if c.type == "function_parameter_declaration"), None)
    is_filter = text_of(node.children[0]).lower() == "filter"
    read = read_block(shell, name, body)
    if declared is not None:
        read = replace(read, declared=_declared(shell, declared))
    return replace(read, is_filter=is_filter, body=body)


def read_block(shell: Shell, name: str, node: Node) -> Function:
    """Read a script block, or a whole script."""
    header = _find(node, "param_block")
    if header is None:
        return Function(name, (), node)
    advanced = any(
        "cmdletbinding" in text_of(c).lower() or "parameter" in text_of(c).lower()
        for c in _attributes(header)
    )
    return Function(name, _declared(shell, header), node, advanced)


def _find(node: Node, kind: str) -> Node | None:
    """The block's own child of a kind, not one of a block inside."""
    for child in node.children:
        if child.type == kind:
            return child
        if child.type in ("statement_list", "script_block", "script_block_body") and (
            found := _find(child, kind)
        ):
            return found
    return None


def _attributes(node: Node) -> Iterator[Node]:
    for child in node.children:
        if child.type == "attribute":
            yield child
        elif child.type in ("attribute_list", "parameter_list", "script_parameter"):
            yield from _attributes(child)


def _declared(shell: Shell, node: Node) -> tuple[Declared, ...]:
    lists = [c for c in node.children if c.type in ("parameter_list", "script_parameter")]
    items = [
        one
        for entry in lists
        for one in ([entry] if entry.type == "script_parameter" else entry.named_children)
        if one.type == "script_parameter"
    ]
    return tuple(_one(shell, item, index) for index, item in enumerate(items))


def _one(shell: Shell, node: Node, index: int) -> Declared:
    name = variable_name(next(c for c in node.children if c.type == "variable"))
    default = next(
        (c.named_children[-1] for c in node.children if c.type == "script_parameter_default"), None
    )
    kind, choices = "", tuple[str, ...]()
    parameter = Parameter(name, position=index)
    for attribute in _attributes(node):
        inner = attribute.named_children[0] if attribute.named_children else attribute
        if inner.type == "type_literal":
            kind = type_of(inner)
            continue
        parameter, choices = _attribute(shell, attribute, parameter, choices)
    if kind.lower() in ("switch", "switchparameter", "system.management.automation.switchparameter"):
        parameter = replace(parameter, switch=True, position=None)
    return Declared(replace(parameter, kind=kind), default, kind, choices)


def _attribute(
    shell: Shell, node: Node, parameter: Parameter, choices: tuple[str, ...]
) -> tuple[Parameter, tuple[str, ...]]:
    name = text_of(node.named_children[0]).lower()
    arguments = [
        one
        for group in node.named_children
        for one in ([group] if group.type == "attribute_argument" else group.named_children)
        if one.type == "attribute_argument"
    ]
    if name == "validateset":
        return parameter, tuple(to_string(evaluate(shell, one.named_children[-1])) for one in arguments)
    if name == "alias":
        return replace(
            parameter, names=tuple(to_string(evaluate(shell, a.named_children[-1])) for a in arguments)
        ), choices
    if name == "parameter":
        for one in arguments:
            parameter = _of_parameter(shell, one, parameter)
    return parameter, choices


def _of_parameter(shell: Shell, node: Node, parameter: Parameter) -> Parameter:
    key = text_of(node.named_children[0]).lower()
    value = evaluate(shell, node.named_children[-1]) if node.named_child_count > 1 else True
    match key:
        case "mandatory":
            return replace(parameter, mandatory=bool(value))
        case "position":
            return replace(parameter, position=int(value))
        case "valuefrompipeline":
            return replace(parameter, pipe=bool(value))
        case "valuefrompipelinebypropertyname":
            return replace(parameter, by_property=bool(value))
        case "helpmessage" | "parametersetname" | "valuefromremainingarguments":
            return parameter
    raise ModelGap(f"the attribute [Parameter({key})]")


def scoped(shell: Shell, scope: Scope, stream: Iterator[Value], *, script: bool = False) -> Iterator[Value]:
    """Run a stream in a scope of its own, leaving it each time that a value goes out."""
    while True:
        outer, outer_script, catching = shell.scope, shell.script_scope, shell.catching
        shell.scope = scope
        if script:
            shell.script_scope = scope
        try:
            value = next(stream)
        except StopIteration:
            return
        finally:
            shell.scope, shell.script_scope, shell.catching = outer, outer_script, catching
        yield value


def call_function(
    shell: Shell, function: Function, arguments: Arguments, upstream: Iterator[Value] | None
) -> Iterator[Value]:
    """Call a function in a new scope."""
    bound, rest, common = bind(function.name, function.parameters, arguments, strict=function.advanced)
    scope = Scope(shell.scope)
    _prepare(shell, function, scope, bound, rest)
    if "ErrorAction" in common:
        scope.variables["ErrorActionPreference"] = to_string(common["ErrorAction"])
    if common.get("Verbose"):
        scope.variables["VerbosePreference"] = "Continue"
    return scoped(shell, scope, _body(shell, function, upstream))


def _prepare(shell: Shell, function: Function, scope: Scope, bound: CaseDict, rest: list[Value]) -> None:
    outer, shell.scope = shell.scope, scope
    try:
        for one in function.declared:
            name = one.parameter.name
            if name not in bound and one.parameter.mandatory and not one.parameter.pipe:
                raise binding_error(
                    function.name,
                    "Cannot process command because of one or more missing mandatory parameters: "
                    + name
                    + ".",
                    "MissingMandatoryParameter",
                )
            scope.variables[name] = _initial(shell, function, one, bound)
        scope.variables["args"] = rest
        scope.variables["PSBoundParameters"] = CaseDictAsTable(bound)
    finally:
        shell.scope = outer


def CaseDictAsTable(bound: CaseDict) -> Value:  # noqa: N802 - it stands for the type
    """`$PSBoundParameters`."""
    from localazure.guests.windows.powershell.values import Hashtable  # noqa: PLC0415 - a name of one place

    return Hashtable(bound.items())


def _initial(shell: Shell, function: Function, one: Declared, bound: CaseDict) -> Value:
    name = one.parameter.name
    if name in bound:
        value = bound[name]
        if one.choices and to_string(value).lower() not in (choice.lower() for choice in one.choices):
            raise binding_error(
                function.name,
                f"Cannot validate argument on parameter '{name}'. The argument \"{to_string(value)}\" does not belong "
                f'to the set "{",".join(one.choices)}" specified by the ValidateSet attribute.',
                "ParameterArgumentValidationError",
            )
        return cast(value, one.kind) if one.kind else value
    if one.default is not None:
        value = evaluate(shell, one.default)
        return cast(value, one.kind) if one.kind else value
    return False if one.parameter.switch else cast(None, one.kind) if _has_zero(one.kind) else None


def _has_zero(kind: str) -> bool:
    return kind.lower() in ("int", "int32", "int64", "long", "double", "bool", "string")


def _body(shell: Shell, function: Function, upstream: Iterator[Value] | None) -> Iterator[Value]:
    from localazure.guests.windows.powershell.statements import execute_body  # noqa: PLC0415 - mutual

    blocks = named_blocks(function.body)
    piped = next((one.parameter.name for one in function.declared if one.parameter.pipe), None)
    try:
        if not blocks and not function.is_filter:
            shell.scope.variables["input"] = upstream if upstream is not None else []
            if piped is not None and upstream is not None:
                for value in upstream:
                    shell.scope.variables[piped] = value
            yield from execute_body(shell, function.body)
            return
        if "begin" in blocks:
            yield from execute_body(shell, blocks["begin"])
        body = function.body if function.is_filter else blocks.get("process")
        for value in upstream if upstream is not None else [None] if body is not None else []:
            shell.scope.variables["_"] = value
            if piped is not None and upstream is not None:
                shell.scope.variables[piped] = value
            if body is not None:
                yield from execute_body(shell, body)
        if "end" in blocks:
            yield from execute_body(shell, blocks["end"])
    except ReturnSignal:
        return


def named_blocks(node: Node) -> dict[str, Node]:
    """The begin, process and end blocks of a body, if it has them."""
    found: dict[str, Node] = {}
    for child in node.children:
        if child.type == "named_block":
            name = text_of(next(c for c in child.children if c.type == "block_name")).lower()
            found[name] = next(c for c in child.children if c.type == "statement_block")
        elif child.type in ("script_block", "script_block_body", "named_block_list"):
            found |= named_blocks(child)
    return found


def call_block(
    shell: Shell, block: ScriptBlock, arguments: Arguments, upstream: Iterator[Value] | None, *, dotted: bool
) -> Iterator[Value]:
    """`& { ... }`, or `. { ... }` in the scope that is there."""
    function = read_block(shell, "", block.node)
    if not dotted:
        return call_function(shell, function, arguments, upstream)
    bound, rest, _ = bind("", function.parameters, arguments, strict=False)
    _prepare(shell, function, shell.scope, bound, rest)
    return _body(shell, function, upstream)


def call_script(shell: Shell, block: ScriptBlock, named: CaseDict, rest: list[Value]) -> Iterator[Value]:
    """Run a whole script in the global scope, with its parameters."""
    function = read_block(shell, "", block.node)
    words: list[tuple[str | None, Value]] = [(str(k), v) for k, v in named.items()]
    words += [(None, value) for value in rest]
    bound, left, _ = bind("", function.parameters, Arguments(words=words), strict=function.advanced)
    _prepare(shell, function, shell.scope, bound, left)
    yield from _body(shell, function, None)


def call_file(
    shell: Shell, path: str, arguments: Arguments, upstream: Iterator[Value] | None
) -> Iterator[Value]:
    """Run a script file in a scope of its own; `exit` leaves the file and sets $LASTEXITCODE."""
    tree, _ = parse(shell.machine.files.read_text(path))
    function = read_block(shell, path.rpartition("\\")[2], tree.root_node)
    bound, rest, _ = bind(function.name, function.parameters, arguments, strict=function.advanced)
    scope = Scope(shell.scope)
    scope.variables["PSScriptRoot"] = path.rpartition("\\")[0]
    scope.variables["PSCommandPath"] = path
    _prepare(shell, function, scope, bound, rest)
    stream = scoped(shell, scope, _body(shell, function, upstream), script=True)
    try:
        yield from stream
    except ExitSignal as signal:
        shell.globals.variables["LASTEXITCODE"] = signal.status
        shell.globals.variables["?"] = signal.status == 0


__all__ = ["MISSING", "Function", "call_block", "call_file", "call_function", "call_script", "read_block"]
