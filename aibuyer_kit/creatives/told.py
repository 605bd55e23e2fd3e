"""A ranking in words: as text, as a table of a page, and as rows; names are untrusted text."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aibuyer_kit.charts.fragment import Fragment
from aibuyer_kit.charts.table_html import html_table
from aibuyer_kit.core.escape import for_html
from aibuyer_kit.core.i18n import UNKNOWN, format_metric, format_ratio, format_share, t
from aibuyer_kit.core.text_table import as_table
from aibuyer_kit.creatives.rank import Ranked, Ranking

if TYPE_CHECKING:
    import pandas as pd

    from aibuyer_kit.charts.explanation import Explanation

SHOWN = 30
# Of less than one percent nobody needs to be told.
_LEAST_GAIN = 0.01


@dataclass(frozen=True)
class Overlap:
    """How far audiences of one campaign are the same people: its own reach beside the sum of theirs, over some days."""

    name: str
    days: int
    reach: float
    sum_of_reaches: float

    @property
    def share(self) -> float:
        """Which share of the sum are people who were counted before."""
        return max(0.0, 1 - self.reach / self.sum_of_reaches) if self.sum_of_reaches > 0 else 0.0


@dataclass(frozen=True)
class RankingTold:
    """A ranking with its readers' words: `kind` is creatives or audiences, `ranking` holds models and evidence.

    `models` says which models that are kept stand behind it.
    """

    ranking: Ranking
    kind: str
    locale: str = "en"
    overlaps: tuple[Overlap, ...] = ()
    models: tuple[str, ...] = ()

    @property
    def ranked(self) -> tuple[Ranked, ...]:
        return self.ranking.ranked

    def rows(self) -> list[dict[str, Any]]:
        """Return one row per item and pool, the likeliest best first; money in units of the currency."""
        metric = self.ranking.evidence.metric
        return [
            {
                "id": each.id,
                "name": each.name,
                "pool": each.pool,
                "count": each.count,
                "spend": each.spend,
                f"{metric}_seen": each.seen,
                f"{metric}_expected": each.expected,
                "index": each.index,
                "index_low": each.index_low,
                "index_high": each.index_high,
                "probability_best": each.probability_best,
                "share": each.share,
                "verdict": each.verdict,
            }
            for each in self.ranked
        ]

    def to_frame(self) -> "pd.DataFrame":
        """Return `rows` as a frame."""
        import pandas as pd

        return pd.DataFrame(self.rows())

    def why(self, item: str | None = None) -> "Explanation":
        """Return what makes an item (by id or name) as good as it is, or what raises and lowers what all of them bring.

        Of one item these are factors whose product says how well it works beside a usual one. Raises NotFoundError.
        """
        from aibuyer_kit.creatives.why import explained

        return explained(self, item)

    @property
    def summary(self) -> str:
        """What can be told in a sentence: of how many there is a best one, and of whom it cannot be told yet."""
        pools = len({each.pool for each in self.ranked})
        winners = self.ranking.winners
        if pools == 1 and winners:
            share = format_share(winners[0].probability_best, self.locale, decimals=0)
            return self._t("winner", name=winners[0].name, share=share)
        if pools == 1:
            return self._t("no_winner")
        return self._t("pools", winners=len(winners), pools=pools)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader must know of it besides."""
        told = [self._t(note) for note in self.ranking.evidence.notes]
        for each in self.overlaps:
            share = format_share(each.share, self.locale, decimals=0)
            told.append(self._t("overlap", name=each.name, share=share, days=each.days))
        rate = self.ranking.parts[0]
        if self.kind == "creatives":
            gain = format_share(rate.model.gain, self.locale, decimals=0)
            told.append(self._t("learnt", gain=gain) if rate.model.gain >= _LEAST_GAIN else self._t("nothing_learnt"))
        return (*told, *self.models)

    def text(self, most: int | None = SHOWN) -> str:
        """Return it as plain text, with so many of the ranked, or all."""
        shown = [dict(zip(self._headings(), cells, strict=True)) for cells in map(self._cells, self.ranked[:most])]
        lines = [self.summary, "", as_table(shown), *self._more(most), *(["", *self.notes] if self.notes else [])]
        return "\n".join(lines)

    def __repr__(self) -> str:
        return self.text()

    def _repr_html_(self) -> str:
        table = html_table(self._headings(), map(self._cells, self.ranked[:SHOWN]), words=[len(self._headings()) - 1])
        notes = "".join(f'<p class="ab-note">{for_html(note)}</p>' for note in (*self._more(SHOWN), *self.notes))
        lead = f'<p class="ab-lead">{for_html(self.summary)}</p>'
        return Fragment(f'<div class="ab-stack">{lead}{table}<div>{notes}</div></div>', "")._repr_html_()

    def _more(self, most: int | None) -> Sequence[str]:
        left = 0 if most is None else len(self.ranked) - most
        return [self._t("more", left=left)] if left > 0 else []

    def _headings(self) -> tuple[str, ...]:
        metric = t(self.locale, f"short.{self.ranking.evidence.metric}")
        pool = ("pool",) if self._has_pools else ()
        names = ("name", *pool, "count", "seen", "expected", "index", "best", "share", "verdict")
        return tuple(self._t(f"head_{name}", metric=metric) for name in names)

    def _cells(self, each: Ranked) -> tuple[str, ...]:
        evidence = self.ranking.evidence
        shown = [
            UNKNOWN if value is None else format_metric(evidence.metric, value, evidence.currency, self.locale)
            for value in (each.seen, each.expected)
        ]
        low, middle, high = (
            format_ratio(value, self.locale) for value in (each.index_low, each.index, each.index_high)
        )
        return (
            each.name,
            *((each.pool,) if self._has_pools else ()),
            f"{each.count:.0f}",
            *shown,
            f"{middle} ({low}–{high})",
            *(
                UNKNOWN if each.verdict == "not_aimed" else format_share(share, self.locale, decimals=0)
                for share in (each.probability_best, each.share)
            ),
            self._t(f"verdict_{each.verdict}"),
        )

    @property
    def _has_pools(self) -> bool:
        return self.ranking.within == "group"

    def _t(self, key: str, **values: Any) -> str:
        return t(self.locale, f"ranking.{key}", **values)
