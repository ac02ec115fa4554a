"""What is wrong with a template, in ARM's words: as seen in traffic, where not marked `assumed`."""

from __future__ import annotations

SEE = "Please see https://aka.ms/arm-template-expressions for usage details."


class TemplateError(Exception):
    """A template or an expression that ARM refuses (`InvalidTemplate`); the text is the inner sentence."""


class UnsupportedError(Exception):
    """What ARM can and this language cannot: a 501, never mistaken for the author's error."""


class DeferredError(Exception):
    """A value that only exists once resources do; planning leaves the expression for the run."""


class MissingReferenceError(DeferredError):
    """The run needs the state of a resource before it can evaluate: fetch it, then evaluate again."""

    def __init__(self, target: str, api_version: str | None) -> None:
        super().__init__(target)
        self.target, self.api_version = target, api_version


def type_name(value: object) -> str:
    """The name that ARM's messages give to a value's type."""
    kinds = {str: "String", bool: "Boolean", int: "Integer", float: "Float", list: "Array", dict: "Object"}
    return kinds.get(type(value), "Null")


def unparsable(expression: str, expected: str, actual: str) -> TemplateError:
    """Seen: `expected token 'EndOfData' and actual 'RightParenthesis'`."""
    return TemplateError(
        f"Unable to parse language expression '{expression}': expected token '{expected}' and actual "
        f"'{actual}'."
    )


def unknown_function(name: str) -> TemplateError:
    """A function that ARM does not have either."""
    return TemplateError(f"The template function '{name}' is not valid. {SEE}")


def unexpected_function(name: str) -> TemplateError:
    """A function in a place where it has no meaning, such as `reference` in a variable."""
    return TemplateError(f"The template function '{name}' is not expected at this location. {SEE}")


def wrong_count(name: str, least: int, most: int | None, given: int) -> TemplateError:
    """Too few or too many arguments (seen for fixed counts and for ranges)."""
    if most is None:
        wanted = f"at least {least} argument(s)"  # assumed
    elif least == most:
        wanted = f"{least} argument(s)"
    else:
        wanted = f"between {least} and {most} argument(s)"
    return TemplateError(
        f"Unable to evaluate template language function '{name}': function requires {wanted} while {given} "
        "were "
        f"provided. Please see https://aka.ms/arm-template-expressions/#{name} for usage details."
    )


def wrong_type(name: str, expected: str, given: object) -> TemplateError:
    """An argument of another type than the function takes (seen for one argument)."""
    return TemplateError(
        f"The template language function '{name}' expects its parameter to be of type '{expected}'. The "
        "provided "
        f"value is of type '{type_name(given)}'. {SEE}"
    )


def invalid_argument(name: str, why: str) -> TemplateError:
    """An argument of the right type that makes no sense (frame seen, sentences assumed)."""
    return TemplateError(
        f"Unable to evaluate template language function '{name}': {why} "
        f"Please see https://aka.ms/arm-template-expressions/#{name} for usage details."
    )
