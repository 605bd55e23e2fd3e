"""Whether what counts as a result fits what the accounts report; every finding names its cure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from aibuyer_kit.access.clients import ClientContext
from aibuyer_kit.core.action_types import overlapping
from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import NotFoundError, RateError
from aibuyer_kit.warehouse.as_of import AsOf
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.warehouse.shown import Shown
from aibuyer_kit.workflows.actions import reported_actions
from aibuyer_kit.workflows.what_counts import section_of, shown_in

_NAMES_LISTED = 3


def counting_problems(context: ClientContext) -> Iterator[str]:
    """Yield a sentence for each setting that does not fit the facts: objectives, results, names, rates.

    Raises RateError, SettingsError for a file of rates or a pattern that cannot be read.
    """
    reader = Reader(context.warehouse)
    shown = shown_in(context)
    try:
        fresh = reader.freshness()
    except NotFoundError:
        return
    if fresh.first_day is None or fresh.last_day is None:
        return
    days = DateRange(fresh.first_day, fresh.last_day)
    yield from _unknown_objectives(context, reader)
    yield from map(str, never_reported(context, reader, days))
    yield from _unnamed(context, reader)
    if shown is not None:
        yield from _missing_rates(shown, reader, days)


def _unknown_objectives(context: ClientContext, reader: Reader) -> Iterator[str]:
    found = {row["objective"] for row in reader.entities(Level.CAMPAIGN).rows() if row["objective"]}
    for objective in context.settings.results:
        if objective not in found:
            listed = ", ".join(sorted(found)) or "none that is known"
            yield f"[results.{objective}]: no campaign has this objective. The account's: {listed}"


@dataclass(frozen=True)
class NeverReported:
    """Campaigns of one objective ('' where it is not known) that never report the result which counts for them.

    `counts` is what they do report, by action type; `section` is the one of client.toml that says what counts.
    """

    objective: str
    section: str
    action_type: str
    counts: Mapping[str, int]

    def __str__(self) -> str:
        section = f"[results.{self.section}]" if self.section else "[result]"
        whose = self.objective or "the account"
        return f"{section}: {whose} never reports {self.action_type!r}. {self._cure()}"

    def _cure(self) -> str:
        same = overlapping(self.action_type, self.counts)
        if same:
            return f"The same event is reported as {_listed(self.counts, same)}: choose one as action_type"
        if not self.objective:
            return f"It reports {_listed(self.counts, self.most)}: choose one of them"
        cure = f"say what counts in a section [results.{self.objective}] of its own"
        return f"It reports {_listed(self.counts, self.most)}: {cure}"

    @property
    def most(self) -> tuple[str, ...]:
        """The action types that are reported most."""
        return tuple(sorted(self.counts, key=lambda name: -self.counts[name])[:_NAMES_LISTED])


def never_reported(
    context: ClientContext, reader: Reader, days: DateRange, *, as_of: AsOf | None = None
) -> list[NeverReported]:
    """Return the objectives whose campaigns report something on these days, and nothing that counts for them."""
    by_objective: dict[str, dict[str, int]] = {}
    for row in reported_actions(context, reader, days, as_of=as_of):
        by_objective.setdefault(row["objective"] or "", {})[row["action_type"]] = row["total"] or 0
    found = []
    for objective, counts in by_objective.items():
        wanted = context.settings.rules.of(objective).action_type
        if wanted not in counts:
            found.append(NeverReported(objective, section_of(context, objective), wanted, counts))
    return found


def _unnamed(context: ClientContext, reader: Reader) -> Iterator[str]:
    for rule in context.settings.naming.rules():
        objects = reader.names_told(rule)
        wrong = [each.name for each in objects if each.values is None]
        if wrong:
            names = ", ".join(repr(name[:80]) for name in wrong[:_NAMES_LISTED])
            more = " …" if len(wrong) > _NAMES_LISTED else ""
            yield f"[naming] {rule.level}: {len(wrong)} of {len(objects)} names do not follow it: {names}{more}"


def _missing_rates(shown: Shown, reader: Reader, days: DateRange) -> Iterator[str]:
    for currency in reader.currencies(days):
        missing = [day for day in days if not _has_rate(shown, currency, day)]
        if missing:
            yield (
                f"[money]: no rate from {currency} to {shown.currency} for {len(missing)} of {len(days)} days, the"
                f" last one {missing[-1]}. Figures of these days cannot be shown"
            )


def _has_rate(shown: Shown, currency: str, day: date) -> bool:
    try:
        shown.rates.rate(currency, shown.currency, day)
    except RateError:
        return False
    return True


def _listed(counts: Mapping[str, int], names: Iterable[str]) -> str:
    return ", ".join(f"{name} ({counts[name]:,})" for name in names) or "nothing"
