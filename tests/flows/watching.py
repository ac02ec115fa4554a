"""What others could read while a run goes: logs, Prefect's database, every program's arguments."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Collected(logging.Handler):
    """All that was logged, at any level."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.text: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.text.append(record.getMessage())


@contextmanager
def everything_logged() -> Iterator[Collected]:
    """The root's log at the level of debugging, as somebody has it who looks for a fault."""
    handler, root = Collected(), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield handler
    finally:
        root.setLevel(level)
        root.removeHandler(handler)


@contextmanager
def arguments_seen(every: float = 0.1) -> Iterator[set[bytes]]:
    """The arguments of every process of this computer, looked at so often (seconds)."""
    seen: set[bytes] = set()
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(every):
            seen.update(read_if_there(path) for path in Path("/proc").glob("[0-9]*/cmdline"))

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield seen
    finally:
        ended.set()
        watcher.join()


def read_if_there(path: Path) -> bytes:
    """A file's content; nothing of one that is gone meanwhile."""
    try:
        return path.read_bytes()
    except OSError:
        return b""


def prefect_database() -> bytes:
    """All files of Prefect's database."""
    from prefect.settings import get_current_settings

    url = get_current_settings().server.database.connection_url
    assert url is not None
    folder = Path(url.get_secret_value().split(":///")[1]).parent
    return b"".join(path.read_bytes() for path in folder.glob("*.db*"))
