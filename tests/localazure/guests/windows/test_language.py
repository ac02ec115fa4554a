"""PowerShell's language, a line each: what goes in, what a shell of the machine prints."""

from __future__ import annotations

from pathlib import Path

import pytest

from localazure.guests.base import MachineSpec
from localazure.guests.windows.machine.baseline import builtin_users, generalized_image
from localazure.guests.windows.machine.clock import Clock
from localazure.guests.windows.machine.machine import Machine
from localazure.guests.windows.powershell.display import rendered
from localazure.guests.windows.powershell.errors import ExitSignal, PSError
from localazure.guests.windows.powershell.gaps import ModelGap
from localazure.guests.windows.powershell.parse import parse
from localazure.guests.windows.powershell.shell import Shell
from localazure.guests.windows.powershell.streams import Streams

FACTORY = Path(__file__).parents[4] / "factory"


@pytest.fixture(scope="module")
def machine() -> Machine:
    document = generalized_image()
    clock = Clock(0)
    builtin_users(document, clock.now())
    return Machine(MachineSpec("id", "vm", "content", "127.16.0.4"), document, [], clock, lambda _: None)


class Written:
    """A shell, and what its other streams got."""

    def __init__(self, machine: Machine) -> None:
        self.errors: list[PSError] = []
        self.host: list[str] = []
        process = machine.system_process("powershell", r"C:\powershell.exe")
        self.shell = Shell(
            machine,
            process,
            Streams(error=self.errors.append, host=self.host.append, warning=self.host.append),
        )

    def run(self, script: str) -> str:
        return "\n".join(line for line in rendered(self.shell.run_script(script)) if line)


@pytest.fixture
def shell(machine: Machine) -> Written:
    return Written(machine)


