"""What a read was asked for and how much of it came: of what a load may say that it is gone."""

from dataclasses import dataclass
from typing import Literal

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import InconsistentReadError

Facts = Literal["insights", "entities", "creatives", "reach"]

# All of the coverage was read; all of it was, but some rows are in the quarantine; the source tells only a part of it,
# as a file does; a file is all there is of it, though no platform was read; the read broke off.
Extent = Literal["complete", "doubtful", "partial", "replacing", "broken"]
# What such a load does not hold of its coverage is gone.
WHOLE: tuple[Extent, ...] = ("complete", "replacing")


@dataclass(frozen=True)
class Coverage:
    """What a read was asked for: all that the platform holds there, if the read is complete.

    Entities and insights are of one `level`; `days` and `attribution` belong to insights and reach (where the days are
    those on which windows end), `breakdowns` (names) to insights, `window_days` to reach.
    """

    facts: Facts
    platform: str
    account_id: str
    level: Level | None = None
    days: DateRange | None = None
    breakdowns: tuple[str, ...] = ()
    attribution: str | None = None
    window_days: int | None = None

    @property
    def label(self) -> str:
        """The name under which the load is recorded; `insights` alone are those that are not broken down."""
        if self.breakdowns:
            return f"{self.facts} by {', '.join(sorted(self.breakdowns))}"
        return f"{self.facts} of {self.window_days} days" if self.window_days else self.facts

    @property
    def title(self) -> str:
        """What was read, for a person: `ad insights 2026-03-01 to 2026-03-30`."""
        return " ".join(str(part) for part in (self.level, self.label, self.days) if part)


def within(coverage: Coverage) -> tuple[str, dict[str, object]]:
    """Return the condition that holds for the rows which a complete read of the coverage returns."""
    parameters: dict[str, object] = {"platform": coverage.platform, "account_id": coverage.account_id}
    conditions = ["platform = $platform", "account_id = $account_id"]
    if coverage.facts != "creatives":
        parameters["level"] = str(coverage.level)
        conditions.append("level = $level")
    if coverage.facts in ("insights", "reach"):
        if coverage.days is None or coverage.attribution is None:
            raise ValueError(f"The coverage of {coverage.facts} has days and an attribution setting.")
        days = {"since": coverage.days.since, "until": coverage.days.until}
        parameters |= days | {"attribution": coverage.attribution}
        conditions += ["date_stop <= $until", "attribution = $attribution"]
    if coverage.facts == "insights":
        conditions += ["date >= $since", breakdown_filter(coverage.breakdowns)]
    if coverage.facts == "reach":
        parameters["window_days"] = coverage.window_days
        conditions += ["date_stop >= $since", "window_days = $window_days"]
    return " AND ".join(conditions), parameters


def breakdown_filter(names: tuple[str, ...]) -> str:
    """Return the SQL condition for rows that are broken down by exactly `names` (letters and underscores)."""
    if not names:
        return "breakdown = ''"
    if not all(name.isidentifier() for name in names):
        raise InconsistentReadError(
            f"A breakdown has the name {names!r}; only letters, digits and underscores are used."
        )
    listed = ", ".join(f"'{name}'" for name in sorted(names))
    return f"breakdown <> '' AND json_keys(breakdown) = [{listed}]"


def scope_of(coverage: Coverage) -> dict[str, object]:
    """Return what a coverage is about, by the columns of the quarantine."""
    days = coverage.days
    return {
        "facts": coverage.label,
        "platform": coverage.platform,
        "account_id": coverage.account_id,
        "level": str(coverage.level or ""),
        "attribution": coverage.attribution or "",
        "since": days.since if days else None,
        "until": days.until if days else None,
    }
