"""Cmdlets on the objects of a pipeline, whatever they are."""

from __future__ import annotations

import functools
from collections.abc import Iterator

from localazure.guests.windows.powershell.cmdlet import Call, cmdlet
from localazure.guests.windows.powershell.convert import to_bool, to_list, to_number, to_string, type_name
from localazure.guests.windows.powershell.errors import ContinueSignal, StopUpstream
from localazure.guests.windows.powershell.members import call_method, get_member, property_names, property_of
from localazure.guests.windows.powershell.operators import compare, equal, order, wildcard
from localazure.guests.windows.powershell.values import (
    CaseDict,
    Hashtable,
    PSObject,
    ScriptBlock,
    Value,
    collected,
    custom,
    is_list,
)

_OPERATORS = "eq ne gt ge lt le like notlike match notmatch contains notcontains in notin is isnot ceq cne clike cmatch"


@cmdlet(
    "Where-Object",
    "FilterScript:0 Property Value:1 InputObject Not:switch "
    + " ".join(f"{o}:switch" for o in _OPERATORS.split()),
    aliases="where ?",
    stream=True,
)
def where_object(call: Call) -> Iterator[Value]:
    """Let through what a condition holds for."""
    judge = call.get("FilterScript")
    if isinstance(judge, ScriptBlock):
        for value in call.input:
            if to_bool(collected(list(call.shell.run_block(judge, {"_": value, "PSItem": value})))):
                yield value
        return
    name = to_string(judge) if judge is not None else call.text("Property")
    for value in call.input:
        if _holds(call, get_member(call.shell, value, name)):
            yield value


def _holds(call: Call, found: Value) -> bool:
    operator = next((o for o in _OPERATORS.split() if call.has(o)), None)
    if operator is None:
        return to_bool(found) != call.flag("Not")
    wanted = call.get("Value", call.get(operator))
    if operator in ("match", "notmatch", "cmatch"):
        from localazure.guests.windows.powershell.operators import regex  # noqa: PLC0415 - used here alone

        hit = regex(to_string(wanted), exact=operator[0] == "c").search(to_string(found)) is not None
        return hit != (operator == "notmatch")
    return to_bool(compare(operator, found, wanted))


@cmdlet(
    "ForEach-Object",
    "Process:0 Begin End MemberName ArgumentList InputObject RemainingScripts:1:rest",
    aliases="foreach %",
    stream=True,
)
def foreach_object(call: Call) -> Iterator[Value]:
    """Do something for each object."""
    process = to_list(call.get("Process"))
    if call.has("MemberName") or (process and not isinstance(process[0], ScriptBlock)):
        yield from _members(call, call.text("MemberName") or to_string(process[0]))
        return
    blocks = [*process, *to_list(call.get("RemainingScripts"))]
    begin, end = call.get("Begin"), call.get("End")
    if len(blocks) > 1 and begin is None:
        begin, *blocks = blocks
        if len(blocks) > 1 and end is None:
            end = blocks.pop()
    if isinstance(begin, ScriptBlock):
        yield from call.shell.run_block(begin)
    for value in call.input:
        for block in blocks:
            try:
                yield from call.shell.run_block(block, {"_": value, "PSItem": value})
            except ContinueSignal:
                raise
    if isinstance(end, ScriptBlock):
        yield from call.shell.run_block(end)


def _members(call: Call, name: str) -> Iterator[Value]:
    for value in call.input:
        if call.has("ArgumentList") or (isinstance(value, PSObject) and name in value.methods):
            found = call_method(call.shell, value, name, to_list(call.get("ArgumentList")))
        elif isinstance(value, str) and name.lower() in ("trim", "toupper", "tolower"):
            found = call_method(call.shell, value, name, [])
        else:
            found = get_member(call.shell, value, name)
        yield from found if is_list(found) else [found]


