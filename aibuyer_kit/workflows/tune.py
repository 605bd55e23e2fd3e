"""Tuning: thresholds of a rule, or parameters of a model, tried on older days and reported on newer ones.

Nothing is changed by it: what a rule should say is told as a command to look at, and parameters of a model make a
challenger that has to win its contest.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np

from aibuyer_kit.access.clients import ClientContext
from aibuyer_kit.core.errors import AibuyerError, InputError, NotFoundError, RegistryError
from aibuyer_kit.core.escape import for_html
from aibuyer_kit.core.i18n import format_count, format_share, t
from aibuyer_kit.core.money import MICROS_PER_UNIT
from aibuyer_kit.core.text_table import as_table, headed
from aibuyer_kit.features.panel import DailyPanel
from aibuyer_kit.features.trainable import Parameters, Trainable
from aibuyer_kit.features.windows import Floats
from aibuyer_kit.measurement.backtest import backtest
from aibuyer_kit.measurement.contest import MARGIN
from aibuyer_kit.measurement.tuning import (
    Agreement,
    Costs,
    Scene,
    agreement,
    beyond_targets,
    direction_of,
    drivers,
    split,
    split_days,
)
from aibuyer_kit.measurement.tuning import tune as tune_thresholds
from aibuyer_kit.registry.tracking import of_file
from aibuyer_kit.rules.language import Rule
from aibuyer_kit.rules.subjects import is_in
from aibuyer_kit.rules.table import Table, columns_of
from aibuyer_kit.rules.versions import differences
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.workflows.evaluation_programs import Programs
from aibuyer_kit.workflows.evidence import Evidence
from aibuyer_kit.workflows.past_panels import PastPanels
from aibuyer_kit.workflows.round import Progress
from aibuyer_kit.workflows.what_counts import section_of, section_targets

if TYPE_CHECKING:
    import optuna

FILE_NAME = "tuning.sqlite3"
HORIZON_DAYS = 7
_MORNING = time(10, tzinfo=UTC)
_LEAST_PROVEN_DAYS = 7
_MANY_TIMES = 5  # from so many times as many matches on, it is said
_COMPILE_FROM = 400  # verdicts of a table from which on a compiled rule is faster, when it is asked a hundred times


@dataclass(frozen=True)
class TunedRule:
    """A rule's thresholds as they are and as best found, each on the older days and on the newer ones.

    `importance` is each threshold's share of how much outcomes differed between trials, `drivers` the figures that
    matches hang on; `known_now` tells of how many days only today's knowledge was at hand. `proven` is what was
    reported on the newer days that are told as they were known then: of those alone it can be said that less was lost.
    `beyond` are thresholds that act on what keeps the client's target, with the target.
    """

    rule_id: str
    trials: int
    pruned: int
    changes: tuple[tuple[str, Any, Any], ...]
    tuned: tuple[Agreement, Agreement]
    reported: tuple[Agreement, Agreement]
    tuned_days: tuple[date, date]
    reported_days: tuple[date, date]
    importance: Mapping[str, float]
    drivers: Mapping[str, float]
    known_now: int
    holds: bool
    currency: str
    locale: str
    proven: tuple[Agreement, Agreement]
    beyond: tuple[tuple[str, Decimal, float], ...] = ()

    @property
    def is_told(self) -> bool:
        """Whether enough of the newer days are told as they were known then."""
        return self.proven[0].moments >= _LEAST_PROVEN_DAYS

    @property
    def is_better(self) -> bool:
        """Whether it also costs less on days that it was not chosen on, as they were known then."""
        costs_less = self.proven[1].cost < self.proven[0].cost
        return self.holds and bool(self.changes) and self.is_told and costs_less

    def rows(self) -> list[dict[str, Any]]:
        """Return one row for each version and part of the days."""
        parts = (("older", self.tuned_days, self.tuned), ("newer", self.reported_days, self.reported))
        return [
            {
                "days": t(
                    self.locale,
                    "tuning.span",
                    part=t(self.locale, f"tuning.{name}"),
                    since=str(days[0]),
                    until=str(days[1]),
                ),
                "thresholds": t(self.locale, f"tuning.{said}"),
                "matched": each.matched,
                "objects_share": format_share(each.objects_share, self.locale, 0),
                "spend_share": format_share(each.spend_share, self.locale, 0),
                "right": each.right,
                "wrong": each.wrong,
                "missed": each.missed,
                "right_share": round(each.right_share, 3),
                f"wrong_{self.currency}": round(each.wrong_money, 2),
                f"missed_{self.currency}": round(each.missed_money, 2),
                "cost": round(each.cost, 2),
            }
            for name, days, pair in parts
            for said, each in zip(("today", "found"), pair, strict=True)
        ]

    def sentence(self) -> str:
        """Return what came of it in the reader's language."""
        if not self.changes:
            return t(self.locale, "tuning.as_it_is", trials=self.trials)
        if not self.holds:
            return t(self.locale, "tuning.broken", trials=self.trials)
        before, after = (each.cost for each in (self.proven if self.is_told else self.reported))
        gain = format_share(abs(1 - after / before) if before else 0.0, self.locale, 1)
        said = [t(self.locale, "tuning.tried", count=self.trials)]
        said.append(t(self.locale, "tuning.better" if after < before else "tuning.not_better", gain=gain))
        if not self.is_told:
            said.append(t(self.locale, "tuning.not_proven", days=self.proven[0].moments, least=_LEAST_PROVEN_DAYS))
        elif self.known_now:
            said.append(t(self.locale, "tuning.known_now", days=format_count(self.known_now, self.locale)))
        return " ".join(said)

    def warnings(self) -> tuple[str, ...]:
        """Return what a reader must know before thresholds that were found are taken."""
        found = []
        for metric, value, target in self.beyond:
            names = {"metric": t(self.locale, f"metric.{metric}"), "value": f"{value:f}", "target": f"{target:g}"}
            found.append(t(self.locale, "tuning.beyond_target", **dict[str, Any](names)))
        before, after = self.reported
        if self.changes and after.matched >= _MANY_TIMES * max(before.matched, 1):
            told: dict[str, Any] = {
                "objects": format_share(after.objects_share, self.locale, 0),
                "spend": format_share(after.spend_share, self.locale, 0),
                "before": format_count(before.matched, self.locale),
                "after": format_count(after.matched, self.locale),
            }
            found.append(t(self.locale, "tuning.many_more", **told))
        return tuple(found)

    def command(self) -> str:
        """Return the command that shows what the thresholds found would change."""
        changed = " ".join(f"--set {path}={_plain(value)}" for path, _, value in self.changes)
        return f"aibuyer rules diff {self.rule_id} {changed}" if self.is_better else ""

    def __repr__(self) -> str:
        said = [{"place": path, "today": _plain(now), "best_found": _plain(best)} for path, now, best in self.changes]
        blocks = [self.sentence(), *self.warnings(), self._table(self.rows())]
        if said:
            blocks.append(self._table(said))
        for title, found in (("importance", self.importance), ("drives_matches", self.drivers)):
            if found:
                blocks.append(self._table([{title: name, "value": round(value, 3)} for name, value in found.items()]))
        return "\n\n".join(blocks)

    def _table(self, rows: Sequence[Mapping[str, Any]]) -> str:
        return as_table(headed(rows, self.locale))

    def _repr_html_(self) -> str:
        return f"<pre>{for_html(repr(self))}</pre>"


@dataclass(frozen=True)
class TunedModel:
    """Parameters of a model as they are and as best found: mean losses on the older folds and on the newest ones.

    `until` is the last day whose outcomes took part in it.
    """

    name: str
    trials: int
    before: Parameters
    after: Parameters
    tuned: tuple[float, float]
    reported: tuple[float, float]
    importance: Mapping[str, float]
    until: date
    locale: str

    @property
    def is_better(self) -> bool:
        """Whether they are on the newer folds too, by more than next to nothing."""
        return self.after != self.before and self.reported[1] < self.reported[0] * (1.0 - MARGIN)

    def rows(self) -> list[dict[str, Any]]:
        return [
            {"weeks": t(self.locale, f"tuning.{name}"), "today": round(pair[0], 5), "best_found": round(pair[1], 5)}
            for name, pair in (("older", self.tuned), ("newer", self.reported))
        ]

    def __repr__(self) -> str:
        tried = t(self.locale, "tuning.tried", count=self.trials)
        said = f"{tried} {t(self.locale, 'tuning.model_better' if self.is_better else 'tuning.model_not_better')}"
        changed = [
            {"parameter": name, "today": self.before[name], "best_found": value} for name, value in self.after.items()
        ]
        weights = [{"importance": name, "value": round(value, 3)} for name, value in self.importance.items()]
        tables = [self.rows(), changed, *([weights] if weights else [])]
        return "\n\n".join([said, *(as_table(headed(rows, self.locale)) for rows in tables)])

    def _repr_html_(self) -> str:
        return f"<pre>{for_html(repr(self))}</pre>"


