"""Judges one answer of the Graph API: pure, total, and never raises, whatever came back."""

import dataclasses
from collections.abc import Mapping

from aibuyer_kit.connectors.base import Action, Verdict
from aibuyer_kit.connectors.meta.error_table import LIMIT_WAIT_SECONDS, Row, find_row
from aibuyer_kit.connectors.meta.limits import StatedLimits, stated_limits
from aibuyer_kit.connectors.meta.redaction import without_secrets
from aibuyer_kit.connectors.meta.wire import UNREADABLE, decoded

_LONGEST_TEXT = 300


def classify(status: int, headers: Mapping[str, str], body: bytes) -> Verdict:
    """Return what to do with an answer: the table of errors decides first, then the HTTP status, then the body's form.

    A good answer carries a wait where the usage headers say that the next call would be refused.
    """
    return judge(status, headers, decoded(body))


def judge(status: int, headers: Mapping[str, str], document: object) -> Verdict:
    """Return the verdict on an answer whose JSON was decoded before; UNREADABLE stands for a body that is not JSON."""
    if isinstance(document, dict) and "error" in document:
        verdict = _of_error(status, document["error"])
    else:
        verdict = _of_status(status, document)
    return _with_wait(verdict, stated_limits(headers))


def _with_wait(verdict: Verdict, limits: StatedLimits) -> Verdict:
    if verdict.action == "ok":
        return dataclasses.replace(verdict, wait_seconds=limits.after_success_seconds)
    if verdict.action != "wait":
        return verdict
    # The account's score has a reset of its own, which says nothing about the limit of an app or a use case.
    score_seconds = limits.reset_seconds if verdict.holds == "account" else 0.0
    stated = max(limits.regain_seconds, score_seconds)
    # The headers speak of call limits, so they replace the guess for those but never shorten a lock.
    guess = verdict.wait_seconds <= LIMIT_WAIT_SECONDS and verdict.holds != "object"
    return dataclasses.replace(verdict, wait_seconds=stated if stated and guess else max(stated, verdict.wait_seconds))


def _of_error(status: int, error: object) -> Verdict:
    envelope = error if isinstance(error, dict) else {"message": error}
    code, subcode = _whole(envelope.get("code")), _whole(envelope.get("error_subcode"))
    said, transient = _said(envelope), envelope.get("is_transient")
    row = find_row(code, subcode, said, lasting=status < 500 and transient is False)
    if row is None:
        row = Row("the request failed", _action_by_status(status, transient=transient is True), ())
    elif status == 429 and row.action == "retry":
        row = dataclasses.replace(row, action="wait")
    wait_seconds = (row.wait_seconds or LIMIT_WAIT_SECONDS) if row.action == "wait" else 0.0
    sentence = _sentence(row.meaning, code, subcode, said)
    return Verdict(row.action, wait_seconds, sentence, code, subcode, row.permission, row.holds)


def _action_by_status(status: int, *, transient: bool) -> Action:
    if status == 429:
        return "wait"
    if status == 401:
        return "reauthorise"
    return "retry" if transient or status >= 500 or status == 408 else "fail"


def _of_status(status: int, document: object) -> Verdict:
    if status == 304 or 200 <= status < 300:
        return _of_success(status, document)
    if status == 400 and document is UNREADABLE:
        return Verdict("retry", 0.0, "Meta refused the request and its explanation cannot be read.")
    action = _action_by_status(status, transient=False)
    wait_seconds = LIMIT_WAIT_SECONDS if action == "wait" else 0.0
    return Verdict(action, wait_seconds, f"Meta answered HTTP {status} without saying why.")


def _of_success(status: int, document: object) -> Verdict:
    if isinstance(document, dict) and document.get("success") is False:
        return Verdict("fail", 0.0, "Meta says that the request had no success.")
    if isinstance(document, dict | list) or document is True or status in (204, 304):
        return Verdict("ok")
    return Verdict("retry", 0.0, "Meta's answer is cut, names a key twice, or is not the JSON that was asked for.")


def _whole(value: object) -> int | None:
    """Return a code that came as a number or as digits; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = int(value)
    except (ValueError, OverflowError):
        return None
    return number if abs(number) < 10**12 and float(value) == number else None


def _said(envelope: Mapping[object, object]) -> str:
    """Return what Meta says to developers and to users, once each, on one line and without secrets."""
    texts = [envelope.get(key) for key in ("message", "error_user_msg")]
    said = dict.fromkeys(without_secrets(text[:4000]) for text in texts if isinstance(text, str))
    return " ".join(said)


def _sentence(meaning: str, code: int | None, subcode: int | None, said: str) -> str:
    numbers = [f"{name} {number}" for name, number in (("code", code), ("subcode", subcode)) if number is not None]
    place = f" ({', '.join(numbers)})" if numbers else ""
    quote = f": {said[:_LONGEST_TEXT].strip().rstrip('.')}" if said.strip() else ""
    return f"Meta says that {meaning}{place}{quote}."
