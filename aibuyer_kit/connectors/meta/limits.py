"""What Meta's usage headers say about waiting. Pure; junk in a header counts as nothing said."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pydantic_core import from_json

from aibuyer_kit.connectors.budget import Usage
from aibuyer_kit.connectors.meta.wire import UNREADABLE

LONGEST_BELIEVED_SECONDS = 86_400.0


@dataclass(frozen=True)
class StatedLimits:
    """Seconds until calls are taken again, as stated; 0 where nothing was.

    `regain_seconds` is stated only while blocked. `reset_seconds` of the account's score is always stated, so that on
    a good answer it means a wait only if the score is `used_up`.
    """

    regain_seconds: float = 0.0
    reset_seconds: float = 0.0
    used_up: bool = False

    @property
    def after_success_seconds(self) -> float:
        return max(self.regain_seconds, self.reset_seconds if self.used_up else 0.0)


def usages(headers: Mapping[str, str]) -> Mapping[str, Usage]:
    """Return how much of each limit is used, by all usage headers together; the app's limits are shared."""
    named = {str(name).lower(): value for name, value in headers.items()}
    found = dict[str, Usage]()
    for record in _records(_decoded(named.get("x-app-usage"))):
        _keep(found, "app", Usage(_load(record), shared=True))
    for record in _records(_decoded(named.get("x-ad-account-usage"))):
        _keep(
            found, "account", Usage(_amount(record.get("acc_id_util_pct")), _amount(record.get("reset_time_duration")))
        )
    for record in _records(_decoded(named.get("x-fb-ads-insights-throttle"))):
        _keep(found, "insights app", Usage(_amount(record.get("app_id_util_pct")), shared=True))
        _keep(found, "insights account", Usage(_amount(record.get("acc_id_util_pct"))))
    for record in _records(_decoded(named.get("x-business-use-case-usage"))):
        if "type" in record:
            regain_seconds = 60 * _amount(record.get("estimated_time_to_regain_access"))
            _keep(found, f"business {record['type']}", Usage(_load(record), regain_seconds))
    return found


def _keep(found: dict[str, Usage], name: str, usage: Usage) -> None:
    """Keep the higher of two statements about one limit: the header may list several businesses."""
    if name not in found or found[name].percent < usage.percent:
        found[name] = usage


def _load(record: Mapping[str, object]) -> float:
    return max(_amount(record.get(name)) for name in ("call_count", "total_cputime", "total_time"))


def _decoded(header: object) -> object:
    try:
        return from_json(header, allow_inf_nan=False)  # type: ignore[arg-type]
    except (ValueError, TypeError):
        return UNREADABLE


def stated_limits(headers: Mapping[str, str]) -> StatedLimits:
    """Return what the usage headers and Retry-After say; names in any case, the longest of every item counts."""
    named = {str(name).lower(): value for name, value in headers.items()}
    business = list(_records(_decoded(named.get("x-business-use-case-usage"))))
    account = list(_records(_decoded(named.get("x-ad-account-usage"))))
    minutes = max((_amount(each.get("estimated_time_to_regain_access")) for each in business), default=0.0)
    retry_after = _amount(_decoded(named.get("retry-after")))
    return StatedLimits(
        regain_seconds=min(max(60 * minutes, retry_after), LONGEST_BELIEVED_SECONDS),
        reset_seconds=max((_amount(each.get("reset_time_duration")) for each in account), default=0.0),
        used_up=any(_amount(each.get("acc_id_util_pct")) >= 100 for each in account),
    )


def _records(value: object) -> Iterator[dict[str, object]]:
    """Yield every object inside `value`, at any depth."""
    waiting = [value]
    while waiting:
        inner = waiting.pop()
        if isinstance(inner, dict):
            yield inner
            waiting.extend(inner.values())
        elif isinstance(inner, list):
            waiting.extend(inner)


def _amount(value: object) -> float:
    """Return a number that can be believed, at most a day in seconds; 0 for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return 0.0
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return 0.0
    return min(number, LONGEST_BELIEVED_SECONDS) if math.isfinite(number) and number > 0 else 0.0
