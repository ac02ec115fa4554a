"""What holds for every PowerShell script of the factory, one that is added tomorrow included."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

FACTORY = Path(__file__).parents[3] / "factory"
SCRIPTS = sorted(FACTORY.rglob("*.ps1"))
every_script = pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)


@every_script
def test_it_stops_at_the_first_error(path: Path) -> None:
    assert "$ErrorActionPreference = 'Stop'" in path.read_text()


@every_script
def test_it_is_plain_text_without_secrets_on_command_lines(path: Path) -> None:
    text = path.read_text()
    assert text.isascii()
    assert not re.search(r"schtasks|/RP |ConvertTo-SecureString -String '[^$]", text, re.IGNORECASE)


@every_script
def test_its_parameters_have_types_and_names_of_letters(path: Path) -> None:
    found = re.search(r"^param\((.*?)\)\s*$", path.read_text(), re.DOTALL | re.MULTILINE)
    for parameter in (found.group(1) if found else "").split(","):
        assert not parameter.strip() or re.match(r"\[(string|int)\]\$[A-Za-z]+( = .*)?$", parameter.strip())


@pytest.mark.skipif(shutil.which("pwsh") is None, reason="there is no PowerShell on this computer")
def test_powershell_itself_can_read_them_all() -> None:
    for path in SCRIPTS:
        command = (
            "$errors = $null; [void][Management.Automation.Language.Parser]::ParseFile"
            f"('{path}', [ref]$null, [ref]$errors); if ($errors) {{ $errors; exit 1 }}"
        )
        done = subprocess.run(
            ["pwsh", "-NoProfile", "-Command", command], check=False, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout
