"""reg.exe."""

from __future__ import annotations

from localazure.guests.windows.machine.registry import normal_path
from localazure.guests.windows.powershell.gaps import ModelGap
from localazure.guests.windows.programs import Run, program

_KINDS = {
    "reg_sz": "String",
    "reg_dword": "DWord",
    "reg_expand_sz": "ExpandString",
    "reg_multi_sz": "MultiString",
    "reg_qword": "QWord",
}
_NAMES = {
    "String": "REG_SZ",
    "DWord": "REG_DWORD",
    "ExpandString": "REG_EXPAND_SZ",
    "MultiString": "REG_MULTI_SZ",
    "QWord": "REG_QWORD",
}


@program("reg")
def reg(run: Run) -> int:
    """Add, delete, query."""
    verb, words = run.arguments[0].lower(), run.arguments[1:]
    options: dict[str, str] = {}
    path = words.pop(0)
    while words:
        word = words.pop(0).lower()
        options[word] = words.pop(0) if word in ("/v", "/t", "/d", "/s") and words else ""
    try:
        key = normal_path(path)
    except KeyError:
        run.err("ERROR: Invalid key name.")
        return 1
    verbs = {"add": _add, "delete": _delete, "query": _query}
    if verb not in verbs:
        raise ModelGap(f"reg {verb}")
    return verbs[verb](run, key, options)


def _add(run: Run, key: str, options: dict[str, str]) -> int:
    registry = run.machine.registry
    if "/v" not in options:
        registry.create(key)
    else:
        kind = _KINDS[options.get("/t", "REG_SZ").lower()]
        text = options.get("/d", "")
        data: object = (
            int(text, 0)
            if kind in ("DWord", "QWord")
            else text.split("\\0")
            if kind == "MultiString"
            else text
        )
        registry.set(key, options["/v"], data, kind)
    run.out("The operation completed successfully.")
    return 0


def _delete(run: Run, key: str, options: dict[str, str]) -> int:
    registry = run.machine.registry
    there = registry.has_value(key, options["/v"]) if "/v" in options else registry.exists(key)
    if not there:
        run.err("ERROR: The system was unable to find the specified registry key or value.")
        return 1
    if "/v" in options:
        registry.delete_value(key, options["/v"])
    else:
        registry.delete(key)
    run.out("The operation completed successfully.")
    return 0


def _query(run: Run, key: str, options: dict[str, str]) -> int:
    registry = run.machine.registry
    rows = [(n, k, d) for n, k, d in registry.values(key) if options.get("/v", n).lower() == n.lower()]
    if not registry.exists(key) or ("/v" in options and not rows):
        run.err("ERROR: The system was unable to find the specified registry key or value.")
        return 1
    run.out("")
    run.out(key.replace("HKLM", "HKEY_LOCAL_MACHINE", 1))
    for name, kind, data in rows:
        run.out(
            f"    {name}    {_NAMES.get(kind, 'REG_SZ')}    {hex(data) if isinstance(data, int) else data}"
        )
    return 0
