"""Calls outwards: to hosts that are allowed, at public addresses only, pinned, without redirects, in time."""

import datetime as dt
import json
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from aibuyer_kit.connectors.outgoing import Answer, Outgoing, is_public

HOST = "hooks.example.org"
PUBLIC = "93.184.216.34"
URL = f"https://{HOST}/in?x=1"


@dataclass
class Hook:
    """A real https server on this machine, and what it was asked."""

    port: int
    tls: ssl.SSLContext
    asked: list[tuple[str, Mapping[str, str], str]] = field(default_factory=list)
    dialled: list[str] = field(default_factory=list)
    answer: int = 204
    slow: bool = False

    def way_out(self, addresses: Mapping[str, list[str]] | None = None, **more: Any) -> Outgoing:
        """Return a way out on which names lead where the table says, and every connection to this server."""
        table = addresses or {HOST: [PUBLIC]}

        def dial(address: str, port: int, seconds: float) -> socket.socket:
            self.dialled.append(f"{address}:{port}")
            return socket.create_connection(("127.0.0.1", self.port), timeout=seconds)

        known: dict[str, Any] = {"hosts": [HOST], "resolve": lambda host, _: table[host], "dial": dial, "tls": self.tls}
        return Outgoing(**{**known, **more})


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate of the host and its key."""
    folder, key = tmp_path_factory.mktemp("tls"), ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "key.pem").write_bytes(secret)
    return folder / "cert.pem", folder / "key.pem"


@pytest.fixture
def hook(files: tuple[Path, Path]) -> Iterator[Hook]:
    certificate, key = files

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            found.asked.append((self.path, dict(self.headers), body))
            if found.slow:
                drip(self)
                return
            self.send_response(found.answer)
            if 300 <= found.answer < 400:
                self.send_header("Location", f"https://{HOST}/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    found = Hook(server.server_address[1], ssl.create_default_context(cafile=str(certificate)))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield found
    server.shutdown()
    server.server_close()


def drip(handler: BaseHTTPRequestHandler) -> None:
    """Answer one letter at a time, each well within the time-out of a read."""
    try:
        for letter in b"HTTP/1.1 200 OK" + b" " * 60:
            handler.wfile.write(bytes([letter]))
            time.sleep(0.05)
    except OSError:
        pass


def test_an_allowed_host_at_a_public_address_is_called_once(hook: Hook) -> None:
    """At the address that was checked, with the body, a key to know it again by, and nothing else."""
    assert hook.way_out().post(URL, '{"rule":"a"}', key="shop-7") == Answer("sent", f"{HOST} answered 204")
    ((path, headers, body),) = hook.asked
    assert (path, json.loads(body), hook.dialled) == ("/in?x=1", {"rule": "a"}, [f"{PUBLIC}:443"])
    assert set(headers) == {
        *("Host", "Accept-Encoding", "Content-Length", "Content-Type", "User-Agent", "Idempotency-Key")
    }
    assert headers["Idempotency-Key"] == "shop-7"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("https://other.example.org/", "other.example.org is not allowed"),
        ("https://hooks.example.org.evil.example/", "is not allowed"),
        (f"https://{HOST}:8443/", f"{HOST}:8443 is not allowed"),
        (f"http://{HOST}/", "only https"),
        (f"https://ann:secret@{HOST}/", "neither user nor password"),
        (f"https://{HOST}:99999/", "Port out of range"),
        ("https://[::1/", "Invalid IPv6"),
        ("https://127.0.0.1/", "127.0.0.1 is not allowed"),
    ],
)
def test_what_is_not_allowed_is_refused_before_any_look_up(hook: Hook, url: str, said: str) -> None:
    """Each with its reason; and without a list nothing is allowed."""
    answer = hook.way_out({}).post(url, "{}", key="1")
    assert (answer.verdict, said in answer.reason) == ("refused", True), answer
    assert Outgoing([]).post(URL, "{}", key="1").verdict == "refused"
    assert (hook.asked, hook.dialled) == ([], [])


def test_a_server_on_this_machine_is_refused(hook: Hook) -> None:
    """Although it is there, answers, and was put on the list; its name and its number both."""
    for host in ("localhost", "127.0.0.1"):
        way_out = Outgoing([f"{host}:{hook.port}"], tls=hook.tls)
        answer = way_out.post(f"https://{host}:{hook.port}/in", "{}", key="1")
        assert answer.verdict == "refused"
        assert "not a public address" in answer.reason
    assert hook.asked == []


HIDDEN = (
    *("127.0.0.1", "127.8.9.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.1.2.3"),
    *("224.0.0.1", "240.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1", "::1", "::", "fe80::1", "fe80::1%eth0"),
    *("fc00::1", "fd12::1", "ff02::1", "::ffff:10.0.0.1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::10.0.0.1"),
    *("64:ff9b::a00:1", "2002:a00:1::", "2002:7f00:1::1", "2001:0:4136:e378:8000:63bf:f5ff:fffe", "2001:db8::1", "x"),
    *("::ffff:0:10.0.0.1", "fec0::1", "64:ff9b:1::a00:1"),
)


@pytest.mark.parametrize("address", HIDDEN)
def test_a_name_that_leads_into_a_private_network_is_refused(hook: Hook, address: str) -> None:
    """Also where only one of its addresses does, and however IPv6 wraps it."""
    answer = hook.way_out({HOST: [PUBLIC, address]}).post(URL, "{}", key="1")
    assert (answer.verdict, hook.dialled) == ("refused", [])
    assert f"leads to {address}" in answer.reason


def test_public_addresses_are_public() -> None:
    """Also wrapped ones."""
    for address in (PUBLIC, "8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"):
        assert is_public(address)
        assert str(ip_address(address))


def test_a_name_that_turns_after_the_check_leads_nowhere_else(hook: Hook) -> None:
    """It is looked up once, and the connection goes to what was checked."""
    told = iter([[PUBLIC], ["127.0.0.1"]])
    assert hook.way_out(resolve=lambda *_: next(told)).post(URL, "{}", key="1").verdict == "sent"
    assert hook.dialled == [f"{PUBLIC}:443"]


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_redirects_are_not_followed(hook: Hook, status: int) -> None:
    """Wherever they lead."""
    hook.answer = status
    answer = hook.way_out().post(URL, "{}", key="1")
    assert answer == Answer("failed", f"{HOST} answered {status}, and redirects are not followed")
    assert len(hook.asked) == 1


def test_the_certificate_has_to_be_the_names(hook: Hook) -> None:
    """Who sits at the address is not enough."""
    other = "other.example.org"
    way_out = hook.way_out({other: [PUBLIC]}, hosts=[other])
    assert way_out.post(f"https://{other}/", "{}", key="1") == Answer("failed", f"{other}: SSLCertVerificationError")
    assert hook.asked == []


def test_an_answer_that_drips_ends_in_time(hook: Hook) -> None:
    """All of the call has one time-out, not each piece of it; and so has the look-up of the name."""
    hook.slow = True
    began = time.monotonic()
    assert hook.way_out(timeout_seconds=0.6).post(URL, "{}", key="1").verdict == "failed"
    late = hook.way_out(resolve=lambda *_: time.sleep(1.5) or [PUBLIC], timeout_seconds=0.3).post(URL, "{}", key="1")
    assert late == Answer("failed", f"the address of {HOST} was not found")
    assert time.monotonic() - began < 2.5


def test_an_error_of_the_other_side_is_told(hook: Hook) -> None:
    """And not repeated."""
    hook.answer = 500
    assert hook.way_out().post(URL, "{}", key="1") == Answer("failed", f"{HOST} answered 500")
    assert len(hook.asked) == 1
