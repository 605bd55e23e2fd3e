"""Which faults a sync meets: drawn by a seed from all that the platform offers."""

import random
from dataclasses import dataclass

from .graph import Graph

_PATHS = (*("",) * 8, "insights", "insights", "insights", "/campaigns", "/adsets", "/ads$", "adcreatives", r"act_\d+/$")
_QUERIES = (*("",) * 8, "after=", "breakdowns=", "level=account", "level=ad")
# A little longer than a call of the storm's waits for its answer.
HANG_SECONDS, TIMEOUT_SECONDS = 2.0, 1.2
# These leave the platform's clock alone, change no row, and end by themselves: a read is the truth or an error.
STILL = (
    *("http_500", "temporary", "intermittent", "html_502", "cut_json", "unavailable_503", "json_without_error"),
    *("response_lost", "connection_lost", "applied_500", "repeated_cursor", "cursor_loop", "empty_page", "high_usage"),
    *("batch_timeout", "schema_drift"),
)
_DRIFTS = ("all", "unknown_field", "int_for_text", "unknown_window", "hour_missing")
# A storm throws no error that is none of the platform's own; hanging is armed apart, for it takes real time.
_NOT_ALONE = ("storm", "error", "hang")
# These end a whole sync, so that they come less often: behind them nothing else would be met.
_ENDING = (
    *("permission", "permission_200", "permission_294", "permission_100", "permission_3191001", "app_removed"),
    *("checkpoint", "password_changed", "token_expired", "token_invalid", "session", "token_revoked", "scope_lost"),
)


@dataclass
class Weather:
    """Arms faults on the control server; `kinds` are the names of all that it offers.

    Besides, the app falls back now and then to the tier whose score throttles after sixty reads.
    """

    graph: Graph
    draw: random.Random

    def __post_init__(self) -> None:
        self.kinds = [each["kind"] for each in self.graph.control("GET", "/kinds")["kinds"]]

    def gather(self, *, still: bool) -> None:
        """Arm what one sync is to meet; `still` weather changes no row and does not move the clock."""
        kinds = STILL if still else [kind for kind in self.kinds if kind not in _NOT_ALONE]
        if self.draw.random() < 0.4:
            share = self.draw.choice((0.05, 0.1, 0.3))
            thrown = [kind for kind in self.draw.sample(kinds, min(12, len(kinds))) if kind not in _ENDING]
            options = {"share": share, "seed": self.draw.randrange(10**6), "kinds": ",".join(thrown)}
            self._arm("storm", options=options)
        for _ in range(self.draw.choice((0, 1, 2, 2, 3, 4, 6))):
            kind = self.draw.choice(kinds)
            if kind not in _ENDING or self.draw.random() < 0.3:
                self._arm_one(kind, still=still)
        if not still and self.draw.random() < 0.1:
            self.graph.control("POST", "/settings", {"tier": "development_access"})
        if not still and self.draw.random() < 0.02:
            self._arm("hang", skip=self.draw.randrange(8), options={"seconds": HANG_SECONDS, "applies": True})

    def clear(self) -> None:
        self.graph.control("DELETE", "/faults")
        self.graph.control("POST", "/settings", {"tier": "standard_access"})

    def _arm_one(self, kind: str, *, still: bool) -> None:
        options: dict[str, object] = {}
        if kind == "schema_drift":
            options = {"drift": "unknown_field" if still else self.draw.choice(_DRIFTS)}
        elif kind == "throttle":
            options = {"minutes": self.draw.choice((1, 3, 5, 20)), "code": self.draw.choice((80000, 80004, 17, 613, 4))}
        elif kind == "partial_day":
            options = {"percent": self.draw.choice((10, 50, 100))}
        elif kind == "bad_row":
            name = self.draw.choice(("spend", "impressions", "actions", "name", "date_start", "id", "ad_id"))
            options = {"row": self.draw.choice((0, 1, 3)), "field": name, "value": self.draw.choice(("abc", ""))}
        elif kind == "high_usage":
            options = {"percent": self.draw.choice((80, 92, 96, 100))}
        self._arm(
            kind,
            count=self.draw.choice((1, 1, 1, 2, 3, 8)),
            skip=self.draw.choice((0, 0, 1, 2, 3, 5)),
            match={"path": self.draw.choice(_PATHS), "query": self.draw.choice(_QUERIES), "method": "GET"},
            options=options,
        )

    def _arm(self, kind: str, **asked: object) -> None:
        self.graph.control("POST", "/faults", {"kind": kind, **asked})