@cmdlet(
    "Select-Object",
    "Property:0 ExcludeProperty ExpandProperty First Last Skip SkipLast Unique:switch Index InputObject Wait:switch",
    aliases="select",
    stream=True,
)
def select_object(call: Call) -> Iterator[Value]:
    """Choose objects by place, or properties of them."""
    seen: list[Value] = []
    for value in _chosen(call):
        shaped = _shaped(call, value)
        for one in shaped:
            if call.flag("Unique"):
                if any(_same(one, other) for other in seen):
                    continue
                seen.append(one)
            yield one


def _same(left: Value, right: Value) -> bool:
    if isinstance(left, PSObject) and isinstance(right, PSObject):
        return [to_string(left.get(k)) for k in left.properties] == [
            to_string(right.get(k)) for k in right.properties
        ]
    return equal(left, right, exact=True)


def _chosen(call: Call) -> Iterator[Value]:
    skip, first = call.number("Skip"), call.get("First")
    if call.has("Index"):
        values, wanted = list(call.input), [int(i) for i in to_list(call.get("Index"))]
        yield from (values[i] for i in wanted if i < len(values))
        return
    if call.has("Last") or call.has("SkipLast"):
        values = list(call.input)
        if call.has("SkipLast"):
            values = values[: max(len(values) - call.number("SkipLast"), 0)]
        if call.has("Last"):
            values = values[max(len(values) - call.number("Last") - 0, 0) :] if call.number("Last") else []
        yield from values[skip:] if not call.has("Last") else values
        return
    limit = None if first is None else call.number("First")
    count = 0
    if limit == 0:
        return
    for index, value in enumerate(call.input):
        if index < skip:
            continue
        yield value
        count += 1
        if limit is not None and count >= limit:
            break


def _shaped(call: Call, value: Value) -> Iterator[Value]:
    if call.has("ExpandProperty"):
        found = get_member(call.shell, value, call.text("ExpandProperty"))
        if (
            found is None
            and isinstance(value, PSObject)
            and call.text("ExpandProperty") not in value.properties
        ):
            call.report(
                call.fail(
                    f'Property "{call.text("ExpandProperty")}" cannot be found.',
                    kind="System.Management.Automation.PSArgumentException",
                    category="InvalidArgument",
                    identifier="ExpandPropertyNotFound",
                )
            )
        yield from found if is_list(found) else ([] if found is None else [found])
        return
    if not call.has("Property") and not call.has("ExcludeProperty"):
        yield value
        return
    pairs = CaseDict()
    for wanted in to_list(call.get("Property", "*")):
        _pick(call, value, wanted, pairs)
    for pattern in call.texts("ExcludeProperty"):
        for key in [k for k in pairs if wildcard(pattern).fullmatch(k)]:
            pairs.pop(key)
    yield PSObject(f"Selected.{type_name(value)}", pairs, closed=False)


def _pick(call: Call, value: Value, wanted: Value, pairs: CaseDict) -> None:
    if isinstance(wanted, Hashtable):
        name = next((wanted[k] for k in wanted if k.lower() in ("n", "name", "l", "label")), "")
        block = next((wanted[k] for k in wanted if k.lower() in ("e", "expression")), None)
        pairs[to_string(name)] = computed(call, value, block)
        return
    if isinstance(wanted, ScriptBlock):
        pairs[wanted.text.strip()] = computed(call, value, wanted)
        return
    pattern = to_string(wanted)
    if "*" in pattern:
        for name in property_names(value):
            if wildcard(pattern).fullmatch(name):
                pairs[name] = get_member(call.shell, value, name)
        return
    pairs[_spelled(value, pattern)] = property_of(call.shell, value, pattern)


def _spelled(value: Value, name: str) -> str:
    return next((one for one in property_names(value) if one.lower() == name.lower()), name)


def computed(call: Call, value: Value, how: Value) -> Value:
    """A property by name, or by a script block."""
    if isinstance(how, ScriptBlock):
        return collected(list(call.shell.run_block(how, {"_": value, "PSItem": value})))
    return get_member(call.shell, value, to_string(how))


