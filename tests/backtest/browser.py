"""Debian's Chromium for tests: `make test` brings it where it may (tests/system/bring.sh)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import which
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

PROGRAMS = ("chromium", "chromedriver")


def need_chromium() -> None:
    """Skips a test where there is no Chromium, and says how it comes; where a pipeline runs, that is a failure."""
    missing = [name for name in PROGRAMS if which(name) is None]
    if not missing:
        return
    said = f"{' and '.join(missing)} missing: sudo apt-get install --no-install-recommends chromium chromium-driver"
    if os.environ.get("CI"):
        pytest.fail(said)
    pytest.skip(said)


@contextmanager
def browser(width: int = 1280, height: int = 900, *, dark: bool = False) -> Iterator[webdriver.Chrome]:
    """A window without a screen; `dark`: the machine prefers dark pages."""
    need_chromium()
    options = Options()
    options.binary_location = which("chromium") or ""
    for argument in ("--headless=new", "--disable-gpu", "--disable-dev-shm-usage", *(("--no-sandbox",) if os.geteuid() == 0 else ())):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(which("chromedriver")))
    try:
        screen = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
        theme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [theme]})
        yield driver
    finally:
        driver.quit()


def opened(driver: webdriver.Chrome, path: Path) -> list[dict[str, Any]]:
    """Opens a file and gives what the console says of it: errors, and what the page's policy refused."""
    driver.get(path.as_uri())
    found: list[dict[str, Any]] = driver.get_log("browser")
    return found
