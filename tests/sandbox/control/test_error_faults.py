"""Errors on order: any by its code, and each row of the platform's table by name."""

import httpx
import pytest
from facebook_business.adobjects.adaccount import AdAccount
from facebook_business.exceptions import FacebookRequestError

from aibuyer_kit.sandbox.serve import RunningSandbox
from tests.sandbox.control.test_control import arm

# Code and subcode of every row of the platform's error table.
TABLE = """
    1/99 1 100/1487534 2 2/1504041 2/1504042 2/1504038 100/1504018 2/1504043 2/1504044 4 4/1504022 4/1504039 341
    17/2446079 613/1487742 613/5044001 613/1487632 17/1885172 10 200 294 100 100/3191001 190/458 190/459 190/460
    190/463 190/467 102 104 100/33 368 32 960 100/1487901 100/1885272 100/1885650 100/1885621 100/1487056 100/1487033
"""
ROWS = {tuple(int(part) for part in row.split("/") if part) for row in TABLE.split()}


def test_every_row_of_the_error_table_has_a_kind(
    sandbox: RunningSandbox, graph: httpx.Client, control: httpx.Client
) -> None:
    """Each kind answers in the envelope, and together they cover the table."""
    seen = set()
    for one in control.get("/kinds").json()["kinds"]:
        if one["options"] or "code" not in one["meaning"]:
            continue
        arm(control, one["kind"])
        answer = graph.get(sandbox.account_id)
        if one["kind"] == "applied_500":
            continue
        error = answer.json()["error"]
        seen.add(tuple(number for number in (error["code"], error.get("error_subcode")) if number))
        assert f"HTTP {answer.status_code} with code {error['code']}" in one["meaning"]

    assert seen >= ROWS


@pytest.mark.parametrize("code", [80000, 80003, 80004, 80014, 4, 17, 613])
def test_a_throttle_may_have_any_of_the_codes(
    sandbox: RunningSandbox, graph: httpx.Client, control: httpx.Client, code: int
) -> None:
    """With its wait in the header that belongs to the code."""
    arm(control, "throttle", options={"code": code, "minutes": 2})
    answer = graph.get(sandbox.account_id)
    header = "X-Ad-Account-Usage" if code in (17, 613) else "X-Business-Use-Case-Usage"

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)
    assert '"reset_time_duration":120' in answer.headers[header] or '_access":2' in answer.headers[header]


def test_an_error_is_what_its_options_say(sandbox: RunningSandbox, graph: httpx.Client, control: httpx.Client) -> None:
    """Code, subcode, status, text, and words for a person."""
    options = {"code": 2, "subcode": 7, "status": 503, "message": "Oh", "is_transient": True, "user_message": "Wait"}
    arm(control, "error", options=options, skip=1)
    first, second = graph.get(sandbox.account_id), graph.get(sandbox.account_id)
    error = second.json()["error"]

    assert (first.status_code, second.status_code) == (200, 503)
    assert (error["code"], error["error_subcode"], error["message"]) == (2, 7, "Oh")
    assert (error["is_transient"], error["error_user_msg"]) == (True, "Wait")


def test_an_empty_error_data_is_sent_as_an_empty_text(account: AdAccount, control: httpx.Client) -> None:
    """It is what the SDK cannot parse."""
    arm(control, "error", options={"empty_error_data": True})

    with pytest.raises(ValueError, match="Expecting value"):
        account.api_get(fields=["name"])


def test_the_sdk_reads_code_and_subcode(account: AdAccount, control: httpx.Client) -> None:
    """As of the platform's own errors."""
    arm(control, "unknown_insights")
    with pytest.raises(FacebookRequestError) as caught:
        account.get_insights()

    assert (caught.value.api_error_code(), caught.value.api_error_subcode()) == (2, 1504044)


@pytest.mark.parametrize(
    "asked",
    [
        {"kind": "error", "options": {"code": "x"}},
        {"kind": "error", "options": {"message": 3}},
        {"kind": "error", "options": {"is_transient": 1}},
        {"kind": "schema_drift", "options": {"drift": "sideways"}},
        {"kind": "hang", "options": {"seconds": -1}},
        {"kind": "storm", "options": {"kinds": "http_500,rain"}},
        {"kind": "storm", "options": {"kinds": "storm"}},
        {"kind": "http_500", "skip": -1},
        {"kind": "http_500", "match": {"query": "("}},
    ],
)
def test_an_option_that_does_not_fit_is_refused(control: httpx.Client, asked: dict[str, object]) -> None:
    """With a reason, and nothing is armed."""
    answer = control.post("/faults", json=asked)

    assert answer.status_code == 400
    assert control.get("/faults").json() == {"faults": []}


def test_a_fault_may_be_bound_to_parameters(
    sandbox: RunningSandbox, graph: httpx.Client, control: httpx.Client
) -> None:
    """A regular expression over name=value, so that one stream alone is hit."""
    arm(control, "temporary", match={"query": "level=ad(&|$)"})
    path = f"{sandbox.account_id}/insights"

    assert graph.get(path, params={"level": "adset"}).status_code == 200
    assert graph.get(path, params={"level": "ad"}).status_code == 500