@cmdlet(
    "Sort-Object",
    "Property:0 Descending:switch Unique:switch InputObject CaseSensitive:switch Culture",
    aliases="sort",
    stream=True,
)
def sort_object(call: Call) -> Iterator[Value]:
    """Sort."""
    keys = to_list(call.get("Property"))
    values = list(call.input)

    def key_of(value: Value, key: Value) -> tuple[Value, bool]:
        if isinstance(key, Hashtable):
            block = next((key[k] for k in key if k.lower() in ("e", "expression")), None)
            return computed(call, value, block), to_bool(key.get("Descending"))
        return computed(call, value, key), call.flag("Descending")

    def before(left: Value, right: Value) -> int:
        for key in keys or [None]:
            a, down = (left, call.flag("Descending")) if key is None else key_of(left, key)
            b = right if key is None else key_of(right, key)[0]
            found = _order(a, b)
            if found:
                return -found if down else found
        return 0

    values.sort(key=functools.cmp_to_key(before))
    last: list[Value] = []
    for value in values:
        if call.flag("Unique") and last and before(last[0], value) == 0:
            continue
        last = [value]
        yield value


def _order(left: Value, right: Value) -> int:
    if left is None or right is None:
        return (left is not None) - (right is not None)
    if isinstance(left, str) or isinstance(right, str):
        return order(to_string(left), to_string(right))
    return order(left, right)


@cmdlet(
    "Measure-Object",
    "Property:0 Sum:switch Average:switch Maximum:switch Minimum:switch Line:switch Word:switch Character:switch InputObject",
    aliases="measure",
    stream=True,
)
def measure_object(call: Call) -> Iterator[Value]:
    """Count, add up, find the ends."""
    values = list(call.input)
    name = call.get("Property")
    numbers = (
        [to_number(v if name is None else get_member(call.shell, v, to_string(name))) for v in values]
        if any(call.flag(f) for f in ("Sum", "Average", "Maximum", "Minimum"))
        else []
    )
    properties = {
        "Count": len(values),
        "Average": (sum(numbers) / len(numbers)) if call.flag("Average") and numbers else None,
        "Sum": float(sum(numbers)) if call.flag("Sum") else None,
        "Maximum": max(numbers) if call.flag("Maximum") and numbers else None,
        "Minimum": min(numbers) if call.flag("Minimum") and numbers else None,
        "Property": name,
    }
    if call.flag("Line"):
        properties = {
            "Lines": sum(len(to_string(v).splitlines()) for v in values),
            "Words": None,
            "Characters": None,
        }
    yield PSObject("Microsoft.PowerShell.Commands.GenericMeasureInfo", properties)


@cmdlet(
    "Group-Object",
    "Property:0 NoElement:switch AsHashTable:switch AsString:switch InputObject",
    aliases="group",
    stream=True,
)
def group_object(call: Call) -> Iterator[Value]:
    """Put together what has the same property."""
    groups = Hashtable()
    for value in call.input:
        key = value if not call.has("Property") else computed(call, value, call.get("Property"))
        text = to_string(key)
        if text not in groups:
            groups[text] = []
        groups[text].append(value)
    if call.flag("AsHashTable"):
        yield groups
        return
    for text, values in groups.items():
        yield PSObject(
            "Microsoft.PowerShell.Commands.GroupInfo",
            {"Count": len(values), "Name": text, "Group": values},
            shown=("Count", "Name", "Group"),
        )


@cmdlet(
    "Compare-Object",
    "ReferenceObject:0 DifferenceObject:1 Property IncludeEqual:switch PassThru:switch",
    aliases="compare diff",
)
def compare_object(call: Call) -> Iterator[Value]:
    """Tell what is in one list alone."""
    left, right = to_list(call.get("ReferenceObject")), to_list(call.get("DifferenceObject"))
    for value in right:
        if not any(equal(value, other) for other in left):
            yield custom({"InputObject": value, "SideIndicator": "=>"})
    for value in left:
        if not any(equal(value, other) for other in right):
            yield custom({"InputObject": value, "SideIndicator": "<="})


