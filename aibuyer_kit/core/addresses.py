"""The addresses to which an access token may travel."""

from collections.abc import Iterable
from urllib.parse import SplitResult, urlsplit

from aibuyer_kit.core.errors import SettingsError

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def safe_platform_url(url: str, *, name: str = "the address") -> str:
    """Return a platform's address without slashes at its end: https, or http on this machine.

    Raises SettingsError that says what is wrong; the address itself is not repeated, for it may hold a password.

    >>> safe_platform_url("https://graph.example.com/")
    'https://graph.example.com'
    """
    problem = _problem(url)
    if problem:
        raise SettingsError(f"{name} {problem}. Write it as https://graph.example.com: an access token goes there.")
    return url.rstrip("/")


def is_on_this_machine(url: str) -> bool:
    """Return whether an address is this machine's own, as that of a practice platform is.

    >>> is_on_this_machine("http://127.0.0.1:4100")
    True
    """
    return urlsplit(url).hostname in LOOPBACK


def is_known_host(header: str, names: Iterable[str] = ()) -> bool:
    """Return whether a `Host` header, with or without a port, names this machine or is one of `names`.

    >>> is_known_host("[::1]:5006"), is_known_host("evil.example:5006")
    (True, False)
    """
    try:
        host = urlsplit(f"//{header}").hostname
    except ValueError:
        return False
    return bool(host) and host in {*LOOPBACK, *(name.strip().lower() for name in names)}


def _problem(url: str) -> str:
    if not url.isprintable() or " " in url or "\\" in url:
        return "holds a space, a backslash or a character that does not print"
    try:
        parts = urlsplit(url)
        is_whole = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return "is not an address: its host or port is malformed"
    if not _is_private(parts):
        return "must begin with https:// (http:// only for this machine)"
    if not is_whole:
        return "names no host after ://, or the port 0"
    if "@" in parts.netloc:
        return "holds a user or a password"
    return "holds a query or a fragment (? or #)" if "?" in url or "#" in url else ""


def _is_private(parts: SplitResult) -> bool:
    """Return whether nobody on the way can read what is sent."""
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
