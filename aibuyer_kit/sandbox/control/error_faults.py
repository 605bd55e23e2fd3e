"""Faults that answer with an error in the platform's envelope: any by its code, and those of the table by name."""

from dataclasses import replace

from aibuyer_kit.sandbox.control.faults import Apply, FaultKind, MetCall
from aibuyer_kit.sandbox.graph.api import use_case
from aibuyer_kit.sandbox.graph.errors import GraphError
from aibuyer_kit.sandbox.graph.messages import Answer
from aibuyer_kit.sandbox.graph.usage import BUSINESS_CODES, account_usage, app_usage, business_usage
from aibuyer_kit.sandbox.market.days import MICROSECONDS_PER_SECOND

_MINUTE_US = 60 * MICROSECONDS_PER_SECOND
_SUBCODES = {17: 2446079, 613: 1487742, 4: 1504022}
_BUSINESS_KINDS = {code: kind for kind, code in BUSINESS_CODES.items()}
_REDUCE = "Please reduce the amount of data you're asking for, then retry your request"

# name: code, subcode (0 for none), HTTP status, is_transient, message
_TABLE: dict[str, tuple[int, int, int, bool, str]] = {
    "http_500": (1, 99, 500, True, "An unknown error occurred"),
    "configuration": (1, 0, 400, False, "Invalid request: the app is not configured for this."),
    "reduce_data": (1, 0, 500, False, _REDUCE),
    "reduce_data_100": (100, 0, 400, False, _REDUCE),
    "too_much_data": (100, 1487534, 400, False, _REDUCE),
    "temporary": (2, 0, 500, True, "An unexpected error has occurred. Please retry your request later."),
    "bad_breakdowns": (2, 1504041, 400, False, "The combination of breakdowns cannot be served."),
    "bad_custom_metrics": (2, 1504042, 400, False, "A custom metric cannot be served."),
    "sync_timeout": (2, 1504038, 500, False, "The request took too long; ask for less."),
    "sync_timeout_100": (100, 1504018, 400, False, "The request timed out; ask for less, or asynchronously."),
    "intermittent": (2, 1504043, 500, True, "The service is temporarily unavailable for this request."),
    "unknown_insights": (2, 1504044, 500, True, "Something went wrong with this request."),
    "app_limit": (4, 0, 400, False, "(#4) Application request limit reached"),
    "app_limit_insights": (4, 1504022, 400, False, "(#4) Application request limit reached"),
    "app_limit_load": (4, 1504039, 400, False, "(#4) There is too much load on the service"),
    "app_limit_341": (341, 0, 400, False, "(#341) Feed action request limit reached"),
    "account_score": (17, 2446079, 400, False, "(#17) User request limit reached"),
    "account_score_613": (613, 1487742, 400, False, "(#613) Calls to this api have exceeded the rate limit."),
    "mutations_per_second": (613, 5044001, 400, False, "(#613) Calls to this api have exceeded the rate limit."),
    "budget_changes": (613, 1487632, 400, False, "(#613) Calls to this api have exceeded the rate limit."),
    "spending_limit_changes": (17, 1885172, 400, False, "(#17) User request limit reached"),
    "permission": (10, 0, 403, False, "(#10) Application does not have permission for this action"),
    "permission_200": (200, 0, 403, False, "(#200) Requires ads_management permission"),
    "permission_294": (294, 0, 403, False, "(#294) Requires the extended permission ads_management"),
    "permission_100": (100, 0, 400, False, "Missing permissions"),
    "permission_3191001": (100, 3191001, 400, False, "Missing permission to this object"),
    "app_removed": (190, 458, 401, False, "Error validating access token: the app was removed."),
    "checkpoint": (190, 459, 401, False, "Error validating access token: the user is in a checkpoint."),
    "password_changed": (190, 460, 401, False, "Error validating access token: the password was changed."),
    "token_expired": (190, 463, 401, False, "Error validating access token: Session has expired."),
    "token_invalid": (190, 467, 401, False, "Error validating access token: the user has logged out."),
    "session": (102, 0, 401, False, "Session key invalid or no longer valid"),
    "bad_signature": (104, 0, 400, False, "Incorrect signature"),
    "no_such_object": (100, 33, 400, False, "Unsupported request. The object does not exist."),
    "policy_block": (368, 0, 400, False, "The action attempted has been deemed abusive or is otherwise disallowed"),
    "page_limit": (32, 0, 400, False, "(#32) Page request limit reached"),
    "batch_timeout": (960, 0, 400, False, "The batch timed out"),
    "budget_too_low": (100, 1885272, 400, False, "Invalid parameter"),
    "budget_too_low_1487901": (100, 1487901, 400, False, "Invalid parameter"),
    "budget_too_low_1885650": (100, 1885650, 400, False, "Invalid parameter"),
    "budget_on_both_levels": (100, 1885621, 400, False, "Invalid parameter"),
    "deleted_adset": (100, 1487056, 400, False, "Invalid parameter"),
    "end_in_the_past": (100, 1487033, 400, False, "Invalid parameter"),
}


