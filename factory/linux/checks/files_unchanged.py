"""See `files_unchanged`."""

from collections.abc import Iterator

from factory.guest.command import MINUTE, Command, Output, sh_script
from factory.guest.units import Family, Stage, check
from factory.linux.context import Context


def _paths(context: Context) -> list[str]:
    return sorted(context.expected.source.files) if context.expected else []


def _probe(context: Context) -> Command:
    script = 'for file; do sha256sum < "$file" 2>/dev/null || echo missing; done'
    return sh_script(script, *_paths(context), timeout=10 * MINUTE)


@check(Stage.AFTER_PROVISION, Family.LINUX, probe=_probe, proof="namespace guest")
def files_unchanged(output: Output, context: Context) -> Iterator[str]:
    """The files that the recipe names, on data disks too, are what they were on the source."""
    if context.expected is None:
        yield "it is not known which files to compare"
        return
    answers = [line.split()[0] for line in output.stdout.splitlines() if line.strip()]
    for number, path in enumerate(_paths(context)):
        answer = answers[number] if number < len(answers) else "missing"
        before = context.expected.source.files[path]
        if before is None:
            yield f"{path} was missing on the source already"
        elif answer == "missing":
            yield f"{path} is missing"
        elif answer != before:
            yield f"{path} has other content than on the source"
