"""The whole error table of the Marketing API, written down from its document; and whatever else may come back."""

import json
import math
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aibuyer_kit.connectors.base import Verdict
from aibuyer_kit.connectors.meta import classify

HOUR, DAY = 3600, 86_400


def envelope(code: object, subcode: object = None, **more: object) -> bytes:
    error: dict[str, object] = {"message": "It did not work", "type": "OAuthException", "code": code, **more}
    return json.dumps({"error": error | ({} if subcode is None else {"error_subcode": subcode})}).encode()


REDUCE = {"message": "Please reduce the amount of data you're asking for, then retry your request"}
CERTAIN, TRANSIENT = {"is_transient": False}, {"is_transient": True}

# (id, HTTP status, code, subcode, other members of the error, action)
TABLE = [
    ("1 with 500", 500, 1, None, {}, "retry"),
    ("1 with 500 called not transient", 500, 1, None, CERTAIN, "retry"),
    ("1/99 with 500", 500, 1, 99, {}, "retry"),
    ("1 transient with 400", 400, 1, None, TRANSIENT, "retry"),
    ("1/99 transient with 400", 400, 1, 99, TRANSIENT, "retry"),
    ("1 configuration", 400, 1, None, CERTAIN, "fail"),
    ("1 reduce the amount of data", 500, 1, None, REDUCE, "split"),
    ("1 reduce the amount of data, not transient", 400, 1, None, REDUCE | CERTAIN, "split"),
    ("100 reduce the amount of data", 400, 100, None, REDUCE, "split"),
    ("100/1487534 too much data", 400, 100, 1487534, {}, "split"),
    ("2 temporary", 500, 2, None, {}, "retry"),
    ("2 temporary with 400", 400, 2, None, CERTAIN, "retry"),
    ("2/1504041 breakdowns", 400, 2, 1504041, TRANSIENT, "fail"),
    ("2/1504042 custom metrics", 400, 2, 1504042, {}, "fail"),
    ("2/1504038 sync time-out", 400, 2, 1504038, {}, "split"),
    ("100/1504018 sync time-out", 400, 100, 1504018, {}, "split"),
    ("2/1504043 intermittent", 400, 2, 1504043, {}, "retry"),
    ("2/1504044 intermittent", 400, 2, 1504044, {}, "retry"),
    ("4 app limit", 400, 4, None, {}, "wait"),
    ("4/1504022 app limit", 400, 4, 1504022, {}, "wait"),
    ("4/1504039 app limit", 400, 4, 1504039, {}, "wait"),
    ("341 app limit", 400, 341, None, {}, "wait"),
    ("17 user limit", 400, 17, None, {}, "wait"),
    ("17/2446079 account score", 400, 17, 2446079, {}, "wait"),
    ("613 rate", 400, 613, None, {}, "wait"),
    ("613/1487742 account score", 400, 613, 1487742, {}, "wait"),
    ("613/5044001 mutations a second", 400, 613, 5044001, {}, "wait"),
    ("613/1487632 budget changed 4 times", 400, 613, 1487632, {}, "wait"),
    ("17/1885172 spending limit changed 10 times", 400, 17, 1885172, {}, "wait"),
    *((f"{code} business use case", 400, code, None, {}, "wait") for code in range(80000, 80015)),
    ("80000/2446079 insights", 400, 80000, 2446079, {}, "wait"),
    ("10 permission", 403, 10, None, {}, "fail"),
    ("200 permission", 403, 200, None, {}, "fail"),
    ("272 permission", 400, 272, None, {}, "fail"),
    ("294 permission", 400, 294, None, {}, "fail"),
    ("299 permission", 400, 299, None, TRANSIENT, "fail"),
    ("100 missing permissions", 400, 100, None, {"message": "(#100) Missing permissions"}, "fail"),
    ("100/3191001 permission", 400, 100, 3191001, {}, "fail"),
    ("190 token", 401, 190, None, {}, "reauthorise"),
    ("190/458 app removed", 400, 190, 458, {}, "reauthorise"),
    ("190/459 checkpoint", 400, 190, 459, {}, "reauthorise"),
    ("190/460 password", 400, 190, 460, {}, "reauthorise"),
    ("190/463 expired", 400, 190, 463, {}, "reauthorise"),
    ("190/467 invalid", 400, 190, 467, {}, "reauthorise"),
    ("190/492 a subcode not in the table", 400, 190, 492, {}, "reauthorise"),
    ("102 token", 400, 102, None, {}, "reauthorise"),
    ("104 signature", 400, 104, None, {}, "fail"),
    ("100/33 no such object", 400, 100, 33, {"message": "cannot be loaded due to missing permissions"}, "fail"),
    ("368 policy block", 400, 368, None, {}, "wait"),
    ("32 page limit", 400, 32, None, {}, "wait"),
    ("960 batch time-out", 400, 960, None, {}, "retry"),
    *(
        (f"100/{subcode} validation", 400, 100, subcode, {}, "fail")
        for subcode in (1487901, 1885272, 1885650, 1885621, 1487056, 1487033)
    ),
    *(
        (f"{code} validation", 400, code, None, {}, "fail")
        for code in (1487901, 1885272, 1885650, 1885621, 1487056, 1487033)
    ),
    ("-2/2490547 report run failed", 400, -2, 2490547, {}, "wait"),
    ("-3/1504045 report run too large", 400, -3, 1504045, {}, "split"),
    ("100 alone", 400, 100, None, {}, "fail"),
    ("100 transient", 400, 100, None, TRANSIENT, "retry"),
    ("99999 unknown", 400, 99999, None, {}, "fail"),
    ("99999 unknown but transient", 400, 99999, None, TRANSIENT, "retry"),
    ("99999 unknown with 500", 500, 99999, None, {}, "retry"),
    ("80015 past the family", 400, 80015, None, {}, "fail"),
    ("300 past the permissions", 400, 300, None, {}, "fail"),
]


