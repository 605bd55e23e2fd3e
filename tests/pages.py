"""Pages in a real browser, and the servers that serve them."""

import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Route

from aibuyer_kit.dashboards.serve import ServerCommand

BROWSER_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_STARTS_WITHIN_SECONDS = 60


@dataclass
class Visit:
    """One open page, with what it asked of other hosts and what its console complained of."""

    page: Page
    asked_outside: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def wait_for(self, selector: str, words: str, *, timeout_seconds: float = 30) -> str:
        """Wait until the first such element shows `words`; return its text with plain spaces."""
        self.page.wait_for_selector(selector, timeout=timeout_seconds * 1000)
        deadline = time.monotonic() + timeout_seconds
        while words not in (shown := self.text(selector)):
            complaints = f"Console: {self.complaints}"
            assert time.monotonic() < deadline, f"{selector} shows {shown!r}, not {words!r}. {complaints}"
            self.page.wait_for_timeout(50)
        return shown

    def text(self, selector: str) -> str:
        """Return the text of the first such element, with plain spaces."""
        return (self.page.locator(selector).first.text_content() or "").replace("\xa0", " ")

    def is_wider_than_the_window(self) -> bool:
        """Tell whether a reader would have to move the page sideways."""
        return bool(self.page.evaluate("document.documentElement.scrollWidth > window.innerWidth"))


Visitor = Callable[..., Visit]


@contextmanager
def visiting(browser: Browser) -> Iterator[Visitor]:
    """Give a function that opens pages; requests to other hosts are noted and refused."""
    contexts: list[BrowserContext] = []

    def open_page(url: str, *, width: int = 1280, height: int = 900, dark: bool = False) -> Visit:
        scheme = "dark" if dark else "light"
        context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
        contexts.append(context)
        seen = Visit(context.new_page())
        context.route("**/*", lambda route: _pass_or_note(route, seen))
        seen.page.on("websocket", lambda opened: _note_outside(opened.url, seen))
        seen.page.on("console", lambda message: _note_error(message, seen))
        seen.page.on("pageerror", lambda error: seen.complaints.append(str(error)))
        seen.page.goto(url)
        return seen

    yield open_page
    for context in contexts:
        context.close()


@contextmanager
def served(command: ServerCommand) -> Iterator[str]:
    """Start a server, wait until it answers, give its address, and end it afterwards."""
    process = command.start()
    try:
        _wait_for_answer(process, command.url)
        yield command.url
    finally:
        process.terminate()
        process.wait(timeout=20)


def free_port() -> int:
    """Return a port of this machine that nobody uses at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for_answer(process: "subprocess.Popen[bytes]", url: str) -> None:
    address = urlsplit(url)
    deadline = time.monotonic() + _STARTS_WITHIN_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, f"The server ended with {process.returncode} before it answered."
        try:
            socket.create_connection((str(address.hostname), int(address.port or 80)), timeout=1).close()
        except OSError:
            threading.Event().wait(0.1)
        else:
            return
    raise AssertionError(f"Nothing answers at {url}.")


def _pass_or_note(route: Route, seen: Visit) -> None:
    if _is_here(route.request.url):
        route.continue_()
    else:
        _note_outside(route.request.url, seen)
        route.abort()


def _note_outside(url: str, seen: Visit) -> None:
    if not _is_here(url):
        seen.asked_outside.append(url)


def _is_here(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme in {"file", "data", "blob", "about"} or parts.hostname == "127.0.0.1"


def _note_error(message: ConsoleMessage, seen: Visit) -> None:
    if message.type == "error":
        seen.complaints.append(message.text)