def tune_rule(
    context: ClientContext,
    rule: Rule,
    costs: Costs,
    *,
    days: int = 90,
    trials: int = 60,
    seed: int = 7,
    progress: Progress | None = None,
) -> TunedRule:
    """Look for better thresholds of a rule by what was later known. Raises InputError where there is too little."""
    direction_of(rule)
    reader = Reader(context.warehouse)
    try:
        past = PastPanels(context, reader, rule.of_level, days + 35)
        scenes, known_now = _scenes(context, reader, rule, past, days, progress)
        currency = past.all_days.currency
    finally:
        reader.close()
    older, newer = split(scenes, HORIZON_DAYS)
    programs = Programs(_COMPILE_FROM)

    def fired(candidate: Rule, table: Table) -> list[int]:
        return programs.looked([candidate], table)[0][0]

    last = max(each.day for each in scenes)
    weights = f"{costs.wrong:g}/{costs.missed:g}/{costs.most_share}/{costs.least_right}"
    loaded = past.all_days.load_id
    study = _study(context, f"rule {rule.id} {rule.revision} {days}d to {last} load {loaded} {weights}", seed)
    best, today = tune_thresholds(study, rule, older, costs, fired, trials=trials)
    both = (today, best)
    then = [each for each in newer if each.known_then]
    tuned, reported, proven = (
        tuple(agreement(each, part, costs, fired) for each in both) for part in (older, newer, then)
    )
    changes = tuple(differences(today, best))
    targets = _targets(scenes)
    beyond = beyond_targets(best, [path for path, _, _ in changes], targets)
    return TunedRule(
        rule_id=rule.id,
        trials=len(study.trials),
        pruned=sum(each.state.name == "PRUNED" for each in study.trials),
        changes=changes,
        tuned=(tuned[0], tuned[1]),
        reported=(reported[0], reported[1]),
        tuned_days=(older[0].day, older[-1].day),
        reported_days=(newer[0].day, newer[-1].day),
        importance=_importance(study),
        drivers=dict(list(drivers(best, newer, fired).items())[:5]),
        known_now=known_now,
        holds=not tuned[1].broken(costs),
        currency=currency,
        locale=context.settings.locale,
        proven=(proven[0], proven[1]),
        beyond=tuple((metric, value, targets.get(metric, 1.0)) for metric, _, value in beyond),
    )


def _targets(scenes: Sequence[Scene]) -> dict[str, float]:
    """Return the client's targets; where they differ by objective, the middle one."""
    known: dict[str, list[float]] = {}
    for scene in scenes:
        for name, values in scene.table.targets.items():
            known.setdefault(name, []).extend(values[np.isfinite(values)].tolist())
    return {name: float(np.median(values)) for name, values in known.items() if values}


