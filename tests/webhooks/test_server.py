"""The receiver over a real socket: what it takes, what it refuses, and what it has on the disk when it answers."""

import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from aibuyer_kit.webhooks.inbox import Delivery, Inbox
from aibuyer_kit.webhooks.messages import Hint

from .receiving import SECRET, VERIFY_TOKEN, Running, envelope, issue, running_receiver, signed


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Running]:
    with running_receiver(tmp_path) as running:
        yield running


def handshake(receiver: Running, **asked: str) -> httpx.Response:
    return receiver.http.get(receiver.url, params={f"hub.{name}": text for name, text in asked.items()})


def test_the_handshake_echoes_the_challenge(receiver: Running) -> None:
    """As plain text, so that no browser runs it."""
    answer = handshake(receiver, mode="subscribe", verify_token=VERIFY_TOKEN, challenge="<b>1158201444")
    assert (answer.status_code, answer.text) == (200, "<b>1158201444")
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param({"mode": "subscribe", "verify_token": "wrong", "challenge": "1"}, id="wrong-token"),
        pytest.param({"mode": "subscribe", "verify_token": "", "challenge": "1"}, id="empty-token"),
        pytest.param({"mode": "subscribe", "challenge": "1"}, id="no-token"),
        pytest.param({"mode": "unsubscribe", "verify_token": VERIFY_TOKEN, "challenge": "1"}, id="other-mode"),
        pytest.param({"mode": "subscribe", "verify_token": "ключ", "challenge": "1"}, id="other-alphabet"),
    ],
)
def test_a_handshake_without_the_agreed_token_is_refused(receiver: Running, asked: dict[str, str]) -> None:
    """The challenge is not given back, and the refusal is counted."""
    answer = handshake(receiver, **asked)
    assert (answer.status_code, answer.text) == (403, "")
    assert receiver.refused() == {"wrong verify token": 1}


def test_a_signed_delivery_is_on_the_disk_when_it_is_answered(receiver: Running) -> None:
    """And the worker is woken."""
    assert receiver.post(envelope(issue())) == 200
    (delivery,) = receiver.inbox().waiting()
    assert [(hint.account_id, hint.level, hint.object_id) for hint in delivery.hints] == [("act_1", "ad", "11")]
    assert receiver.woken == 1


REENCODED = json.dumps(json.loads(envelope(issue("11"))), separators=(",", ":")).encode()


@pytest.mark.parametrize(
    ("body", "headers", "reason"),
    [
        pytest.param(envelope(issue()), {}, "unsigned", id="unsigned"),
        pytest.param(envelope(issue()), signed(envelope(issue()), "other"), "bad signature", id="other-secret"),
        pytest.param(envelope(issue("12")), signed(envelope(issue("11"))), "bad signature", id="other-body"),
        pytest.param(REENCODED, signed(envelope(issue("11"))), "bad signature", id="re-encoded-body"),
        pytest.param(
            envelope(issue()), {"X-Hub-Signature-256": signed(envelope(issue()))["X-Hub-Signature-256"].upper()},
            "bad signature", id="upper-case",
        ),
        pytest.param(
            envelope(issue()), {"X-Hub-Signature": signed(envelope(issue()))["X-Hub-Signature-256"]},
            "unsigned", id="old-header",
        ),
        pytest.param(envelope(issue()), {"X-Hub-Signature-256": "sha256="}, "bad signature", id="empty-signature"),
        pytest.param(b"no json", signed(b"no json"), "malformed", id="signed-junk"),
    ],
)  # fmt: skip
def test_what_is_not_signed_as_it_came_is_refused_with_a_count(
    receiver: Running, body: bytes, headers: dict[str, str], reason: str
) -> None:
    """The signature is over the bytes, not over what they mean."""
    assert receiver.post(body, headers) in (400, 403)
    assert receiver.refused() == {reason: 1}
    assert receiver.inbox().waiting() == ()


def test_fifty_duplicates_at_once_are_one_row(receiver: Running) -> None:
    """All are answered well, so that the platform stops repeating; the worker is woken once."""
    body = envelope(issue())
    with ThreadPoolExecutor(10) as pool:
        assert set(pool.map(receiver.post, [body] * 50)) == {200}
    counts = receiver.inbox().counts()
    assert (counts.deliveries, counts.repeats, counts.waiting) == (1, 49, 1)
    assert receiver.woken == 1