@pytest.mark.parametrize(
    ("status", "code", "subcode", "more", "action"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE]
)
def test_each_row_of_the_error_table_has_its_action(
    status: int, code: int, subcode: int | None, more: Mapping[str, object], action: str
) -> None:
    """The codes decide; they come back with the verdict, beside a sentence for a person."""
    verdict = classify(status, {}, envelope(code, subcode, **more))
    assert (verdict.action, verdict.code, verdict.subcode) == (action, code, subcode)
    assert f"code {code}" in verdict.reason
    assert verdict.reason.endswith(".")
    assert (verdict.wait_seconds > 0) == (action == "wait")


def test_an_error_inside_http_200_is_an_error() -> None:
    """Meta's status is not to be trusted."""
    assert classify(200, {}, envelope(190)).action == "reauthorise"
    assert classify(200, {}, envelope(17, 2446079)).action == "wait"
    assert classify(200, {}, b'{"error": null}').action == "fail"


@pytest.mark.parametrize("code", [10, 200, 294], ids=str)
def test_a_missing_permission_is_named(code: int) -> None:
    """The text of the platform says which permission, and the verdict is marked."""
    verdict = classify(403, {}, envelope(code, message="Requires ads_read permission to manage the object"))
    assert verdict.permission
    assert "ads_read" in verdict.reason


def test_a_validation_error_shows_what_the_user_should_read() -> None:
    """error_user_msg says what to mend."""
    body = envelope(100, 1885272, message="Invalid parameter", error_user_msg="Your budget must be at least 5 EUR.")
    assert "Your budget must be at least 5 EUR" in classify(400, {}, body).reason


def business(*items: Mapping[str, object], **others: list[Mapping[str, object]]) -> dict[str, str]:
    return {"X-Business-Use-Case-Usage": json.dumps({"17": items, **others})}


def regain(minutes: object, kind: str = "ads_insights") -> dict[str, object]:
    return {"type": kind, "call_count": 100, "estimated_time_to_regain_access": minutes}


ACCOUNT_USED_UP = {"X-Ad-Account-Usage": '{"acc_id_util_pct": 100, "reset_time_duration": 222}'}
ACCOUNT_AT_EASE = {"X-Ad-Account-Usage": '{"acc_id_util_pct": 9.67, "reset_time_duration": 222}'}
INSIGHTS_THROTTLE = {"X-FB-Ads-Insights-Throttle": '{"app_id_util_pct": 100, "acc_id_util_pct": 100}'}
RESET_IN_AN_HOUR = '{"acc_id_util_pct": 50, "reset_time_duration": 3600}'


