"""What the model does not know: never caught by a script, always told."""

from __future__ import annotations

MARK = "the model does not know"


class ModelGap(Exception):  # noqa: N818 - a gap of the model, told as such
    """The script uses something of Windows that is not modelled. No `try` of the script catches it."""

    def __init__(self, what: str, words: str = "") -> None:
        """`words` is what PowerShell itself would say of something that does not exist at all."""
        self.what, self.words = what, words
        super().__init__(f"{words} " * bool(words) + f"[modelled Windows guest: {MARK} {what}]")