def test_a_replay_after_the_work_is_done_starts_nothing(receiver: Running) -> None:
    """The digest is kept for good."""
    body = envelope(issue())
    receiver.post(body)
    receiver.inbox().done(receiver.inbox().waiting())
    assert receiver.post(body) == 200
    assert receiver.inbox().waiting() == ()
    assert receiver.inbox().counts().repeats == 1


def test_each_client_gets_its_own_accounts_alone(receiver: Running) -> None:
    """An app's signature does not reach another app's client, and an account that nobody has is counted."""
    changes = [{"id": account, "changes": [issue()]} for account in ("1", "2", "3", "9")]
    receiver.post(json.dumps({"object": "ad_account", "entry": changes}).encode())
    (delivery,) = receiver.inbox("acme").waiting()
    assert [hint.account_id for hint in delivery.hints] == ["act_1", "act_2"]
    assert receiver.inbox("other").waiting() == ()
    assert receiver.refused() == {"unknown account": 2}


def test_a_body_over_one_megabyte_is_refused(receiver: Running) -> None:
    """Signed or not, announced or in chunks; one of exactly the limit is taken."""
    big = envelope(issue()) + b" " * 1_000_000
    assert receiver.post(big) == 413
    answer = receiver.http.post(receiver.url, content=(big[at : at + 65_536] for at in range(0, len(big), 65_536)))
    assert answer.status_code == 413
    assert receiver.refused() == {"too large": 2}
    assert receiver.post(envelope(issue()).ljust(1_000_000)) == 200


def test_a_body_that_is_announced_far_too_large_is_not_waited_for(receiver: Running) -> None:
    """The answer comes before the body, and the line is cut."""
    where = urlsplit(receiver.url)
    with socket.create_connection((where.hostname, where.port), timeout=5) as line:
        line.sendall(b"POST /meta HTTP/1.1\r\nHost: here\r\nContent-Length: 99999999999\r\n\r\n")
        assert line.makefile("rb").readline().split()[1] == b"413"
    assert receiver.refused() == {"too large": 1}


def test_other_addresses_and_methods_are_not_there(receiver: Running) -> None:
    """One path, two methods."""
    assert receiver.http.get(receiver.url.replace("/meta", "/")).status_code == 404
    assert receiver.http.put(receiver.url).status_code == 405


def test_what_cannot_be_kept_is_not_confirmed(receiver: Running) -> None:
    """The platform repeats it later; a folder stands where the inbox should be."""
    receiver.inbox().path.mkdir(parents=True)
    assert receiver.post(envelope(issue())) == 503
    receiver.inbox().path.rmdir()
    assert receiver.post(envelope(issue())) == 200
    assert receiver.refused() == {"not kept": 1}


def test_every_answer_comes_within_a_second_with_two_hundred_waiting(receiver: Running) -> None:
    """200 deliveries already wait in the inbox, and 200 more come at once from 20 lines."""
    hint = Hint("act_1", "effective_status")
    receiver.inbox().keep([Delivery(bytes([number]) * 32, (hint,)) for number in range(200)])

    def timed(number: int) -> float:
        body = envelope(issue(str(number)))
        begun = time.monotonic()
        assert receiver.post(body) == 200
        return time.monotonic() - begun

    with ThreadPoolExecutor(20) as pool:
        slowest = max(pool.map(timed, range(200)))
    assert slowest < 1.0
    assert receiver.inbox().counts().waiting == 400


def test_counts_of_refusals_outlive_the_process(tmp_path: Path) -> None:
    """They are saved at the end, and added to what was counted before."""
    for _ in range(2):
        with running_receiver(tmp_path) as running:
            running.post(b"{}", {})
    assert Inbox(tmp_path / "refused.sqlite3").refused() == {"unsigned": 2}


def test_nothing_of_a_request_reaches_a_log(
    receiver: Running, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """Neither the token of a handshake nor a body, in good cases and bad ones."""
    caplog.set_level(0)
    handshake(receiver, mode="subscribe", verify_token=VERIFY_TOKEN, challenge="1")
    handshake(receiver, mode="subscribe", verify_token="canary-wrong", challenge="1")
    receiver.post(b"canary-body", {"X-Hub-Signature-256": SECRET})
    receiver.inbox().path.mkdir(parents=True)
    receiver.post(envelope(issue()))
    ours = [record.getMessage() for record in caplog.records if not record.name.startswith("http")]
    assert "canary" not in "\n".join(ours) + "".join(capfd.readouterr())