@pytest.mark.parametrize(
    ("code", "subcode", "headers", "wait_seconds"),
    [
        (80000, None, business(regain(7)), 7 * 60),
        (80004, None, business(regain(0), regain(19), regain(3)), 19 * 60),
        (80000, None, business(regain(2), **{"18": [regain(1), regain(31, "ads_management")]}), 31 * 60),
        (80000, None, {"x-business-use-case-usage": business(regain(7))["X-Business-Use-Case-Usage"]}, 7 * 60),
        (17, 2446079, ACCOUNT_USED_UP, 222),
        (17, 2446079, ACCOUNT_USED_UP | business(regain(5)), 300),
        (4, None, {"X-App-Usage": '{"call_count": 100, "total_cputime": 1, "total_time": 2}'}, 300),
        (4, None, ACCOUNT_USED_UP, 300),
        (4, 1504022, ACCOUNT_USED_UP, 300),
        (32, None, ACCOUNT_USED_UP, 300),
        (341, None, ACCOUNT_USED_UP, 300),
        (4, 1504039, ACCOUNT_USED_UP | business(regain(30)), 1800),
        (80000, None, {"X-Ad-Account-Usage": RESET_IN_AN_HOUR} | business(regain(7)), 7 * 60),
        (613, 1487742, ACCOUNT_USED_UP, 222),
        (613, 1487632, {"X-Ad-Account-Usage": RESET_IN_AN_HOUR.replace("3600", "7200")}, HOUR),
        (80000, None, INSIGHTS_THROTTLE, 300),
        (80000, None, business(regain(0)), 300),
        (613, 5044001, {}, 60),
        (613, 1487632, {}, HOUR),
        (613, 1487632, business(regain(2)), HOUR),
        (17, 1885172, ACCOUNT_USED_UP, DAY),
        (368, None, {}, HOUR),
        (80000, None, business(regain(10**12)), DAY),
    ],
    ids=[
        "business minutes",
        "maximum over the items",
        "maximum over the ids",
        "header name in small letters",
        "account reset in seconds",
        "longest of two headers",
        "app usage states no time",
        "the account's reset is not the app's",
        "nor that of an app's insights",
        "nor a page's",
        "nor of 341",
        "what regains the app's access is",
        "nor is it a use case's",
        "613 is the account's score too",
        "a lock is not prolonged by the account's reset",
        "insights throttle states no time",
        "no minutes left",
        "mutations a second",
        "budget lock of an hour",
        "a lock is not shortened by a header",
        "spending limit until the next day",
        "policy block",
        "a wait beyond belief is a day",
    ],
)
def test_a_throttle_waits_for_the_longest_time_that_is_stated(
    code: int, subcode: int | None, headers: Mapping[str, str], wait_seconds: float
) -> None:
    """All usage headers are read; where none states a time, a documented default holds."""
    verdict = classify(400, headers, envelope(code, subcode))
    assert (verdict.action, verdict.wait_seconds) == ("wait", wait_seconds)


@pytest.mark.parametrize(
    ("headers", "wait_seconds"),
    [({}, 0), (ACCOUNT_AT_EASE, 0), (ACCOUNT_USED_UP, 222), (business(regain(4)), 240), (INSIGHTS_THROTTLE, 0)],
    ids=["no headers", "account at ease", "account used up", "business blocked", "insights used up, no time"],
)
def test_a_good_answer_stays_good_at_the_limit(headers: Mapping[str, str], wait_seconds: float) -> None:
    """It is used, and says how long the next call should wait."""
    assert classify(200, headers, b'{"data": []}') == Verdict("ok", wait_seconds)


@pytest.mark.parametrize(
    ("status", "body", "action"),
    [
        (200, b'{"data": [{"id": "1"}]}', "ok"),
        (200, b'[{"code": 200, "body": "{}"}, null]', "ok"),
        (200, b'{"1": {"id": "1"}, "2": {"id": "2"}}', "ok"),
        (200, b"{}", "ok"),
        (200, b"true", "ok"),
        (200, b'{"success": true}', "ok"),
        (200, b'{"success": false}', "fail"),
        (200, b"", "retry"),
        (200, b"null", "retry"),
        (200, b'"Service Unavailable"', "retry"),
        (200, b'{"data": [{"id": "1"', "retry"),
        (200, b"<html>Service Unavailable</html>", "retry"),
        (200, b'{"data": [NaN]}', "retry"),
        (200, b'{"data": "\xff\xfe"}', "retry"),
        (200, b"[" * 100_000, "retry"),
        (304, b"", "ok"),
        (302, b"", "fail"),
        (400, b'{"data": []}', "fail"),
        (400, b"null", "fail"),
        (400, b'{"error": {"code": 1', "retry"),
        (400, b'{"error": "a text"}', "fail"),
        (400, b'{"error": {}}', "fail"),
        (400, b'{"error": {"code": [1], "error_subcode": {}}}', "fail"),
        (401, b"", "reauthorise"),
        (401, b'{"error": "invalid_token"}', "reauthorise"),
        (403, b"<html></html>", "fail"),
        (404, b"{}", "fail"),
        (429, b"", "wait"),
        (429, envelope(99999), "wait"),
        (429, envelope(2), "wait"),
        (429, envelope(190), "reauthorise"),
        (500, b"{}", "retry"),
        (502, b"<html><h1>502 Bad Gateway</h1></html>", "retry"),
        (503, b'{"error": "down"}', "retry"),
    ],
)
def test_an_answer_without_a_known_error_is_judged_by_status_and_form(status: int, body: bytes, action: str) -> None:
    """Neither a good status with a bad body nor a good body with a bad status is taken for good."""
    assert classify(status, {}, body).action == action


