"""Print the path of a Chromium for the tests and pictures; install one if there is none.

Order: AIBUYER_CHROMIUM, a Chromium or Chrome on PATH, Playwright's own; else it is installed: by apt for root on Debian
and Ubuntu, elsewhere by Playwright into the user's cache.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CURE = (
    "No Chromium was found, and none could be installed. Install Chromium or Chrome, "
    "or name the one you have: AIBUYER_CHROMIUM=/path/to/chromium make test"
)


def named() -> str | None:
    """Return the browser of AIBUYER_CHROMIUM; exits if it is not a program."""
    path = os.environ.get("AIBUYER_CHROMIUM")
    if path and not shutil.which(path):
        sys.exit(f"AIBUYER_CHROMIUM: {path} is not a program that can be run. Correct it, or unset it.")
    return shutil.which(path) if path else None


def installed() -> str | None:
    """Return a browser that answers `--version`: on Ubuntu chromium-browser may be a stub that only asks for snap."""
    on_path = filter(None, map(shutil.which, NAMES))
    return next(filter(_runs, on_path), None) or playwrights_own()


def playwrights_own() -> str | None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() and _runs(path) else None


def install() -> None:
    """Install a browser; what the installers say goes to stderr."""
    print("No Chromium found: installing one (once; a few minutes)…", file=sys.stderr)
    if sys.platform == "linux" and os.geteuid() == 0 and shutil.which("apt-get"):
        quiet_apt = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        _run(["apt-get", "update", "-qq"], quiet_apt)
        _run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"], quiet_apt)
    if not installed():
        _run([sys.executable, "-m", "playwright", "install", "chromium"], dict(os.environ))


def _runs(path: str) -> bool:
    return subprocess.run([path, "--version"], capture_output=True, check=False).returncode == 0


def _run(command: list[str], environment: dict[str, str]) -> None:
    subprocess.run(command, env=environment, stdout=sys.stderr, check=False)


def main() -> None:
    path = named() or installed()
    if not path:
        install()
        path = installed()
    if not path:
        sys.exit(CURE)
    print(path)


if __name__ == "__main__":
    main()