def _named(row: tuple[int, int, int, bool, str]) -> Apply:
    code, subcode, status, is_transient, message = row
    error = GraphError(
        code,
        message,
        subcode=subcode or None,
        http_status=status,
        is_transient=is_transient,
        user_title=message if message == "Invalid parameter" else "",
        user_message="Sample: the platform says what to mend." if message == "Invalid parameter" else "",
    )

    def apply(call: MetCall) -> Answer:
        call.fault.use_up()
        return call.api.refusal(call.request, error)

    return apply


def _error(call: MetCall) -> Answer:
    """Answer with whatever error the options describe."""
    fault = call.fault
    fault.use_up()
    error = GraphError(
        fault.whole("code"),
        fault.text("message"),
        subcode=fault.whole("subcode") or None,
        http_status=fault.whole("status"),
        is_transient=bool(fault.options["is_transient"]),
        user_title="Error" if fault.text("user_message") else "",
        user_message=fault.text("user_message"),
        data="" if fault.options["empty_error_data"] else None,
    )
    return call.api.refusal(call.request, error)


def _throttle(call: MetCall) -> Answer:
    """Refuse from the first call it meets until the virtual clock has reached the reset, however often one asks."""
    fault, at_us = call.fault, call.request.at_us
    if fault.held_until_us is None:
        fault.held_until_us = at_us + fault.whole("minutes") * _MINUTE_US
    elif at_us >= fault.held_until_us:
        fault.held_until_us = None
        fault.use_up()
        return call.serve()
    else:
        fault.early_calls += 1
    return _throttled(call, fault.whole("code"), fault.held_until_us - at_us)


def _throttled(call: MetCall, code: int, left_us: int) -> Answer:
    message = f"(#{code}) There have been too many calls to this ad-account. Wait a bit and try again."
    refusal = call.api.refusal(call.request, GraphError(code, message, subcode=_SUBCODES.get(code, 2446079)))
    minutes = -(-left_us // _MINUTE_US)
    if code in (17, 613):
        seconds = -(-left_us // MICROSECONDS_PER_SECOND)
        limit = {"X-Ad-Account-Usage": account_usage(100, reset_seconds=seconds)}
    else:
        number, kind = call.api.market.account.number, _BUSINESS_KINDS.get(code, use_case(call.request))
        limit = {"X-Business-Use-Case-Usage": business_usage(number, kind, 100, wait_minutes=minutes)}
    if code == 4:
        limit["X-App-Usage"] = app_usage(100)
    return replace(refusal, headers={**refusal.headers, **limit})


KINDS = (
    FaultKind(
        "error",
        "The error that the options describe; nothing is applied. empty_error_data adds error_data of an empty text.",
        _error,
        {
            "code": 1,
            "subcode": 0,
            "status": 400,
            "message": "An error occurred",
            "is_transient": False,
            "user_message": "",
            "empty_error_data": False,
        },
    ),
    FaultKind(
        "throttle",
        "HTTP 400 with the usage header's wait, until the virtual clock has passed it; code 4, 17, 613 or 80000-80014.",
        _throttle,
        {"minutes": 5, "code": 80000},
    ),
    *(
        FaultKind(
            name,
            f"HTTP {row[2]} with code {row[0]}{f'/{row[1]}' if row[1] else ''}"
            f"{', is_transient' if row[3] else ''}; nothing is applied.",
            _named(row),
        )
        for name, row in _TABLE.items()
    ),
)
