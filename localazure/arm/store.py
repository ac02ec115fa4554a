"""The state: documents in memory, written through to SQLite.

A write is in the database's log before the call returns, so `kill -9` of the server loses nothing that a
client was told (the operating system's own crash may lose the last moments: `synchronous` is NORMAL).
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .ids import ResourceId, key_of

Document = dict[str, Any]
Documents = list[Document]
Records = list[dict[str, Any]]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS documents (key TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS operations (id TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
"""


class Store:
    """Resource documents by id.

    A document is what ARM shows (`id`, `name`, `type`, `location`, `tags`, `properties`, …) plus private
    keys that begin with `_` and never leave the server. Documents are handed out as copies: change one, then
    `put` it.
    """

    def __init__(self, path: Path | str) -> None:
        if path != ":memory:":
            Path(path).touch(mode=0o600)  # documents hold custom data; the log beside it inherits the mode
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.executescript(_SCHEMA)
        self._depth = 0
        self._documents: dict[str, str] = dict(self._db.execute("SELECT key, body FROM documents"))
        self._types = {key: json.loads(body)["type"].lower() for key, body in self._documents.items()}

    def close(self) -> None:
        """Close the database."""
        self._db.close()

    @contextmanager
    def together(self) -> Iterator[None]:
        """All writes inside reach the disk together or not at all. No `await` inside."""
        if self._depth:
            yield
            return
        before, types = dict(self._documents), dict(self._types)
        self._db.execute("BEGIN")
        self._depth = 1
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            self._documents, self._types = before, types
            raise
        else:
            self._db.execute("COMMIT")
        finally:
            self._depth = 0

    def get(self, rid: ResourceId | str) -> Document | None:
        """A copy of the document, or None."""
        body = self._documents.get(key_of(rid))
        return None if body is None else json.loads(body)

    def __contains__(self, rid: ResourceId | str) -> bool:
        return key_of(rid) in self._documents

    def put(self, doc: Document) -> None:
        """Keep the document under its `id`."""
        key, body = key_of(doc["id"]), json.dumps(doc)
        self._db.execute("INSERT OR REPLACE INTO documents VALUES (?, ?)", (key, body))
        self._documents[key] = body
        self._types[key] = doc["type"].lower()

    def delete(self, rid: ResourceId | str) -> None:
        """Forget the document; its children stay (see `delete_tree`)."""
        key = key_of(rid)
        self._db.execute("DELETE FROM documents WHERE key = ?", (key,))
        self._documents.pop(key, None)
        self._types.pop(key, None)

    def delete_tree(self, rid: ResourceId | str) -> None:
        """Forget the document and everything beneath it."""
        key = key_of(rid)
        with self.together():
            for other in [k for k in self._documents if k.startswith(key + "/")]:
                self.delete(other)
            self.delete(key)

    def list(
        self,
        type: str,  # noqa: A002 - the word of the domain
        *,
        subscription: str | None = None,
        group: str | None = None,
        parent: ResourceId | str | None = None,
    ) -> Documents:
        """All documents of one type, by key, within a subscription, a group or directly under a parent."""
        wanted = type.lower()
        prefix = ""
        if subscription is not None:
            prefix = f"/subscriptions/{subscription}/".lower()
        if parent is not None:
            prefix = key_of(parent) + "/"
        found = (key for key, kind in self._types.items() if kind == wanted and key.startswith(prefix))
        if group is not None:
            inside = f"/resourcegroups/{group}/".lower()
            found = (key for key in found if inside in key)
        return [json.loads(self._documents[key]) for key in sorted(found)]

    def beneath(self, rid: ResourceId | str) -> Documents:
        """Everything below an id, however deep, by key."""
        prefix = key_of(rid) + "/"
        return [json.loads(self._documents[k]) for k in sorted(self._documents) if k.startswith(prefix)]

    def children(self, rid: ResourceId | str) -> Documents:
        """What lies directly beneath an id: nested resources, or a group's top-level ones."""
        key = key_of(rid)
        return [doc for doc in self.beneath(rid) if (up := _parent_key(doc["id"])) is not None and up == key]

    # facts: small named values that are no resources (counts, identities)

    def fact(self, name: str, default: Any = None) -> Any:
        """A named value."""
        row = self._db.execute("SELECT body FROM facts WHERE name = ?", (name,)).fetchone()
        return default if row is None else json.loads(row[0])

    def set_fact(self, name: str, value: Any) -> None:
        """Keep a named value."""
        self._db.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, json.dumps(value)))

    # operations keep their own table: they are read by id and by state only

    def save_operation(self, operation_id: str, body: dict[str, Any]) -> None:
        """Keep an operation's record."""
        self._db.execute("INSERT OR REPLACE INTO operations VALUES (?, ?)", (operation_id, json.dumps(body)))

    def forget_operation(self, operation_id: str) -> None:
        """Drop an operation's record."""
        self._db.execute("DELETE FROM operations WHERE id = ?", (operation_id,))

    def load_operations(self) -> Records:
        """All operations' records."""
        return [json.loads(body) for (body,) in self._db.execute("SELECT body FROM operations")]


def _parent_key(text: str) -> str | None:
    parent = ResourceId.parse(text).parent
    return parent.key if parent else None
