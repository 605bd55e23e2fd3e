"""How far the figures of a page can be trusted: whether they equal the platform's own, and how final results are."""

from collections.abc import Sequence
from datetime import date
from typing import Literal, Protocol

from aibuyer_kit.core.escape import for_html
from aibuyer_kit.core.i18n import format_day, format_share, t
from aibuyer_kit.core.metrics import arrives_late

_SHOWN_DAYS = 5
_SIGNS = {"reconciled": "✓", "differs": "✗", "not_compared": "?"}


class ReconciliationLike(Protocol):
    """What is read of a reconciliation."""

    @property
    def state(self) -> Literal["reconciled", "differs", "not_compared"]: ...
    @property
    def through(self) -> date | None: ...
    @property
    def not_compared(self) -> Sequence[date]: ...
    @property
    def levels(self) -> Sequence[str]: ...
    @property
    def differing_days(self) -> Sequence[date]: ...


class ImmatureLike(Protocol):
    """One day whose results are not final: the least and the largest share of them that is known (None: not told)."""

    @property
    def day(self) -> date: ...
    @property
    def least(self) -> float | None: ...
    @property
    def most(self) -> float | None: ...


class QualityLike(Protocol):
    """What is read of an overview."""

    @property
    def reconciliation(self) -> ReconciliationLike: ...
    @property
    def immature(self) -> Sequence[ImmatureLike]: ...


def badge_html(found: ReconciliationLike, locale: str) -> str:
    """Return the state of the figures as one line with a sign, in words and not by colour alone."""
    levels = ", ".join(t(locale, f"levels.{level}").lower() for level in found.levels if level != "account")
    how = f' title="{for_html(t(locale, "quality.how", levels=levels))}"' if levels else ""
    return (
        f'<span class="ab-badge ab-{found.state}" data-quality="{found.state}"{how}>'
        f'<b aria-hidden="true">{_SIGNS[found.state]}</b> {for_html(badge_words(found, locale))}</span>'
    )


def badge_words(found: ReconciliationLike, locale: str) -> str:
    """Return whether the figures equal the platform's own, and on which days they do not."""
    if found.state == "differs":
        days = found.differing_days
        listed = ", ".join(format_day(day, locale) for day in days[:_SHOWN_DAYS])
        return t(locale, "quality.differs", count=len(days), days=listed + (" …" if len(days) > _SHOWN_DAYS else ""))
    if found.state == "not_compared" or found.through is None:
        return t(locale, "quality.not_compared")
    words = t(locale, "quality.reconciled", day=format_day(found.through, locale))
    left = len(found.not_compared)
    return f"{words} ({t(locale, 'quality.partly', count=left)})" if left else words


def maturity_words(immature: Sequence[ImmatureLike], locale: str) -> str:
    """Return how final the results of the newest days are; empty where all of them are."""
    if not immature:
        return ""
    known = [share for each in immature for share in (each.least, each.most) if share is not None]
    low, high = min(known, default=0.0), max(known, default=2.0)
    # Unknown, or days that grow beside days that shrink.
    if len(known) < 2 * len(immature) or low < 1 < high:
        return t(locale, "quality.maturity_unknown", count=len(immature))
    ends = [format_share(share, locale, decimals=0) for share in (low, high)]
    share = ends[0] if ends[0] == ends[1] else f"{ends[0].rstrip('%')}–{ends[1]}"
    key = "quality.immature" if low < 1 else "quality.shrinking"
    return t(locale, key, count=len(immature), share=share)


def quality_lines(overview: QualityLike, locale: str) -> tuple[str, ...]:
    """Return both in plain text."""
    words = (badge_words(overview.reconciliation, locale), maturity_words(overview.immature, locale))
    return tuple(each for each in words if each)


def not_final_from(overview: QualityLike, metric_name: str) -> date | None:
    """Return the first day from which a metric is not final; None where all of it is."""
    return min((each.day for each in overview.immature), default=None) if arrives_late(metric_name) else None
