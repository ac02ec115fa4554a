"""Windows Update: the COM objects that scripts use, over the machine's list of updates.

A pending update is {"kb", "title", "megabytes", "seconds", "reboot", "state"}; installing takes its seconds of
model time, and one that needs a restart is only installed after it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from localazure.guests.windows.failures.pending_reboot import CBS, WU
from localazure.guests.windows.powershell.convert import to_string
from localazure.guests.windows.powershell.errors import PSError
from localazure.guests.windows.powershell.gaps import ModelGap
from localazure.guests.windows.powershell.values import Lazy, PSObject, Value

if TYPE_CHECKING:
    from localazure.guests.windows.powershell.shell import Shell

SUCCEEDED, FAILED = 2, 4
_ACCESS_DENIED = -2147024891


def com_object(shell: Shell, name: str) -> PSObject:
    """Make a COM object by its name."""
    makers = {
        "microsoft.update.session": _session,
        "microsoft.update.updatecoll": lambda shell: collection([]),
        "microsoft.update.systeminfo": _system_information,
        "microsoft.update.autoupdate": _automatic,
        "microsoft.update.searcher": _searcher,
    }
    maker = makers.get(name.lower())
    if maker is None:
        raise ModelGap(f"the COM class {name}")
    return maker(shell)


def _denied() -> PSError:
    """Over the network the update agent installs and downloads nothing."""
    return PSError(
        "Access is denied. (Exception from HRESULT: 0x80070005 (E_ACCESSDENIED))",
        kind="System.UnauthorizedAccessException",
        category="OperationStopped",
        identifier="System.UnauthorizedAccessException",
        hresult=_ACCESS_DENIED,
    )


def _from_network(shell: Shell) -> bool:
    return bool(shell.process.job) and not shell.process.job.startswith("task:")


def _session(shell: Shell) -> PSObject:
    return PSObject(
        "System.__ComObject#Microsoft.Update.Session",
        {"ClientApplicationID": ""},
        methods={
            "CreateUpdateSearcher": lambda: _searcher(shell),
            "CreateUpdateDownloader": lambda: _downloader(shell),
            "CreateUpdateInstaller": lambda: _installer(shell),
        },
    )


def collection(updates: list[PSObject]) -> PSObject:
    """An UpdateCollection."""

    def add(update: PSObject) -> int:
        updates.append(update)
        return len(updates) - 1

    return PSObject(
        "System.__ComObject#UpdateCollection",
        {"Count": Lazy(lambda: len(updates))},
        methods={"Add": add, "Item": lambda index: updates[int(index)], "Clear": updates.clear},
        base=updates,
    )


def _searcher(shell: Shell) -> PSObject:
    def search(criteria: Value) -> PSObject:
        wanted = {m[0].lower(): m[1] for m in re.findall(r"(\w+)\s*=\s*'?([^'\s]+)'?", to_string(criteria))}
        if unknown := set(wanted) - {
            "isinstalled",
            "ishidden",
            "type",
            "isassigned",
            "rebootrequired",
            "browseonly",
            "autoselectonwebsites",
        }:
            raise ModelGap(f"the criterion {unknown.pop()} of a search for updates")
        shell.sleep(20)
        pending = shell.machine.document["updates"]["pending"]
        found = (
            []
            if wanted.get("isinstalled") == "1"
            else [_update(one) for one in pending if one.get("state") != "installed"]
        )
        return PSObject(
            "System.__ComObject#ISearchResult",
            {"Updates": _enumerable(found), "ResultCode": SUCCEEDED, "Warnings": []},
        )

    return PSObject(
        "System.__ComObject#IUpdateSearcher",
        {"ServerSelection": 0, "Online": True, "ServiceID": ""},
        methods={"Search": search, "GetTotalHistoryCount": lambda: 0},
    )


class Updates(list[PSObject]):
    """A collection of COM that scripts enumerate."""


def _enumerable(found: list[PSObject]) -> Updates:
    return Updates(found)


def _update(update: dict[str, Any]) -> PSObject:
    return PSObject(
        "System.__ComObject#IUpdate",
        {
            "Title": f"{update['title']} ({update['kb']})",
            "KBArticleIDs": [update["kb"].removeprefix("KB")],
            "IsDownloaded": Lazy(lambda: update.get("state") in ("downloaded", "installed")),
            "IsInstalled": False,
            "IsHidden": False,
            "IsMandatory": False,
            "EulaAccepted": True,
            "RebootRequired": Lazy(lambda: update.get("state") == "installed" and update["reboot"]),
            "MaxDownloadSize": update["megabytes"] << 20,
            "Size": update["megabytes"] << 20,
            "InstallationBehavior": PSObject(
                "IInstallationBehavior",
                {"CanRequestUserInput": False, "RebootBehavior": 2 if update["reboot"] else 0},
            ),
            "Categories": [],
            "Description": update["title"],
            "Identity": PSObject("IUpdateIdentity", {"UpdateID": update["kb"], "RevisionNumber": 1}),
        },
        text="System.__ComObject",
        methods={"AcceptEula": lambda: None},
        base=update,
    )


def _chosen(subject: PSObject) -> list[dict[str, Any]]:
    updates = subject.get("Updates")
    rows = updates.base if isinstance(updates, PSObject) else updates or []
    return [one.base for one in rows]


def _downloader(shell: Shell) -> PSObject:
    made = PSObject(
        "System.__ComObject#IUpdateDownloader", {"Updates": None, "Priority": 2, "IsForced": False}
    )

    def download() -> PSObject:
        if _from_network(shell):
            raise _denied()
        for update in _chosen(made):
            shell.sleep(update["megabytes"] / 20)
            update["state"] = "downloaded"
        shell.machine.changed()
        return PSObject(
            "IDownloadResult",
            {"ResultCode": SUCCEEDED, "HResult": 0},
            methods={"GetUpdateResult": lambda index: PSObject("R", {"ResultCode": SUCCEEDED, "HResult": 0})},
        )

    made.methods["Download"] = download
    return made


def _installer(shell: Shell) -> PSObject:
    made = PSObject(
        "System.__ComObject#IUpdateInstaller",
        {
            "Updates": None,
            "ForceQuiet": True,
            "IsForced": False,
            "AllowSourcePrompts": False,
            "IsBusy": False,
            "RebootRequiredBeforeInstallation": False,
        },
    )

    def install() -> PSObject:
        if _from_network(shell):
            raise _denied()
        codes = [_install(shell, update) for update in _chosen(made)]
        return PSObject(
            "System.__ComObject#IInstallationResult",
            {
                "ResultCode": SUCCEEDED if FAILED not in codes else 3,
                "RebootRequired": shell.machine.document["updates"]["reboot_required"],
                "HResult": 0,
            },
            methods={
                "GetUpdateResult": lambda index: PSObject(
                    "R", {"ResultCode": codes[int(index)], "HResult": 0, "RebootRequired": False}
                )
            },
        )

    made.methods["Install"] = install
    return made


def _install(shell: Shell, update: dict[str, Any]) -> int:
    machine = shell.machine
    worker = machine.system_process("TiWorker", r"C:\Windows\WinSxS\TiWorker.exe")
    try:
        shell.sleep(update["seconds"])
    finally:
        machine.processes.end(worker, 0)
    with machine.lock:
        updates = machine.document["updates"]
        if update.get("fails"):
            return FAILED
        update["state"] = "installed"
        if update["reboot"]:
            updates["reboot_required"] = True
            machine.registry.create(CBS)
            machine.registry.create(WU)
        else:
            updates["pending"] = [one for one in updates["pending"] if one["kb"] != update["kb"]]
            updates["installed"].append(
                {"kb": update["kb"], "title": update["title"], "on": machine.clock.stamp()}
            )
        machine.changed()
    return SUCCEEDED


def _system_information(shell: Shell) -> PSObject:
    return PSObject(
        "System.__ComObject#ISystemInformation",
        {"RebootRequired": bool(shell.machine.document["updates"]["reboot_required"])},
    )


def _automatic(shell: Shell) -> PSObject:
    return PSObject(
        "System.__ComObject#IAutomaticUpdates", {"ServiceEnabled": True}, methods={"DetectNow": lambda: None}
    )