@cmdlet(
    "Add-Member",
    "InputObject:pipe MemberType:0 Name:1 Value:2 NotePropertyName NotePropertyValue NotePropertyMembers PassThru:switch Force:switch",
)
def add_member(call: Call) -> Iterator[Value]:
    """Give an object another property."""
    subject = call.get("InputObject")
    if isinstance(subject, PSObject):
        if call.has("NotePropertyMembers"):
            for key, value in call.table("NotePropertyMembers").items():
                subject.properties[key] = value
        elif call.has("NotePropertyName"):
            subject.properties[call.text("NotePropertyName")] = call.get("NotePropertyValue")
        elif call.text("MemberType").lower() == "noteproperty":
            subject.properties[call.text("Name")] = call.get("Value")
        elif call.text("MemberType").lower() == "scriptmethod":
            body = call.get("Value")
            subject.methods[call.text("Name")] = lambda: collected(
                list(call.shell.run_block(body, {"this": subject}))
            )
        else:
            subject.properties[call.text("MemberType")] = call.get("Name")
    if call.flag("PassThru"):
        yield subject


@cmdlet("Get-Member", "Name:0 MemberType InputObject Static:switch Force:switch", aliases="gm", stream=True)
def get_member_cmdlet(call: Call) -> Iterator[Value]:
    """Tell an object's properties."""
    values = [call.get("InputObject")] if call.has("InputObject") else list(call.input)
    if not values:
        return
    patterns = call.texts("Name") or ["*"]
    for name in property_names(values[0]):
        if any(wildcard(p).fullmatch(name) for p in patterns):
            yield PSObject(
                "Microsoft.PowerShell.Commands.MemberDefinition",
                {
                    "Name": name,
                    "MemberType": "NoteProperty",
                    "Definition": f"{type_name(get_member(call.shell, values[0], name))} {name}",
                },
                shown=("Name", "MemberType", "Definition"),
            )


@cmdlet("New-Object", "TypeName:0 ArgumentList:1:rest Property ComObject Strict:switch")
def new_object(call: Call) -> Iterator[Value]:
    """Make an object of a .NET type or a COM class."""
    from localazure.guests.windows.cmdlets.windows_update import com_object  # noqa: PLC0415 - one of a kind
    from localazure.guests.windows.powershell.convert import short_type  # noqa: PLC0415 - used here alone
    from localazure.guests.windows.powershell.statics import static_method  # noqa: PLC0415 - used here alone

    if call.has("ComObject"):
        yield com_object(call.shell, call.text("ComObject"))
        return
    kind = short_type(call.text("TypeName"))
    if kind in ("psobject", "pscustomobject"):
        yield custom(call.table("Property").items() if call.has("Property") else {})
        return
    arguments = to_list(call.get("ArgumentList"))
    if len(arguments) == 1 and is_list(arguments[0]):
        arguments = list(arguments[0])
    yield static_method(call.shell, call.text("TypeName"), "new", arguments)


@cmdlet("Tee-Object", "FilePath:0 Variable Append:switch InputObject", aliases="tee", stream=True)
def tee_object(call: Call) -> Iterator[Value]:
    """Keep a copy in a file or a variable."""
    kept: list[Value] = []
    for value in call.input:
        kept.append(value)
        yield value
    if call.has("Variable"):
        call.shell.write(call.text("Variable"), collected(kept))
    else:
        from localazure.guests.windows.powershell.binding import write_lines  # noqa: PLC0415 - used here alone

        write_lines(call.shell, call.text("FilePath"), kept, append=call.flag("Append"))


__all__ = ["StopUpstream", "computed"]