def _plain(value: object) -> str:
    """Return a number as people write it, and whatever else as it is."""
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def tune_model(
    context: ClientContext, trainable: Trainable, before: Parameters, *, trials: int = 20, seed: int = 7
) -> TunedModel:
    """Look for better parameters of a model than `before`, on its older folds.

    Raises InputError where there are too few.
    """
    space = dict(trainable.space)
    if not space:
        raise InputError(f"{trainable.name} has no parameters that may be tuned.")
    reader = Reader(context.warehouse)
    try:
        past = PastPanels(context, reader, trainable.level, trainable.history_days)
        folds = past.folds(trainable)
        if len(folds) < 6:
            raise InputError(f"{len(folds)} weeks are too few to tune on the older and report on the newer ones.")
        # The outcomes of the last older fold are known before the first newer one.
        cut = max(3, len(folds) * 2 // 3)
        older, newer = folds[:cut], folds[cut:]

        def loss(parameters: Parameters, part: list[Any]) -> float:
            asked = []
            for fold in part:
                try:
                    asked.append((trainable.fit(fold.known, parameters, seed), fold))
                except AibuyerError:
                    continue
            found = backtest([each for each, _ in asked], [fold for _, fold in asked]).metrics()
            if "loss" not in found:
                raise InputError(f"{trainable.name}: nothing could be judged.")
            return found["loss"]

        until = past.last_day
        study = _study(
            context, f"model {trainable.name} {trainable.revision} load {past.all_days.load_id} to {until}", seed
        )
        now = {name: before[name] for name in space}
        if all(each.params != now for each in study.trials):
            study.enqueue_trial(now)
        study.optimize(lambda trial: loss(_suggested(trial, before, space), older), n_trials=trials)
        after = {**before, **study.best_params}
        of_now = loss(before, newer)
        reported = of_now, of_now if after == before else loss(after, newer)
        tried = next((each.value for each in study.trials if each.params == now and each.value is not None), None)
        tuned = loss(before, older) if tried is None else tried, float(study.best_value)
    finally:
        reader.close()
    return TunedModel(
        trainable.name,
        len(study.trials),
        before,
        after,
        tuned,
        reported,
        _importance(study),
        until,
        context.settings.locale,
    )


def _suggested(trial: "optuna.Trial", before: Parameters, space: Mapping[str, tuple[float, float]]) -> Parameters:
    chosen: dict[str, Any] = dict(before)
    for name, (low, high) in space.items():
        if isinstance(before[name], int):
            chosen[name] = trial.suggest_int(name, int(low), int(high), log=low > 0)
        else:
            chosen[name] = trial.suggest_float(name, low, high, log=low > 0)
    return chosen


def _scenes(
    context: ClientContext,
    reader: Reader,
    rule: Rule,
    past: PastPanels,
    days: int,
    progress: Progress | None,
) -> tuple[list[Scene], int]:
    """Return what the rule saw each morning whose next days are told, and of how many only today's knowledge is had."""
    panel = past.all_days
    last = past.last_day - timedelta(days=HORIZON_DAYS)
    asked = [last - timedelta(days=back) for back in reversed(range(days))]
    asked = [day for day in asked if day >= panel.days.since + timedelta(days=14)]
    columns = columns_of([rule])
    seen, known_now = list[tuple[date, bool, Table]](), 0
    newest = reader.freshness().load_id
    walks: dict[bool, Evidence] = {}
    for number, day in enumerate(asked, 1):
        moment, then = datetime.combine(day + timedelta(days=1), _MORNING), True
        try:
            load_id = reader.freshness(as_of=moment).load_id
        except NotFoundError:
            load_id, known_now, then = newest, known_now + 1, False
        before = walks.get(then)
        walks[then] = before.advanced(moment, load_id) if before else Evidence(context, reader, moment, load_id)
        seen += [(day, then, table) for table in walks[then].tables(rule.of_level, columns)]
        if progress:
            progress(str(day), number, len(asked))
    if not seen:
        return [], known_now
    # What a result costs on average is an estimate too: the days that are reported on have no part in it.
    _, newer_from = split_days([day for day, _, _ in seen], HORIZON_DAYS)
    worth = _worth(context, panel, newer_from)
    return [_scene(rule, day, table, panel, worth, then) for day, then, table in seen], known_now


def _scene(rule: Rule, day: date, table: Table, panel: DailyPanel, worth: Floats, known_then: bool) -> Scene:
    places = {each.id: place for place, each in enumerate(panel.objects)}
    first = (day - panel.days.since).days + 1
    days = slice(first, first + HORIZON_DAYS)
    placed = np.array([places.get(each.object_id, -1) for each in table.subjects], dtype=np.int64)
    outcome, spend = (
        np.append(values[days].sum(axis=0), np.nan)[placed]
        for values in (worth, panel.measure("spend") / MICROS_PER_UNIT)
    )
    named = np.array([is_in(rule.scope, each) for each in table.subjects], dtype=np.bool_)
    return Scene(day, table, named, outcome, spend, known_then)


def _worth(context: ClientContext, panel: DailyPanel, until: date) -> Floats:
    """Return what each object's day was worth less its cost, in units; what is still arriving counts as it is known.

    Its worth is its results at the target cost, or its revenue at the target return, or else its results at what they
    cost on average until a day.
    """
    early = panel.until(until)
    spend, results = panel.measure("spend") / MICROS_PER_UNIT, panel.measure("results")
    share = np.clip(panel.known_share, 0.0, 1.0)
    exposed = spend * share
    found = np.full(spend.shape, np.nan)
    for place, each in enumerate(panel.objects):
        targets = section_targets(context, section_of(context, each.objective))
        if "cpa" in targets:
            value = results[:, place] * targets["cpa"]
        elif "roas" in targets and "revenue" in panel.measures:
            value = panel.measure("revenue")[:, place] / MICROS_PER_UNIT / targets["roas"]
        else:
            value = results[:, place] * _average_cost(early, place)
        found[:, place] = value - exposed[:, place]
    return found


def _average_cost(panel: DailyPanel, place: int) -> float:
    same = [each.result_type == panel.objects[place].result_type for each in panel.objects]
    spend = float(np.nansum(panel.measure("spend")[:, same] * panel.known_share[:, same])) / MICROS_PER_UNIT
    results = float(np.nansum(panel.measure("results")[:, same]))
    return spend / results if results else 0.0


def _study(context: ClientContext, name: str, seed: int) -> "optuna.Study":
    """Return the study of this name, begun before or new; it lies in the client's folder."""
    import optuna
    from sqlalchemy.exc import SQLAlchemyError

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    context.models.mkdir(parents=True, exist_ok=True)
    path = context.models / FILE_NAME
    try:
        study = optuna.create_study(
            storage=of_file(path),
            study_name=name,
            load_if_exists=True,
            pruner=optuna.pruners.MedianPruner(n_startup_trials=10),
        )
        # A sampler that began anew with the same seed would draw again what was drawn before.
        study.sampler = optuna.samplers.TPESampler(seed=seed + len(study.trials))
    except SQLAlchemyError as error:
        said = str(getattr(error, "orig", None) or error).partition("\n")[0]
        raise RegistryError(f"{path} cannot be used ({said}). Remove it: trials begin anew.") from None
    return study


def _importance(study: "optuna.Study") -> dict[str, float]:
    """Return how much each parameter matters, by fANOVA; nothing where too few trials tell or none differs."""
    import optuna

    told = [each.value for each in study.trials if each.value is not None]
    if len(told) < 8 or len(set(told)) < 2:
        return {}
    found = optuna.importance.get_param_importances(
        study, evaluator=optuna.importance.FanovaImportanceEvaluator(n_trees=16, seed=7)
    )
    return {str(name): float(value) for name, value in found.items()}
