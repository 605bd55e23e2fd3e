"""The faults there are. A new one is a function like these and a row in FAULT_KINDS."""

from collections.abc import Mapping
from dataclasses import replace

from aibuyer_kit.sandbox.control.faults import FaultKind, MetCall
from aibuyer_kit.sandbox.graph.api import use_case
from aibuyer_kit.sandbox.graph.errors import GraphError, unknown_error
from aibuyer_kit.sandbox.graph.messages import Answer, json_bytes
from aibuyer_kit.sandbox.graph.usage import account_usage, business_usage
from aibuyer_kit.sandbox.market.days import MICROSECONDS_PER_SECOND

_MINUTE_US = 60 * MICROSECONDS_PER_SECOND
_AD_ACCOUNT_CODE = 17
_TOO_MANY_CALLS = 2446079


async def _http_500(call: MetCall) -> Answer:
    call.fault.use_up()
    return _refusal(call, unknown_error())


async def _cut_json(call: MetCall) -> Answer:
    call.fault.use_up()
    whole = call.serve()
    return replace(whole, body=whole.body[: len(whole.body) // 2])


async def _throttle(call: MetCall) -> Answer:
    """Refuse from the first call it meets until the virtual clock has reached the reset, however often one asks."""
    fault, at_us = call.fault, call.request.at_us
    if fault.held_until_us is None:
        fault.held_until_us = at_us + fault.options["minutes"] * _MINUTE_US
    elif at_us >= fault.held_until_us:
        fault.held_until_us = None
        fault.use_up()
        return call.serve()
    else:
        fault.early_calls += 1
    return _throttled(call, fault.options["code"], fault.held_until_us - at_us)


def _throttled(call: MetCall, code: int, left_us: int) -> Answer:
    message = f"(#{code}) There have been too many calls to this ad-account. Wait a bit and try again."
    refusal = _refusal(call, GraphError(code, message, subcode=_TOO_MANY_CALLS))
    if code == _AD_ACCOUNT_CODE:
        seconds = -(-left_us // MICROSECONDS_PER_SECOND)
        limit = {"X-Ad-Account-Usage": account_usage(100, reset_seconds=seconds)}
    else:
        number, minutes = call.api.market.account.number, -(-left_us // _MINUTE_US)
        limit = {"X-Business-Use-Case-Usage": business_usage(number, use_case(call.request), 100, wait_minutes=minutes)}
    return replace(refusal, headers={**refusal.headers, **limit})


def _refusal(call: MetCall, error: GraphError) -> Answer:
    body = json_bytes(error.envelope(call.api.trace_id()))
    return Answer(error.http_status, body, call.api.headers(call.request))


_KINDS = (
    FaultKind("http_500", "HTTP 500 with code 1/99, is_transient; nothing is applied.", _http_500),
    FaultKind(
        "throttle",
        "HTTP 400 with the usage header's wait, until the virtual clock has passed it; code 80000, 80004 or 17.",
        _throttle,
        {"minutes": 5, "code": 80000},
    ),
    FaultKind("cut_json", "HTTP 200 with the body cut in the middle; what was asked for is applied.", _cut_json),
)

FAULT_KINDS: Mapping[str, FaultKind] = {kind.name: kind for kind in _KINDS}
