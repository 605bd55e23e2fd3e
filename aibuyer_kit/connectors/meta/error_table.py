"""Meta's error codes as data: the most specific row that fits decides (subcode, then text, then code).

Source: the Marketing API's error reference and what public connectors had to handle.
"""

from collections.abc import Container
from dataclasses import dataclass

from aibuyer_kit.connectors.base import Action, Held

SHORT_WAIT_SECONDS = 60.0
LIMIT_WAIT_SECONDS = 300.0
HOUR_SECONDS = 3600.0
DAY_SECONDS = 86_400.0


@dataclass(frozen=True)
class Row:
    """One row of the table: `meaning` completes "Meta says that"; empty `subcodes` or `text` fit any.

    `wait_seconds` is for when the usage headers state none. A row that is `only_lasting` fits an HTTP status below 500
    with `is_transient` false. `holds` says whose limit it is, and so which header tells the wait.
    """

    meaning: str
    action: Action
    codes: Container[int]
    subcodes: Container[int] = ()
    text: str = ""
    wait_seconds: float = 0.0
    permission: bool = False
    only_lasting: bool = False
    holds: Held = "account"

    def fits(self, code: int, subcode: int | None, text: str, lasting: bool) -> bool:
        return (
            code in self.codes
            and (not self.subcodes or subcode in self.subcodes)
            and self.text in text
            and (lasting or not self.only_lasting)
        )


_TOKEN = {
    458: "the app was removed from the user's account",
    459: "the user has to log in and pass a checkpoint",
    460: "the user's password was changed",
    463: "the token has expired",
    467: "the token is no longer valid",
}
_VALIDATION = {
    1487033: "the end lies in the past",
    1487056: "the ad set is deleted",
    1487901: "the budget is too low",
    1885272: "the budget is too low",
    1885621: "the campaign and its ad set cannot both have a budget",
    1885650: "the budget is too low",
}
_APP_LIMIT = "the app has reached its call limit"
_ACCOUNT_LIMIT = "the ad account has reached its call limit"
_NO_PERMISSION = "the token lacks a permission"
_TOO_MUCH = "the request asks for too much data"
_TOO_SLOW = "the request takes too long"
_UNKNOWN = "the request failed for an unknown reason"

BY_SUBCODE = (
    Row("there is no such object, or this token may not see it", "fail", {100}, {33}),
    Row(_NO_PERMISSION, "fail", {100}, {3191001}, permission=True),
    Row(_TOO_MUCH, "split", {100}, {1487534}),
    Row(_TOO_SLOW, "split", {100}, {1504018}),
    *(Row(meaning, "fail", {100}, {subcode}) for subcode, meaning in _VALIDATION.items()),
    Row("these breakdowns cannot be combined", "fail", {2}, {1504041}),
    Row("a custom metric in the request is not valid", "fail", {2}, {1504042}),
    Row(_TOO_SLOW, "split", {2}, {1504038}),
    # 1504044 may also mean too much data: who reads splits once the retries are used up.
    Row(_UNKNOWN, "retry", {2}, {1504043, 1504044}),
    Row(_APP_LIMIT, "wait", {4}, {1504022, 1504039}, wait_seconds=LIMIT_WAIT_SECONDS, holds="app"),
    Row(_ACCOUNT_LIMIT, "wait", {17}, {2446079}, wait_seconds=LIMIT_WAIT_SECONDS),
    Row(
        "the spending limit was changed too often today",
        "wait",
        {17},
        {1885172},
        wait_seconds=DAY_SECONDS,
        holds="object",
    ),
    Row(_ACCOUNT_LIMIT, "wait", {613}, {1487742}, wait_seconds=LIMIT_WAIT_SECONDS),
    Row("there were too many changes in one second", "wait", {613}, {5044001}, wait_seconds=SHORT_WAIT_SECONDS),
    Row(
        "the ad set's budget was changed too often this hour",
        "wait",
        {613},
        {1487632},
        wait_seconds=HOUR_SECONDS,
        holds="object",
    ),
    *(Row(meaning, "reauthorise", {190}, {subcode}) for subcode, meaning in _TOKEN.items()),
    Row(
        "the report run failed and can be started again later",
        "wait",
        {-2},
        {2490547},
        wait_seconds=LIMIT_WAIT_SECONDS,
        holds="object",
    ),
    Row("the report run is too large", "split", {-3}, {1504045}),
)

BY_TEXT = (
    Row(_TOO_MUCH, "split", {1, 100}, text="reduce the amount of data"),
    Row(_NO_PERMISSION, "fail", {100}, text="missing permission", permission=True),
)

BY_CODE = (
    Row("the request does not fit this account's configuration", "fail", {1}, only_lasting=True),
    Row(_UNKNOWN, "retry", {1}),
    Row("the service is down for a moment", "retry", {2}),
    Row(_APP_LIMIT, "wait", {4, 341}, wait_seconds=LIMIT_WAIT_SECONDS, holds="app"),
    Row(_NO_PERMISSION, "fail", {10, *range(200, 300)}, permission=True),
    Row("the user has reached the call limit", "wait", {17}, wait_seconds=LIMIT_WAIT_SECONDS),
    Row("the page has reached its call limit", "wait", {32}, wait_seconds=LIMIT_WAIT_SECONDS, holds="app"),
    Row("the token is not valid", "reauthorise", {102, 190}),
    Row("the signature is wrong: the app secret does not belong to the token", "fail", {104}),
    Row("this action is blocked for a policy reason", "wait", {368}, wait_seconds=HOUR_SECONDS, holds="app"),
    Row("calls of this kind come too often", "wait", {613}, wait_seconds=LIMIT_WAIT_SECONDS),
    Row("the batch takes too long", "retry", {960}),
    Row(
        "this business use case has reached its limit",
        "wait",
        range(80000, 80015),
        wait_seconds=LIMIT_WAIT_SECONDS,
        holds="business",
    ),
    *(Row(meaning, "fail", {code}) for code, meaning in _VALIDATION.items()),
)


def find_row(code: int | None, subcode: int | None, text: str, *, lasting: bool) -> Row | None:
    """Return the most specific row about an error; None if the table does not know it."""
    if code is None:
        return None
    lowered = text.lower()
    return next((row for row in (*BY_SUBCODE, *BY_TEXT, *BY_CODE) if row.fits(code, subcode, lowered, lasting)), None)