TABLE = [
    # values and operators
    ("1 + 2 * 3 - 7 % 4", "4"),
    ("7 / 2; 8 / 2", "3.5\n4"),
    ("'a' + 1; 'ab' * 3; @(1, 2) + 3", "a1\nababab\n1\n2\n3"),
    ("2 -eq '2'; '2' -eq 2; 'A' -eq 'a'; 'A' -ceq 'a'", "True\nTrue\nTrue\nFalse"),
    ("1, 2, 3, 2 -eq 2", "2\n2"),
    ("(1, 2) -contains 2; 3 -in 1, 2; 3 -notin 1, 2", "True\nFalse\nTrue"),
    ("'Setup' -like 'S*p'; 'x' -notlike 'y*'", "True\nTrue"),
    ("'a1b22' -replace '\\d+', '#'; 'John Smith' -replace '(\\w+) (\\w+)', '$2 $1'", "a#b#\nSmith John"),
    ("'a, b,c' -split ',\\s*' -join '|'", "a|b|c"),
    ("$true -and -not $false -or $false; !$true; $true -xor $true", "True\nFalse\nFalse"),
    ("5 -band 4; 1 -bor 6; 1 -shl 4; -bnot 0", "4\n7\n16\n-1"),
    ("1..4 -join ','; (3..1)[0]", "1,2,3,4\n3"),
    (
        "'{0:N2}|{1,5}|{2:X4}|{3:yyyy}' -f 1234.5, 'x', 255, [datetime]'2026-01-02'",
        "1,234.50|    x|00FF|2026",
    ),
    ("[int]'42' + 1; [int]2.5; [int]3.5; [bool]'False'; [string]12", "43\n2\n4\nTrue\n12"),
    ("1kb; 2MB; 0x1F; 1.5e2", "1024\n2097152\n31\n150"),
    ("$null -eq $nothing; @($null).Count; @().Count; $nothing.Count", "True\n1\n0\n0"),
    ("'abc' -is [string]; 1 -is [int]; @() -is [array]; 'x' -as [int]", "True\nTrue\nTrue"),
    # strings
    ('$x = \'w\'; "a $x ${x}y $($x.Length) `$x `"q`" ""d"""', 'a w wy 1 $x "q" "d"'),
    ("'it''s $x'", "it's $x"),
    ('@"\nfirst $(1+1)\n  "second"\n"@', 'first 2\n  "second"'),
    ("@'\n$raw\n'@", "$raw"),
    ('"tab`tend"; "$env:SystemRoot\\x"', "tab\tend\nC:\\Windows\\x"),
    (
        "'Hello'.ToUpper().Substring(1, 3); ' x '.Trim(); 'a.b'.Split('.')[1]; 'abc'.Contains('b')",
        "ELL\nx\nb\nTrue",
    ),
    # variables, arrays, hash tables, objects
    ('$a, $b = 1, 2, 3; "$a/$b"', "1/2 3"),
    ("$i = 1; $i++; $i += 3; ++$i; $i--; $i", "5"),
    ("$h = @{ b = 1; 'c d' = 2 }; $h.b; $h['c d']; $h.x = 3; $h.Count; $h.ContainsKey('X')", "1\n2\n3\nTrue"),
    ("$o = [ordered]@{ z = 1; a = 2 }; $o.Keys -join ','", "z,a"),
    (
        "$o = [PSCustomObject]@{ A = 1; B = @{ C = 2 } }; $o.b.c; $o.PSObject.Properties.Name -join ','",
        "2\nA,B",
    ),
    (
        "$l = New-Object System.Collections.ArrayList; [void]$l.Add('x'); $l.Add('y') | Out-Null; $l.Count; $l[-1]",
        "2\ny",
    ),
    ("$x = @(1, 2, 3); $x[0..1] -join ','; $x[-1]; $x.Length", "1,2\n3\n3"),
    ("$s = @{ Name = 'WinRM' }; (Get-Service @s).Name", "WinRM"),
    ("(Get-Service WinRM, RdAgent).Name -join ','", "WinRM,RdAgent"),
    ("$e = [ref]0; [int]::TryParse('12', $e); $e.Value", "True\n12"),
    # flow
    ("if ($false) { 1 } elseif ('x') { 2 } else { 3 }", "2"),
    ("$r = if (1 -gt 2) { 'a' } else { 'b' }; $r", "b"),
    ("foreach ($n in 1..5) { if ($n -eq 2) { continue }; if ($n -eq 4) { break }; $n }", "1\n3"),
    ("for ($i = 0; $i -lt 3; $i++) { $i }", "0\n1\n2"),
    ("$i = 0; do { $i++ } until ($i -ge 3); $i; while ($true) { break }; 'out'", "3\nout"),
    ("switch ('beta') { 'alpha' { 1 } 'beta' { 2; break } default { 3 } }", "2"),
    ("switch -Regex ('v12') { '^v(\\d+)' { $Matches[1] } }", "12"),
    ("switch -Wildcard ('abc') { 'a*' { 'A' } '*c' { 'C' } }", "A\nC"),
    ('switch (1, 5) { { $_ -gt 3 } { "big $_" } default { "small $_" } }', "small 1\nbig 5"),
    ("'IMAGE_STATE_COMPLETE' -match '^IMAGE_(?<what>\\w+)$' | Out-Null; $Matches.what", "STATE_COMPLETE"),
    # functions
    ("function Add([int]$a, $b = 2) { return $a + $b; 'never' } Add 1; Add -b 5 -a '1'", "3\n6"),
    (
        'function F { param([switch]$On, [Parameter(Mandatory, Position=0)][string]$Name) "$Name $On" } F x -On; F -Name y',
        "x True\ny False",
    ),
    ("function P { begin { 'b' } process { \"p$_\" } end { 'e' } } 1, 2 | P", "b\np1\np2\ne"),
    ("function S { $script:v = 5; $v = 6 } S; $v", "5"),
    ('function A { "$($args.Count) $args" } A 1 two', "2 1 two"),
    ("& { param($x) $x * 2 } 21; $b = { 'in block' }; & $b; . { $dot = 1 }; $dot", "42\nin block\n1"),
    ("filter Twice { $_ * 2 } 1, 2 | Twice", "2\n4"),
    # pipelines
    ("1..6 | Where-Object { $_ % 2 -eq 0 } | ForEach-Object { $_ * 10 } | Select-Object -First 2", "20\n40"),
    ("'b', 'a', 'c' | Sort-Object -Descending | Select-Object -Skip 1", "b\na"),
    (
        '1..4 | Measure-Object -Sum -Maximum | ForEach-Object { "$($_.Count) $($_.Sum) $($_.Maximum)" }',
        "4 10 4",
    ),
    ("Get-Service | Where-Object Name -like 'Rd*' | Select-Object -ExpandProperty Name", "RdAgent"),
    (
        "[PSCustomObject]@{ A = 3 } | Select-Object A, @{ N = 'B'; E = { $_.A + 1 } } | ConvertTo-Json -Compress",
        '{"A":3,"B":4}',
    ),
    ("'a', 'b', 'a' | Group-Object | ForEach-Object { \"$($_.Name)$($_.Count)\" }", "a2\nb1"),
    (
        "@{ a = @(1); s = 'x\"y'; n = $null; t = $true } | ConvertTo-Json -Compress",
        '{"a":[1],"s":"x\\"y","n":null,"t":true}',
    ),
    ('(\'{"a":{"b":[1,2]}}\' | ConvertFrom-Json).a.b[1]', "2"),
    ("(Get-Service WinRM | Select-Object Status | ConvertTo-Json -Compress)", '{"Status":1}'),
    ("[Convert]::ToBase64String([Text.Encoding]::Unicode.GetBytes('hi')); [Math]::Floor(2.7)", "aABpAA==\n2"),
    ("'x' > C:\\r.txt; 'y' >> C:\\r.txt; (Get-Content C:\\r.txt) -join ','", "x,y"),
    ("Set-Content C:\\n.txt 1, 2, 3; Get-Content C:\\n.txt -Tail 2; (Get-Item C:\\n.txt).Length", "2\n3\n9"),
    # errors
    ("try { throw 'bad' } catch { \"caught $_\" } finally { Write-Host 'last' }", "caught bad"),
    (
        "try { Get-Item C:\\no -ErrorAction Stop } catch [System.Management.Automation.ItemNotFoundException] { 'typed' }",
        "typed",
    ),
    ("try { 1 / 0 } catch { $_.Exception.GetType().Name }", "DivideByZeroException"),
    ("Get-Item C:\\no -ErrorAction SilentlyContinue; $?; $Error.Count", "False\n1"),
    (
        "$ErrorActionPreference = 'Stop'; try { Get-Service no } catch { $_.FullyQualifiedErrorId }",
        "NoServiceFoundForGivenName,Get-Service",
    ),
    ("cmd /c 'exit 5'; $LASTEXITCODE; & cmd.exe /c 'echo one & echo two' | Select-Object -Last 1", "5\ntwo"),
    ("$x = cmd /c 'echo out & nosuch' 2>&1; $x.Count; cmd /c 'nosuch' 2>$null; 'on'", "3\non"),
]


