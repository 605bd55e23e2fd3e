"""Calls to addresses that rules name: only hosts that the settings allow, and never into a private network.

The host's addresses are looked up once and all of them checked; the connection goes to one that was checked, whatever
its name says a moment later, and the certificate has to be the name's. Redirects are not followed. No proxy of the
environment is used, and nothing is sent besides the body: no cookie, no token.
"""

import contextlib
import http.client
import socket
import ssl
import threading
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from time import monotonic
from typing import Literal
from urllib.parse import SplitResult, urlsplit

Verdict = Literal["sent", "refused", "failed"]
Resolve = Callable[[str, int], Sequence[str]]
Dial = Callable[[str, int, float], socket.socket]

_HTTPS = 443
_NAT64 = IPv6Network("64:ff9b::/96")
_GLOBAL_UNICAST = IPv6Network("2000::/3")
_WITH_IPV4 = (_NAT64, IPv6Network("::ffff:0:0:0/96"), IPv6Network("::/96"))


@dataclass(frozen=True)
class Answer:
    """How a call ended: sent and taken, refused before anything was sent, or failed."""

    verdict: Verdict
    reason: str


def look_up(host: str, port: int) -> list[str]:
    """Return the addresses of a host. Raises OSError."""
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def dial(address: str, port: int, seconds: float) -> socket.socket:
    """Return a connection to an address. Raises OSError."""
    return socket.create_connection((address, port), timeout=seconds)


@dataclass(frozen=True)
class Outgoing:
    """The one way out. `hosts` are names, or names with a port such as `hooks.example.org:8443`."""

    hosts: Collection[str]
    resolve: Resolve = look_up
    dial: Dial = dial
    tls: ssl.SSLContext | None = None
    timeout_seconds: float = 5.0

    def post(self, url: str, body: str, *, key: str) -> Answer:
        """Send a JSON body once, within the time allowed; `key` lets the other side recognise it. Never raises."""
        deadline = monotonic() + self.timeout_seconds
        try:
            parts = urlsplit(url)
            host, port = _place(parts)
        except ValueError as error:
            return Answer("refused", str(error))
        if (host if port == _HTTPS else f"{host}:{port}") not in {each.lower() for each in self.hosts}:
            place = host if port == _HTTPS else f"{host}:{port}"
            return Answer("refused", f'{place} is not allowed: add it to aibuyer.toml, [calls] hosts = ["{place}"]')
        addresses = _in_time(lambda: list(self.resolve(host, port)), deadline)
        if not addresses:
            return Answer("failed", f"the address of {host} was not found")
        if hidden := [each for each in addresses if not is_public(each)]:
            return Answer("refused", f"{host} leads to {hidden[0]}, which is not a public address")
        return self._sent(parts, host, port, addresses[0], body, key, deadline)

    def _sent(
        self, parts: SplitResult, host: str, port: int, address: str, body: str, key: str, deadline: float
    ) -> Answer:
        connection = http.client.HTTPSConnection(host, port, timeout=self.timeout_seconds)
        watch: threading.Timer | None = None
        try:
            plain = self.dial(address, port, max(0.001, deadline - monotonic()))
            # Each read has its own time-out; all of them together have this one.
            context = self.tls or ssl.create_default_context()
            secure = context.wrap_socket(plain, server_hostname=host, do_handshake_on_connect=False)
            connection.sock = secure
            watch = threading.Timer(max(0.001, deadline - monotonic()), _hang_up, [secure])
            watch.daemon = True
            watch.start()
            secure.do_handshake()
            path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            headers = {"Content-Type": "application/json", "User-Agent": "aibuyer-kit", "Idempotency-Key": key}
            connection.request("POST", path, body.encode(), headers)
            status = connection.getresponse().status
        except (OSError, http.client.HTTPException, ValueError) as error:
            if monotonic() < deadline:
                return Answer("failed", f"{host}: {type(error).__name__}")
            status = 0
        finally:
            if watch is not None:
                watch.cancel()
            connection.close()
        # A line that was cut off by our hanging up could look whole.
        if monotonic() >= deadline:
            return Answer("failed", f"{host}: no answer within {self.timeout_seconds:g} s")
        if 300 <= status < 400:
            return Answer("failed", f"{host} answered {status}, and redirects are not followed")
        return Answer("sent" if 200 <= status < 300 else "failed", f"{host} answered {status}")


def is_public(address: str) -> bool:
    """Return whether an address belongs to the open internet, also where IPv6 wraps one of IPv4.

    >>> [is_public(each) for each in ("93.184.216.34", "10.0.0.1", "169.254.169.254", "100.64.0.1", "::ffff:127.0.0.1")]
    [True, False, False, False, False]
    """
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, IPv6Address) and (inner := _within(found)):
        return all(each.is_global and not each.is_multicast for each in inner)
    if isinstance(found, IPv6Address) and found not in _GLOBAL_UNICAST:
        return False
    return found.is_global and not found.is_multicast and not found.is_reserved


def _within(address: IPv6Address) -> list[IPv4Address]:
    """Return the addresses of IPv4 that one of IPv6 stands for."""
    if address.ipv4_mapped:
        return [address.ipv4_mapped]
    if address.sixtofour:
        return [address.sixtofour]
    if address.teredo:
        return list(address.teredo)
    if any(address in network for network in _WITH_IPV4):
        return [IPv4Address(int(address) & 0xFFFFFFFF)]
    return []


def _place(parts: SplitResult) -> tuple[str, int]:
    """Return host and port of an address. Raises ValueError for one that is not plain https."""
    if parts.scheme != "https":
        raise ValueError("only https addresses are called")
    if parts.username is not None or parts.password is not None or not parts.hostname:
        raise ValueError("an address has a host, and neither user nor password")
    return parts.hostname.lower(), _HTTPS if parts.port is None else parts.port


def _in_time(work: Callable[[], list[str]], deadline: float) -> list[str]:
    """Return what a lookup finds; nothing if it fails or takes too long."""
    found: list[str] = []

    def run() -> None:
        try:
            found.extend(work())
        except (OSError, UnicodeError):
            found.clear()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(max(0.0, deadline - monotonic()))
    return [] if thread.is_alive() else found


def _hang_up(secure: ssl.SSLSocket) -> None:
    """End a connection beneath its encryption, so that whoever reads from it meets the end."""
    with contextlib.suppress(OSError):
        socket.socket.shutdown(secure, socket.SHUT_RDWR)
