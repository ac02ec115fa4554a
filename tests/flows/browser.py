"""A headless Chromium that looks at Prefect's pages as a person does, and goes nowhere else."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

FLAGS = (
    "--no-sandbox",  # tests run as root, where Chromium's own sandbox refuses to start
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # The page asks a statistics service for its configuration, even where analytics are off.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
PATIENCE = 90_000.0
"""Milliseconds until a page must show what is waited for; the first page of a fresh server is slow."""


def chromium() -> str | None:
    """Where the system's Chromium is; none is downloaded."""
    return shutil.which("chromium")


@contextmanager
def browser_page(profile: Path) -> Iterator[Page]:
    """A page of a browser with a fresh profile."""
    with sync_playwright() as driver:
        context = driver.chromium.launch_persistent_context(
            profile,
            executable_path=chromium(),
            headless=True,
            args=list(FLAGS),
            viewport={"width": 1400, "height": 1000},
            timezone_id="Etc/UTC",
        )
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        try:
            yield page
        finally:
            context.close()
