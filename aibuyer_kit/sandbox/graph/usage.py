"""The limits of the platform: a score that decays, and calls an hour; the headers that tell how much is used."""

import json
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

from aibuyer_kit.sandbox.graph.errors import GraphError
from aibuyer_kit.sandbox.market.days import MICROSECONDS_PER_SECOND

_HOUR_US = 3_600 * MICROSECONDS_PER_SECOND
_MINUTE_US = 60 * MICROSECONDS_PER_SECOND
_DECAY_SECONDS = 300
_WRITE_POINTS = 3
_TOO_MANY_CALLS = 2446079
BUSINESS_CODES = {"ads_insights": 80000, "ads_management": 80004, "custom_audience": 80003, "catalog": 80014}


@dataclass(frozen=True)
class Tier:
    """What an app is allowed; the hourly calls grow with the account's ads."""

    name: str
    most_points: int
    blocked_seconds: int
    hourly: Mapping[str, int]


_HOURLY_PER_AD = {"ads_insights": 400, "ads_management": 40}
STANDARD = Tier("standard_access", 9000, 60, {"ads_insights": 190_000, "ads_management": 100_000})
DEVELOPMENT = Tier("development_access", 60, 300, {"ads_insights": 600, "ads_management": 300})
TIERS = {tier.name: tier for tier in (STANDARD, DEVELOPMENT)}


class UsageMeter:
    """Counts calls to one account: points for reading and changing objects, calls by business use case for all."""

    def __init__(self, account_number: str, ads: int) -> None:
        self.tier = STANDARD
        self._account_number = account_number
        self._ads = ads
        self._points = 0.0
        self._points_at_us = 0
        self._blocked_until_us = 0
        self._moments: dict[str, deque[int]] = {kind: deque() for kind in _HOURLY_PER_AD}

    def set_tier(self, tier: Tier) -> None:
        """Begin anew under another tier."""
        self.tier = tier
        self._points, self._blocked_until_us = 0.0, 0
        for moments in self._moments.values():
            moments.clear()

    def count(self, kind: str, at_us: int, *, writes: bool) -> None:
        """Count one call. Raises GraphError if that is more than the tier allows."""
        if at_us < self._blocked_until_us:
            raise _account_throttle()
        if len(self._recent(kind, at_us)) >= self._hourly(kind):
            raise GraphError(BUSINESS_CODES[kind], _message(BUSINESS_CODES[kind]), subcode=_TOO_MANY_CALLS)
        self._moments[kind].append(at_us)
        if kind == "ads_insights":
            return
        self._points = self._decayed(at_us) + (_WRITE_POINTS if writes else 1)
        self._points_at_us = at_us
        if self._points > self.tier.most_points:
            self._blocked_until_us = at_us + self.tier.blocked_seconds * MICROSECONDS_PER_SECOND
            raise _account_throttle()

    def headers(self, kind: str, at_us: int) -> dict[str, str]:
        """Return the usage headers of an answer."""
        percent = self._percent(kind, at_us)
        used = {each: self._percent(each, at_us) for each in self._moments}
        app_load = dict.fromkeys(("call_count", "total_cputime", "total_time"), used["ads_management"])
        points_percent = min(100.0, round(100 * self._decayed(at_us) / self.tier.most_points, 2))
        blocked_us = max(0, self._blocked_until_us - at_us)
        headers = {
            "X-App-Usage": _json(app_load),
            "X-Business-Use-Case-Usage": business_usage(
                self._account_number, kind, percent, wait_minutes=self._wait_minutes(kind, at_us), tier=self.tier.name
            ),
            "X-Ad-Account-Usage": account_usage(
                100 if blocked_us else points_percent,
                reset_seconds=-(-blocked_us // MICROSECONDS_PER_SECOND),
                tier=self.tier.name,
            ),
        }
        if kind == "ads_insights":
            headers["X-FB-Ads-Insights-Throttle"] = insights_throttle(percent, tier=self.tier.name)
        return headers

    def _decayed(self, at_us: int) -> float:
        passed_seconds = (at_us - self._points_at_us) / MICROSECONDS_PER_SECOND
        return max(0.0, self._points - self.tier.most_points / _DECAY_SECONDS * passed_seconds)

    def _recent(self, kind: str, at_us: int) -> deque[int]:
        moments = self._moments[kind]
        while moments and moments[0] <= at_us - _HOUR_US:
            moments.popleft()
        return moments

    def _hourly(self, kind: str) -> int:
        return self.tier.hourly[kind] + _HOURLY_PER_AD[kind] * self._ads

    def _percent(self, kind: str, at_us: int) -> int:
        return min(100, 100 * len(self._recent(kind, at_us)) // self._hourly(kind))

    def _wait_minutes(self, kind: str, at_us: int) -> int:
        moments = self._recent(kind, at_us)
        if len(moments) < self._hourly(kind):
            return 0
        return -(-(moments[0] + _HOUR_US - at_us) // _MINUTE_US)


def business_usage(
    account_number: str, kind: str, percent: int, *, wait_minutes: int, tier: str = STANDARD.name
) -> str:
    """Return X-Business-Use-Case-Usage; the wait is in minutes."""
    usage = {
        "type": kind,
        "call_count": percent,
        "total_cputime": percent,
        "total_time": percent,
        "estimated_time_to_regain_access": wait_minutes,
        "ads_api_access_tier": tier,
    }
    return _json({account_number: [usage]})


def account_usage(percent: float, *, reset_seconds: int, tier: str = STANDARD.name) -> str:
    """Return X-Ad-Account-Usage; the reset is in seconds."""
    return _json({"acc_id_util_pct": percent, "reset_time_duration": reset_seconds, "ads_api_access_tier": tier})


def insights_throttle(percent: float, *, tier: str = STANDARD.name) -> str:
    """Return X-FB-Ads-Insights-Throttle."""
    return _json({"app_id_util_pct": percent, "acc_id_util_pct": percent, "ads_api_access_tier": tier})


def app_usage(percent: int) -> str:
    """Return X-App-Usage."""
    return _json({"call_count": percent, "total_cputime": percent, "total_time": percent})


def _account_throttle() -> GraphError:
    return GraphError(17, _message(17), subcode=_TOO_MANY_CALLS)


def _message(code: int) -> str:
    return f"(#{code}) There have been too many calls to this ad-account. Wait a bit and try again."


def _json(content: Mapping[str, object]) -> str:
    return json.dumps(content, separators=(",", ":"))
