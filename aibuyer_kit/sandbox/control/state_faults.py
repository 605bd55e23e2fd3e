"""Faults that last: a token that is revoked or loses its scopes, report runs that fail in their middle."""

import json

from aibuyer_kit.sandbox.control.faults import FaultKind, MetCall
from aibuyer_kit.sandbox.graph.messages import Answer


def _token_revoked(call: MetCall) -> Answer:
    """Revoke the token of this call for good; a new one comes from the control server."""
    call.fault.use_up()
    call.api.tokens.revoke(_token_text(call), call.fault.whole("subcode"))
    return call.serve()


def _scope_lost(call: MetCall) -> Answer:
    call.fault.use_up()
    call.api.tokens.narrow(_token_text(call), ())
    return call.serve()


def _token_text(call: MetCall) -> str:
    return call.request.params.text("access_token") or call.request.bearer


def _async_failed(call: MetCall) -> Answer:
    return _spoilt_run(call, failure=-2)


def _async_too_large(call: MetCall) -> Answer:
    return _spoilt_run(call, failure=-3)


def _async_skipped(call: MetCall) -> Answer:
    return _spoilt_run(call, is_skipped=True)


def _spoilt_run(call: MetCall, *, failure: int = 0, is_skipped: bool = False) -> Answer:
    """Let a run begin that will not complete; other calls pass and use nothing up."""
    answer = call.serve()
    content = json.loads(answer.body)
    if call.request.method == "POST" and isinstance(content, dict) and "report_run_id" in content:
        call.fault.use_up()
        call.api.runs.spoil(content["report_run_id"], failure=failure, is_skipped=is_skipped)
    return answer


KINDS = (
    FaultKind(
        "token_revoked", "The call's token is revoked for good, with this subcode.", _token_revoked, {"subcode": 460}
    ),
    FaultKind("scope_lost", "The call's token loses its scopes for good.", _scope_lost),
    FaultKind("async_failed", "The next report run fails with -2/2490547.", _async_failed),
    FaultKind("async_too_large", "The next report run fails with -3/1504045.", _async_too_large),
    FaultKind("async_skipped", "The next report run ends as Job Skipped.", _async_skipped),
)
