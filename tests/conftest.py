"""What several floors share: the example account, and a browser that lets no request out."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from .pages import BROWSER_ARGUMENTS, Visitor, visiting


@pytest.fixture(scope="session")
def example_workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of the sample account, built once for all workers of a run and not in the user's own cache."""
    from aibuyer_kit.workspace import load_example

    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(shared / "example-cache"))
        yield load_example().folder


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
