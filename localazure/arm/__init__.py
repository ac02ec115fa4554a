"""The resource manager's own part: ids, errors, the store, operations and the wire. No service lives here."""
