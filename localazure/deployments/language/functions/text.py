"""Strings."""

from __future__ import annotations

import base64 as codec
import binascii
import json as reader
import re
import uuid
from typing import Any
from urllib.parse import quote, unquote, urljoin

from localazure.deployments.language.errors import invalid_argument
from localazure.deployments.language.hashing import unique_string as hashed
from localazure.deployments.language.registry import Scope, function
from localazure.deployments.language.values import array, integer, shown, text

_HOLE = re.compile(r"\{\{|\}\}|\{(\d+)(?:,(-?\d+))?(?::([^{}]+))?\}|[{}]")


@function("toLower", 1, 1)
def to_lower(given: Any) -> str:
    """In small letters."""
    return text("toLower", given).lower()


@function("toUpper", 1, 1)
def to_upper(given: Any) -> str:
    """In capitals."""
    return text("toUpper", given).upper()


@function("trim", 1, 1)
def trim(given: Any) -> str:
    """Without space around it."""
    return text("trim", given).strip()


@function("string", 1, 1)
def string(given: Any) -> str:
    """Any value as text."""
    return shown(given)


@function("format", 1, None)
def format_(pattern: Any, *given: Any) -> str:
    """`{0}` and its like replaced by the arguments; width and `D3`/`N0`/`X2` formats of integers."""
    form = text("format", pattern)

    def fill(match: re.Match[str]) -> str:
        hole = match.group()
        if hole in ("{{", "}}"):
            return hole[0]
        if match[1] is None or int(match[1]) >= len(given):
            raise invalid_argument(
                "format",
                "index (zero based) must be greater than or equal to zero and less than the size of the "
                "argument list.",
            )
        filled, width = _formatted(given[int(match[1])], match[3]), int(match[2] or 0)
        return filled.rjust(width) if width >= 0 else filled.ljust(-width)

    return _HOLE.sub(fill, form)


def _formatted(given: Any, form: str | None) -> str:
    if form is None or isinstance(given, bool) or not isinstance(given, int):
        return shown(given)
    digits = int(form[1:] or 0) if form[1:].isdigit() or not form[1:] else -1
    sign, size = "-" if given < 0 else "", abs(given)
    if form[0] in "Dd" and digits >= 0:
        return f"{sign}{size:0{max(digits, 1)}d}"
    if form[0] in "Xx" and digits >= 0:
        return f"{size:0{max(digits, 1)}{form[0]}}"
    if form[0] in "Nn" and digits >= 0:
        return f"{sign}{size:,}" + ("." + "0" * (digits or 2) if form != "N0" else "")
    raise invalid_argument("format", f"the format '{form}' is not valid.")


@function("replace", 3, 3)
def replace(given: Any, old: Any, new: Any) -> str:
    """Every `old` by `new`."""
    return text("replace", given).replace(text("replace", old), text("replace", new))


@function("split", 2, 2)
def split(given: Any, separators: Any) -> list[str]:
    """At one separator, or at any of an array of them."""
    cuts = separators if isinstance(separators, list) else [separators]
    if not cuts or "" in cuts:
        raise invalid_argument("split", "the delimiter must not be empty.")
    return re.split("|".join(re.escape(text("split", cut)) for cut in cuts), text("split", given))


@function("join", 2, 2)
def join(given: Any, separator: Any) -> str:
    """The items of an array with a separator between them."""
    return text("join", separator).join(shown(one) for one in array("join", given))


@function("substring", 2, 3)
def substring(given: Any, start: Any, length: Any = None) -> str:
    """From a place, so many characters; both must lie in the string."""
    whole, begin = text("substring", given), integer("substring", start)
    count = len(whole) - begin if length is None else integer("substring", length)
    if begin < 0 or count < 0 or begin + count > len(whole):
        raise invalid_argument(
            "substring",
            f"the index and length parameters must refer to a location within the string '{whole}'.",
        )
    return whole[begin : begin + count]


@function("startsWith", 2, 2)
def starts_with(given: Any, start: Any) -> bool:
    """Whether it begins so; case does not matter (documented)."""
    return text("startsWith", given).lower().startswith(text("startsWith", start).lower())


@function("endsWith", 2, 2)
def ends_with(given: Any, end: Any) -> bool:
    """Whether it ends so; case does not matter (documented)."""
    return text("endsWith", given).lower().endswith(text("endsWith", end).lower())


@function("padLeft", 2, 3)
def pad_left(given: Any, width: Any, filler: Any = " ") -> str:
    """Filled up on the left; numbers are taken as text."""
    if len(text("padLeft", filler)) != 1:
        raise invalid_argument("padLeft", "the padding must be one character.")
    if isinstance(given, bool) or not isinstance(given, int | str):
        text("padLeft", given)
    return str(given).rjust(integer("padLeft", width), filler)


@function("base64", 1, 1)
def base64(given: Any) -> str:
    """Text in base 64."""
    return codec.b64encode(text("base64", given).encode()).decode()


def _decoded(name: str, given: Any) -> str:
    try:
        return codec.b64decode(text(name, given), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise invalid_argument(name, "the parameter is not base64-encoded text.") from None


@function("base64ToString", 1, 1)
def base64_to_string(given: Any) -> str:
    """Text from base 64."""
    return _decoded("base64ToString", given)


def _json(name: str, given: str) -> Any:
    try:
        return reader.loads(given)
    except ValueError:
        raise invalid_argument(name, "the parameter is not valid JSON.") from None


@function("base64ToJson", 1, 1)
def base64_to_json(given: Any) -> Any:
    """JSON from base 64."""
    return _json("base64ToJson", _decoded("base64ToJson", given))


@function("json", 1, 1)
def json(given: Any) -> Any:
    """A value from its JSON."""
    return _json("json", text("json", given))


@function("uri", 2, 2)
def uri(base: Any, relative: Any) -> str:
    """A relative address on a base."""
    return urljoin(text("uri", base), text("uri", relative))


@function("uriComponent", 1, 1)
def uri_component(given: Any) -> str:
    """Escaped for an address."""
    return quote(text("uriComponent", given), safe="~")


@function("uriComponentToString", 1, 1)
def uri_component_to_string(given: Any) -> str:
    """From an address back to text."""
    return unquote(text("uriComponentToString", given))


@function("uniqueString", 1, None)
def unique_string(*given: Any) -> str:
    """13 characters that depend on all arguments; the same as Azure's."""
    return hashed(*(text("uniqueString", one) for one in given))


@function("guid", 1, None)
def guid(*given: Any) -> str:
    """A version-5 UUID of the arguments joined by `-`, in ARM's documented namespace."""
    joined = "-".join(text("guid", one) for one in given)
    return str(uuid.uuid5(uuid.UUID("11fb06fb-712d-4ddd-98c7-e71bbd588830"), joined))


@function("newGuid", 0, 0, places=("default",))
def new_guid() -> str:
    """A random UUID; as default of a parameter only (documented)."""
    return str(uuid.uuid4())


@function("utcNow", 0, 1, scoped=True, places=("default",))
def utc_now(scope: Scope, form: Any = "yyyyMMddTHHmmssZ") -> str:
    """The time; as default of a parameter only (documented). The formats made of yyyy, MM, dd, HH, mm, ss."""
    now = scope.surroundings.now()
    parts = {"yyyy": now[:4], "MM": now[5:7], "dd": now[8:10], "HH": now[11:13], "mm": now[14:16]}
    parts["ss"] = now[17:19]
    if form == "u":
        return f"{now[:10]} {now[11:19]}Z"
    return re.sub("|".join(parts), lambda match: parts[match.group()], text("utcNow", form))
