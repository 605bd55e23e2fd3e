"""What several floors share: the example account, and a browser that lets no request out."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from .pages import BROWSER_ARGUMENTS, Visitor, visiting


@pytest.fixture(scope="session")
def example_workspace() -> Path:
    """The folder of the sample account, which all workers of a run share."""
    from aibuyer_kit.workspace import load_example

    return load_example().folder


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A headless Chromium: AIBUYER_CHROMIUM, or the one on the path."""
    path = os.environ.get("AIBUYER_CHROMIUM") or shutil.which("chromium")
    assert path, "There is no chromium on the path. Install it, or set AIBUYER_CHROMIUM to a browser's path."
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=list(BROWSER_ARGUMENTS))
        yield running
        running.close()


@pytest.fixture
def visit(browser: Browser) -> Iterator[Visitor]:
    """Opens pages of which every request to another host is noted and refused."""
    with visiting(browser) as open_page:
        yield open_page
