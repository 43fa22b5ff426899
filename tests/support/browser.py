"""A real browser: Debian's Chromium, driven over WebDriver, with nothing to load from elsewhere."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from selenium.webdriver import Chrome, ChromeOptions, ChromeService

from left_out import leave_out

if TYPE_CHECKING:
    from collections.abc import Iterator

_OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@contextmanager
def browser() -> Iterator[Chrome]:
    program, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if program is None or driver is None:
        leave_out("chromium and chromedriver are not on the PATH: no page was looked at")
    options = ChromeOptions()
    options.binary_location = program
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        for option in (*_OPTIONS, f"--user-data-dir={profile}"):
            options.add_argument(option)
        options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
        opened = Chrome(options=options, service=ChromeService(driver))
        try:
            yield opened
        finally:
            opened.quit()


def look(opened: Chrome, width: int, *, dark: bool = False) -> None:
    """Give the page a width in pixels and a colour scheme."""
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
    opened.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
    opened.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})


def log(opened: Chrome, kind: str) -> list[dict[str, Any]]:
    """What the browser wrote to one of its logs since the last call."""
    entries: list[dict[str, Any]] = opened.get_log(kind)  # type: ignore[no-untyped-call]
    return entries
