"""Take the pictures of docs/pictures anew: report, explorer and client's overview of the sample account."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Page, ViewportSize, sync_playwright

PICTURES = Path(__file__).resolve().parent.parent / "docs" / "pictures"
AIBUYER = str(Path(sys.executable).with_name("aibuyer"))
MAX_BYTES = 300_000
WAIT_SECONDS = 120
PHONE = ViewportSize(width=390, height=844)
DESK = ViewportSize(width=1280, height=1120)


def main() -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        workspace = Path(folder) / "workspace"
        printed = subprocess.run(
            [AIBUYER, "demo", str(workspace)], stdout=subprocess.PIPE, text=True, check=True
        ).stdout
        report = next(line.split(": ", 1)[1] for line in printed.splitlines() if line.startswith("report: "))
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("AIBUYER_CHROMIUM"), args=["--no-sandbox", "--hide-scrollbars"]
        )
        page = browser.new_page(viewport=DESK, color_scheme="light")
        take(page, Path(report).resolve().as_uri(), "report")
        with served("dashboards", workspace) as address:
            take(page, address, "explorer")
        with served("voila", workspace) as address:
            take(page, address, "overview")
            page.set_viewport_size(PHONE)
            take(page, address, "overview-phone")
        browser.close()


def take(page: Page, address: str, name: str) -> None:
    """Save what a visitor sees once the page has been still for a moment."""
    page.goto(address, wait_until="networkidle", timeout=WAIT_SECONDS * 1000)
    page.locator("svg, canvas").first.wait_for(timeout=WAIT_SECONDS * 1000)
    page.wait_for_timeout(1500)
    path = PICTURES / f"{name}.png"
    size = path.write_bytes(page.screenshot())
    print(f"docs/pictures/{path.name}: {size / 1000:.0f} kB")
    if size > MAX_BYTES:
        sys.exit(f"That is more than {MAX_BYTES / 1000:.0f} kB and does not belong in the repository.")


@contextlib.contextmanager
def served(command: str, workspace: Path) -> Iterator[str]:
    """Serve one kind of dashboard on a free port; yields its address once it answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    arguments = [AIBUYER, command, "--workspace", str(workspace), "--port", str(port)]
    server = subprocess.Popen(arguments, start_new_session=True)
    try:
        yield wait_for(f"http://127.0.0.1:{port}/", server)
    finally:
        os.killpg(server.pid, signal.SIGTERM)  # the command, and the server that it started
        server.wait(30)


def wait_for(address: str, server: "subprocess.Popen[bytes]") -> str:
    """Return the address at which the server answers, after its redirects."""
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        with contextlib.suppress(urllib.error.URLError, ConnectionError):
            return str(urllib.request.urlopen(address, timeout=WAIT_SECONDS).url)  # noqa: S310
        time.sleep(0.2)
    sys.exit(f"{address} did not answer.")


if __name__ == "__main__":
    main()
