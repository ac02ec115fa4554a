"""A guest in place of the real door: it answers as told, and remembers what it was asked."""

from collections.abc import Mapping

from factory.guest.command import Command, Output


class ScriptedGuest:
    """Answers the first entry whose text is part of the command's line; everything else succeeds silently."""

    name = "scripted"

    def __init__(self, answers: Mapping[str, Output] | None = None) -> None:
        self.answers = dict(answers or {})
        self.asked: list[Command] = []
        self.files: dict[str, tuple[bytes, int]] = {}

    async def run(self, command: Command) -> Output:
        self.asked.append(command)
        for text, output in self.answers.items():
            if text in command.line:
                return output
        return Output(0)

    async def put(self, path: str, content: bytes, mode: int = 0o644) -> None:
        self.files[path] = (content, mode)

    def position(self, text: str) -> int:
        """When a command with this text was asked for; an error if it never was."""
        return next(number for number, command in enumerate(self.asked) if text in command.line)