@pytest.mark.parametrize(("script", "printed"), TABLE, ids=[str(n) for n in range(len(TABLE))])
def test_a_line_prints_what_powershell_prints(shell: Written, script: str, printed: str) -> None:
    assert shell.run(script) == printed


def test_an_error_that_nobody_catches_ends_its_statement_and_a_throw_the_script(shell: Written) -> None:
    assert shell.run("Get-Service no; 1 / 0; 'on'") == "on"
    assert [error.kind.rpartition(".")[2] for error in shell.errors] == [
        "ServiceCommandException",
        "DivideByZeroException",
    ]
    with pytest.raises(PSError, match="enough"):
        shell.run("throw 'enough'; 'never'")


def test_exit_ends_a_script_with_its_status(shell: Written) -> None:
    with pytest.raises(ExitSignal) as left:
        shell.run("if ($true) { exit 3 }; 'never'")
    assert left.value.status == 3


@pytest.mark.parametrize(
    ("script", "what"),
    [
        ("Get-Nothing", "the command 'Get-Nothing'"),
        ("Get-Service -Nothing", "the parameter -Nothing of Get-Service"),
        ("[System.Net.Dns]::GetHostName()", r"[System.Net.Dns]::GetHostName()"),
        ("(Get-Service WinRM).Nothing", "the property Nothing"),
        ("'x'.Nothing()", "the method Nothing of System.String"),
        ("New-Object -ComObject WScript.Shell", "the COM class WScript.Shell"),
        ("Get-CimInstance Win32_Nothing", "the CIM class Win32_Nothing"),
        ("trap { 1 } 2", "the statement 'trap'"),
        ("C:\\Windows\\System32\\notepad.exe", "the program 'C:\\Windows\\System32\\notepad.exe'"),
    ],
)
def test_what_the_model_does_not_know_ends_the_script_whatever_it_catches(
    shell: Written, script: str, what: str
) -> None:
    with pytest.raises(ModelGap, match="the model does not know") as gap:
        shell.run(f"try {{ {script} }} catch {{ 'caught' }}")
    assert what in str(gap.value)


def test_a_syntax_that_is_none_is_a_parser_error_at_its_place(shell: Written) -> None:
    with pytest.raises(PSError, match="Unexpected token") as error:
        shell.run("'fine'\n$x = [int")
    assert error.value.category == "ParserError"
    assert "At line:2" in error.value.position


@pytest.mark.parametrize("script", sorted(FACTORY.rglob("*.ps1")), ids=lambda path: path.stem)
def test_every_script_of_the_factory_is_understood(script: Path) -> None:
    parse(script.read_text(encoding="utf-8"))
    parse(f"& {{\n{script.read_text(encoding='utf-8')}\n}} -Path 'x'")