@pytest.mark.parametrize("code", ["17", 17.0, " 17 "], ids=repr)
def test_a_code_that_is_not_an_integer_still_counts(code: object) -> None:
    """Some answers wrote their codes as text."""
    verdict = classify(400, {}, envelope(code, str(2446079)))
    assert (verdict.action, verdict.code, verdict.subcode) == ("wait", 17, 2446079)


@pytest.mark.parametrize("code", [True, None, "x", 17.5, [17], 10**30, "9" * 5000], ids=lambda code: repr(code)[:20])
def test_a_code_that_is_no_number_counts_as_none(code: object) -> None:
    """A guess would be worse than a plain failure."""
    verdict = classify(400, {}, envelope(code))
    assert (verdict.action, verdict.code) == ("fail", None)


@pytest.mark.parametrize(
    "text",
    ["junk", "", "[]", "null", "3", '{"17": 3}', '{"17": [null, 5, {"estimated_time_to_regain_access": "x"}]}']
    + [json.dumps({"17": [regain(bad)]}) for bad in (-5, None, True, [], {}, math.nan, math.inf, 10**400)]
    + ['{"17": [{"estimated_time_to_regain_access": 1e999}]}', '{"17": [{"estimated_time_to_regain_access": 5'],
)
def test_junk_in_a_usage_header_counts_as_nothing_said(text: str) -> None:
    """The default wait holds."""
    headers = {"X-Business-Use-Case-Usage": text, "X-Ad-Account-Usage": text, "X-App-Usage": text}
    assert classify(400, headers, envelope(80000)).wait_seconds == 300


TOKEN = "EAAcanary0123456789"


@pytest.mark.parametrize(
    "message",
    [
        f"Unsupported get request to /v26.0/1?fields=id&access_token={TOKEN}&limit=1",
        "bad url https://graph/me?access_token=canary-token&x=1 and appsecret_proof=canary-token",
        '{"access_token": "canary-token"}',
        "Malformed access token canary-token",
        f"Cannot parse\r\n\x1b[31m{TOKEN}",
        "Authorization: Bearer canary-token",
    ],
)
def test_a_reason_never_holds_a_token(message: str) -> None:
    """Meta repeats what it was sent, and reasons reach logs and screens."""
    for body in (envelope(100, message=message), envelope(100, error_user_msg=message)):
        reason = classify(400, {}, body).reason
        assert "canary" not in reason
        assert reason.isprintable()


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
)
errors = st.fixed_dictionaries(
    {},
    optional={
        "code": values | st.sampled_from([1, 2, 4, 17, 100, 190, 613, 80000, "17"]),
        "error_subcode": values | st.sampled_from([33, 463, 1487632, 1504044]),
        "message": values,
        "error_user_msg": values,
        "is_transient": values,
    },
)
bodies = st.binary(max_size=60) | st.one_of(
    values, st.fixed_dictionaries({"error": values | errors}), st.fixed_dictionaries({"success": values})
).map(lambda value: json.dumps(value).encode())
usage = st.text(max_size=30) | values.map(json.dumps) | st.just("1e400")
headers = st.dictionaries(
    st.sampled_from(["X-App-Usage", "x-ad-account-usage", "X-BUSINESS-USE-CASE-USAGE", "Retry-After", "Other"]), usage
)


@given(status=st.integers(), headers=headers, body=bodies, cut=st.integers(0, 40))
def test_classify_never_raises(status: int, headers: dict[str, str], body: bytes, cut: int) -> None:
    """Whatever came back, there is a verdict with an action, a finite wait and a reason."""
    for part in (body, body[:-cut]):
        verdict = classify(status, headers, part)
        assert verdict.action in ("ok", "retry", "wait", "split", "reauthorise", "fail")
        assert 0 <= verdict.wait_seconds <= DAY
        assert verdict.reason or verdict.action == "ok"


@pytest.mark.parametrize(
    ("code", "subcode", "holds"),
    [
        *((code, None, "app") for code in (4, 32, 341, 368)),
        (4, 1504022, "app"),
        (4, 1504039, "app"),
        *((code, subcode, "account") for code, subcode in ((17, None), (17, 2446079), (613, None), (613, 1487742))),
        (613, 5044001, "account"),
        *((code, None, "business") for code in (80000, 80003, 80004, 80014)),
        (613, 1487632, "object"),
        (17, 1885172, "object"),
    ],
)
def test_a_wait_tells_whose_limit_it_is_for(code: int, subcode: int | None, holds: str) -> None:
    """What locks one ad set's budget must not stop the reading of an account, and an app's limit stops all of it."""
    assert classify(400, {}, envelope(code, subcode)).holds == holds
