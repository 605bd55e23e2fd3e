"""Faults below the protocol: answers that are cut, of another kind, late, lost, or false about what was done."""

from dataclasses import replace

from aibuyer_kit.sandbox.control.faults import FaultKind, MetCall
from aibuyer_kit.sandbox.graph.api import use_case
from aibuyer_kit.sandbox.graph.errors import unknown_error
from aibuyer_kit.sandbox.graph.messages import Answer, json_bytes
from aibuyer_kit.sandbox.graph.usage import account_usage, app_usage, business_usage, insights_throttle

_HTML = b"<!DOCTYPE html><html><head><title>Error</title></head><body><h1>502 Bad Gateway</h1></body></html>"


def _cut_json(call: MetCall) -> Answer:
    call.fault.use_up()
    whole = call.serve()
    return replace(whole, body=whole.body[: len(whole.body) // 2])


def _html_502(call: MetCall) -> Answer:
    call.fault.use_up()
    return Answer(502, _HTML, call.api.headers(call.request), content_type="text/html; charset=UTF-8")


def _unavailable_503(call: MetCall) -> Answer:
    call.fault.use_up()
    return Answer(503, b"Service Unavailable", call.api.headers(call.request), content_type="text/plain")


def _json_without_error(call: MetCall) -> Answer:
    call.fault.use_up()
    return Answer(400, json_bytes({"message": "Bad Request"}), call.api.headers(call.request))


def _response_lost(call: MetCall) -> Answer:
    call.fault.use_up()
    return replace(call.serve(), status=0, is_dropped=True)


def _connection_refused(call: MetCall) -> Answer:
    call.fault.use_up()
    return Answer(0, b"", is_dropped=True)


def _applied_500(call: MetCall) -> Answer:
    call.fault.use_up()
    return replace(call.api.refusal(call.request, unknown_error()), changed=call.serve().changed)


def _hang(call: MetCall) -> Answer:
    call.fault.use_up()
    seconds = float(call.fault.options["seconds"])
    if call.fault.options["applies"]:
        return replace(call.serve(), held_seconds=seconds)
    return Answer(0, b"", is_dropped=True, held_seconds=seconds)


def _high_usage(call: MetCall) -> Answer:
    """Say in all headers that so much of the limits is used, and answer truly."""
    call.fault.use_up()
    percent, number, kind = call.fault.whole("percent"), call.api.market.account.number, use_case(call.request)
    headers = {
        "X-App-Usage": app_usage(percent),
        "X-Ad-Account-Usage": account_usage(percent, reset_seconds=0),
        "X-Business-Use-Case-Usage": business_usage(number, kind, percent, wait_minutes=0),
    }
    if kind == "ads_insights":
        headers["X-FB-Ads-Insights-Throttle"] = insights_throttle(percent)
    answer = call.serve()
    return replace(answer, headers={**answer.headers, **headers})


KINDS = (
    FaultKind("cut_json", "HTTP 200 with the body cut in the middle; what was asked for is applied.", _cut_json),
    FaultKind("html_502", "HTTP 502 with a page of HTML; nothing is applied.", _html_502),
    FaultKind("unavailable_503", "HTTP 503 with the text Service Unavailable; nothing is applied.", _unavailable_503),
    FaultKind("json_without_error", "HTTP 400 with JSON that has no `error`; nothing is applied.", _json_without_error),
    FaultKind("response_lost", "Applied, and the connection is closed without an answer.", _response_lost),
    FaultKind("connection_lost", "Nothing is applied, and the connection is closed.", _connection_refused),
    FaultKind("applied_500", "Applied, and answered with HTTP 500, code 1/99.", _applied_500),
    FaultKind(
        "hang",
        "No answer for so many real seconds, 0 for until the faults are cleared; applied at once, or never.",
        _hang,
        {"seconds": 0.0, "applies": True},
    ),
    FaultKind(
        "high_usage",
        "A true answer whose headers say that so much of the limits is used.",
        _high_usage,
        {"percent": 95},
    ),
)
