"""A browser without a window, for pages."""

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

_NAMES = ("chromium", "chromium-browser", "google-chrome")
# Names of hosts that are no loopback to the browser, for what it refuses to pages without TLS.
_FLAGS = ["--disable-dev-shm-usage", "--host-resolver-rules=MAP robot.test 127.0.0.1"]


# For one file only: while it lives, this thread runs no other event loop.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = next((found for name in _NAMES if (found := shutil.which(name))), None)
    if path is None:
        pytest.skip("needs a Chromium that this system's packages have: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_FLAGS)
        yield browser
        browser.close()
