"""The headers by which the platform tells how much of its limits is used, counted over one virtual hour."""

import json
from collections import deque
from collections.abc import Mapping

_HOUR_US = 3_600_000_000
_TIER = "standard_access"
# Calls an hour of the standard tier before the part that grows with active ads.
_HOURLY_CALLS = {"ads_insights": 190_000, "ads_management": 100_000}
_HOURLY_CALLS_PER_AD = {"ads_insights": 400, "ads_management": 40}


class UsageMeter:
    """Counts calls by business use case."""

    def __init__(self, account_number: str, ads: int) -> None:
        self._account_number = account_number
        self._limits = {kind: base + _HOURLY_CALLS_PER_AD[kind] * ads for kind, base in _HOURLY_CALLS.items()}
        self._moments: dict[str, deque[int]] = {kind: deque() for kind in _HOURLY_CALLS}

    def headers(self, kind: str, at_us: int) -> dict[str, str]:
        """Count one call and return the usage headers of its answer."""
        self._moments[kind].append(at_us)
        percent = self._percent(kind, at_us)
        load = {"call_count": percent, "total_cputime": percent, "total_time": percent}
        headers = {
            "X-App-Usage": _json(load),
            "X-Business-Use-Case-Usage": business_usage(self._account_number, kind, percent, wait_minutes=0),
            "X-Ad-Account-Usage": account_usage(percent, reset_seconds=0),
        }
        if kind == "ads_insights":
            throttle = {"app_id_util_pct": percent, "acc_id_util_pct": percent, "ads_api_access_tier": _TIER}
            headers["X-FB-Ads-Insights-Throttle"] = _json(throttle)
        return headers

    def _percent(self, kind: str, at_us: int) -> int:
        moments = self._moments[kind]
        while moments and moments[0] <= at_us - _HOUR_US:
            moments.popleft()
        return min(99, 100 * len(moments) // self._limits[kind])


def business_usage(account_number: str, kind: str, percent: int, *, wait_minutes: int) -> str:
    """Return X-Business-Use-Case-Usage; the wait is in minutes."""
    usage = {
        "type": kind,
        "call_count": percent,
        "total_cputime": percent,
        "total_time": percent,
        "estimated_time_to_regain_access": wait_minutes,
        "ads_api_access_tier": _TIER,
    }
    return _json({account_number: [usage]})


def account_usage(percent: int, *, reset_seconds: int) -> str:
    """Return X-Ad-Account-Usage; the reset is in seconds."""
    return _json({"acc_id_util_pct": percent, "reset_time_duration": reset_seconds, "ads_api_access_tier": _TIER})


def _json(content: Mapping[str, object]) -> str:
    return json.dumps(content, separators=(",", ":"))
