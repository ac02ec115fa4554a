"""Event logs: only what this machine's own model writes is in them."""

from __future__ import annotations

from collections.abc import Iterator

from localazure.guests.windows.powershell.cmdlet import Call, cmdlet
from localazure.guests.windows.powershell.values import PSObject, Value


@cmdlet("Get-WinEvent", "LogName:0 FilterHashtable MaxEvents ListLog ProviderName Oldest:switch")
@cmdlet("Get-EventLog", "LogName:0 Newest EntryType Source After List:switch")
def get_win_event(call: Call) -> Iterator[Value]:
    """Tell events; after Sysprep there are none."""
    events = call.machine.document.get("events", [])
    if not events:
        call.report(
            call.fail(
                "No events were found that match the specified selection criteria.",
                kind="System.Exception",
                category="ObjectNotFound",
                identifier="NoMatchingEventsFound",
            )
        )
    for event in events:
        yield PSObject("System.Diagnostics.Eventing.Reader.EventLogRecord", event)


@cmdlet("Clear-EventLog", "LogName:0 ComputerName")
def clear_event_log(call: Call) -> Iterator[Value]:
    """Empty logs."""
    call.machine.document["events"] = []
    call.machine.changed()
    yield from ()
