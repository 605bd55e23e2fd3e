"""Training what is due, and letting a new model replace the old one only if it wins a paired backtest."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import filelock

from aibuyer_kit.access.clients import ClientContext
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import (
    AibuyerError,
    ArtefactError,
    InputError,
    NotFoundError,
    RegistryError,
    TooLittleError,
)
from aibuyer_kit.core.escape import for_html
from aibuyer_kit.core.i18n import format_share, t
from aibuyer_kit.core.text_table import as_table, headed
from aibuyer_kit.features.trainable import Fold, Model, Parameters, Trainable, trained
from aibuyer_kit.measurement.backtest import Backtest, backtest, paired
from aibuyer_kit.measurement.contest import LEAST_FOLDS, Contest, contest
from aibuyer_kit.measurement.drift import drift
from aibuyer_kit.measurement.monitoring import failing, moved
from aibuyer_kit.registry.records import CHALLENGER, CHAMPION, ModelRecord
from aibuyer_kit.registry.registry import Registry
from aibuyer_kit.settings.workspace_settings import Settings
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.workflows.champions import open_registry
from aibuyer_kit.workflows.past_panels import PastPanels, spans
from aibuyer_kit.workflows.period import client_clock
from aibuyer_kit.workflows.round import Progress
from aibuyer_kit.workflows.trainables import trainable_of, trainables
from aibuyer_kit.workflows.tune import TunedModel, tune_model
from aibuyer_kit.workflows.upkeep_log import TunedParameters, Upkeep, UpkeepLog

_LEAST_FIRST_FOLDS = 3
_HARDLY = 0.05  # a loss that is less than so much below the floor's is hardly below it
_DRIFT_DAYS = 150
FIGURES = "figures"  # under which the drift of figures stands beside the models
Why = str  # a key of `learn` in the locales: first, damaged, scheduled, drifted, changed, asked


@dataclass(frozen=True)
class Lesson:
    """What came of one model: `state` is a key of `lesson` in the locales.

    promoted, kept (the champion stays), first (the first one, put in force), below_floor (no champion yet), not_due,
    too_little (there is too little to learn from yet), refused (it could not be learnt); `note` says why.
    """

    name: str
    state: str
    note: str = ""
    why: Why = ""
    record: ModelRecord | None = None
    contest: Contest | None = None

    def row(self, locale: str) -> dict[str, Any]:
        """Return it as one row of a table."""
        return {
            "model": self.name,
            "version": self.record.version if self.record else None,
            "outcome": t(locale, f"lesson.{self.state}"),
            "why": t(locale, f"learn.{self.why}") if self.why else "",
            "note": self.note or (contest_text(self.contest, locale) if self.contest else ""),
        }


@dataclass(frozen=True)
class Learnt:
    """What a round of training did, one lesson per model, and what figures have come to mean something else."""

    lessons: tuple[Lesson, ...]
    locale: str
    drift: tuple[str, ...] = ()

    def rows(self) -> list[dict[str, Any]]:
        return [each.row(self.locale) for each in self.lessons]

    @property
    def needs_a_look(self) -> bool:
        return bool(self.drift) or any(each.state == "refused" for each in self.lessons)

    def __repr__(self) -> str:
        return "\n".join([as_table(headed(self.rows(), self.locale)), *(f"DRIFT {each}" for each in self.drift)])

    def _repr_html_(self) -> str:
        return f"<pre>{for_html(repr(self))}</pre>"


def learn(
    context: ClientContext,
    settings: Settings,
    names: Sequence[str] = (),
    *,
    force: bool = False,
    progress: Progress | None = None,
) -> Learnt:
    """Train the models that are due, or those named; with `force` also what is not due.

    Raises NotFoundError before the first load or for a name that there is not, RegistryError while another process
    trains for this client.
    """
    wanted = [trainable_of(context, name) for name in names] or list(trainables(context))
    reader = Reader(context.warehouse)
    try:
        with _alone(context):
            school = _School(context, settings, reader)
            lessons = []
            for number, each in enumerate(wanted, 1):
                if progress:
                    progress(each.name, number, len(wanted))
                lessons.append(school.lesson(each, force=force))
            return Learnt(tuple(lessons), context.settings.locale, school.drift)
    finally:
        reader.close()


@contextmanager
def _alone(context: ClientContext) -> Iterator[None]:
    """Let nobody else change which models there are, or are wanted. Raises RegistryError while another one does."""
    context.models.mkdir(parents=True, exist_ok=True)
    try:
        with filelock.FileLock(context.models / "learn.lock", blocking=False):
            yield
    except filelock.Timeout:
        raise RegistryError(f"Another process is training models of {context.id!r}. Wait for it.") from None


def compare(context: ClientContext, settings: Settings, name: str, left: str, right: str) -> Contest:
    """Return whether the version or stage `right` beats `left` in a paired backtest. Raises NotFoundError."""
    trainable, registry = trainable_of(context, name), open_registry(context, settings)
    one, other = registry.find(name, left), registry.find(name, right)
    reader = Reader(context.warehouse)
    try:
        past = PastPanels(context, reader, trainable.level, trainable.history_days)
        folds = past.folds(trainable)
        tables = [_as_of_folds(trainable, registry, each, past, folds) for each in (one, other)]
        return contest(*paired(*tables))
    finally:
        reader.close()


def promote(context: ClientContext, settings: Settings, name: str, version: str, *, by: str) -> ModelRecord:
    """Put a version in force because a person says so, and note who did.

    Raises NotFoundError, and RegistryError while another process trains for this client.
    """
    registry, reader = open_registry(context, settings), Reader(context.warehouse)
    try:
        with _alone(context):
            found = registry.find(name, version)
            trainable_of(context, name).load(registry.files(found))
            now = client_clock(context, reader).now()
            return registry.set_stage(found, CHAMPION, reason=f"put in force by {by}", at=now)
    finally:
        reader.close()


def tune_parameters(context: ClientContext, name: str, *, trials: int, seed: int) -> TunedModel:
    """Tune a model's parameters; those that are better on newer weeks too make a challenger.

    It is learnt once there are enough weeks that had no part in finding them.
    """
    log, trainable = UpkeepLog(context.models), trainable_of(context, name)
    kept = log.tuned(name)
    before = {**trainable.parameters, **(kept.values if kept else {})}
    found = tune_model(context, trainable, before, trials=trials, seed=seed)
    if found.is_better:
        with _alone(context):
            log.put_tuned(name, TunedParameters(found.after, found.until))
    return found


def contest_text(found: Contest, locale: str) -> str:
    """Return what came of a contest, in the reader's language."""
    gain = format_share(abs(found.gain), locale, 1) if found.folds else ""
    said = t(locale, f"contest.{found.reason}", gain=gain)
    return said if not found.folds else f"{said} {t(locale, 'contest.over', folds=found.folds, objects=found.objects)}"


def beside_floor(metrics: Mapping[str, float], folds: int, locale: str) -> str:
    """Return how far a model's loss lies below or above that of the simplest estimate, in words."""
    loss, floor = metrics.get("loss"), metrics.get("floor_loss")
    if loss is None or not floor:
        return t(locale, "contest.untold")
    gain = 1 - loss / floor
    key = "above" if gain <= 0 else "hardly" if gain < _HARDLY else "below"
    told = t(locale, f"floor.{key}", gain=format_share(abs(gain), locale, 1), folds=folds)
    return told if folds >= _LEAST_FIRST_FOLDS else f"{told} {t(locale, 'floor.too_few', least=_LEAST_FIRST_FOLDS)}"


_IN_FORCE = {"damaged": "promoted"}  # what it is called that a model is put in force without a contest


class _School:
    """One round of training for one client."""

    def __init__(self, context: ClientContext, settings: Settings, reader: Reader) -> None:
        self._context, self._settings, self._reader = context, settings, reader
        self._registry = open_registry(context, settings)
        self._log = UpkeepLog(context.models)
        self._now = client_clock(context, reader).now()
        self._pasts: dict[tuple[Level, int], PastPanels] = {}
        self.drift = self._drift()

    def lesson(self, trainable: Trainable, *, force: bool) -> Lesson:
        """Train one model if it is due, and settle which version is in force from now on."""
        try:
            return self._lesson(trainable, force=force)
        except TooLittleError as error:
            self._log.put(trainable.name, Upkeep(self._now))
            return Lesson(trainable.name, "too_little", error.text(self._context.settings.locale))
        except (InputError, NotFoundError, ArtefactError) as error:
            kept = self._log.of(trainable.name)
            self._log.put(trainable.name, Upkeep(self._now, kept.until, kept.due_on, kept.findings, str(error)))
            return Lesson(trainable.name, "refused", str(error))

    def _past(self, trainable: Trainable) -> PastPanels:
        key = trainable.level, trainable.history_days
        if key not in self._pasts:
            self._pasts[key] = PastPanels(self._context, self._reader, *key)
        return self._pasts[key]

    def _drift(self) -> tuple[str, ...]:
        """Return what has changed in the figures of the last three days, and note it; days too few tell nothing."""
        past = PastPanels(self._context, self._reader, Level.ADSET, _DRIFT_DAYS)
        try:
            found = tuple(map(str, drift(past.now)))
        except (InputError, NotFoundError):
            return ()
        self._log.put(FIGURES, Upkeep(self._now, past.last_day, findings=found))
        return found

    def _lesson(self, trainable: Trainable, *, force: bool) -> Lesson:
        past = self._past(trainable)
        try:
            past.all_days  # noqa: B018 - whether there is anything at this level
        except NotFoundError:
            raise TooLittleError("level", level=trainable.level.value) from None
        versions = self._registry.versions(trainable.name)
        champion = next((each for each in versions if CHAMPION in each.stages), None)
        folds = past.folds(trainable)
        findings: tuple[str, ...] = ()
        damage = ""
        if champion is not None:
            try:
                findings = _watched(trainable, trainable.load(self._registry.files(champion)), champion, past)
            except ArtefactError as error:
                damage = str(error)
                findings = (f"version {champion.version} cannot be used: {damage}",)
        parameters, held = self._parameters(trainable, champion, folds)
        newest = versions[0] if versions else None
        drifted = (*findings, *self.drift)
        why = self._why(trainable, newest, parameters, past.last_day, drifted, force=force)
        if damage:
            why = "damaged"
        if why is None:
            self._note(trainable, newest, findings)
            return Lesson(trainable.name, "not_due", self._waiting(trainable, parameters), record=champion)
        found = self._taught(trainable, None if damage else champion, parameters, past, held, why)
        if found.contest and found.contest.reason in ("worse", "no_better") and held is not folds:
            self._log.put_tuned(trainable.name, None)
        self._note(trainable, found.record, findings if found.state in ("kept", "below_floor") else ())
        return found

    def _parameters(
        self, trainable: Trainable, champion: ModelRecord | None, folds: Sequence[Fold]
    ) -> tuple[Parameters, Sequence[Fold]]:
        """Return the parameters to learn with, and the folds on which they may be judged.

        Those that tuning has found are judged on folds alone that had no part in it, and wait until there are enough,
        unless they are in force already: then both sides owe as much to their tuning.
        """
        is_current = champion is not None and champion.revision == trainable.revision
        in_force = {**trainable.parameters, **(champion.parameters if champion and is_current else {})}
        tuned = self._log.tuned(trainable.name)
        if tuned is None or (champion and {**in_force, **tuned.values} == in_force):
            return in_force, folds
        unseen = [fold for fold in folds if fold.origin >= tuned.until]
        if len(unseen) < LEAST_FOLDS:
            return in_force, folds
        return {**trainable.parameters, **tuned.values}, unseen

    def _waiting(self, trainable: Trainable, parameters: Parameters) -> str:
        """Return from when on parameters that tuning has found may compete; empty where none wait."""
        tuned = self._log.tuned(trainable.name)
        if tuned is None or {**parameters, **tuned.values} == dict(parameters):
            return ""
        day = tuned.until + timedelta(days=LEAST_FOLDS * max(7, trainable.horizon_days))
        return t(self._context.settings.locale, "learn.waits", day=str(day))

    def _why(
        self,
        trainable: Trainable,
        newest: ModelRecord | None,
        parameters: Parameters,
        last_day: date,
        findings: Sequence[str],
        *,
        force: bool,
    ) -> Why | None:
        if newest is None:
            return "first"
        if force:
            return "asked"
        if newest.revision != trainable.revision or dict(newest.parameters) != dict(parameters):
            return "changed"
        if newest.until + timedelta(days=self._settings.models.retrain_days) <= last_day:
            return "scheduled"
        # What has drifted is learnt anew once there is as much to learn from as one outcome takes.
        waited = (last_day - newest.until).days >= trainable.horizon_days
        return "drifted" if findings and waited else None

    def _taught(
        self,
        trainable: Trainable,
        champion: ModelRecord | None,
        parameters: Parameters,
        past: PastPanels,
        folds: Sequence[Fold],
        why: Why,
    ) -> Lesson:
        seed = self._settings.models.seed
        model = trainable.fit(past.now, parameters, seed)
        stand_ins = [_fitted(trainable, past, fold.origin, parameters, seed) for fold in folds]
        told = [(each, fold) for each, fold in zip(stand_ins, folds, strict=True) if each is not None]
        table = backtest([each for each, _ in told], [fold for _, fold in told])
        made = trained(trainable, model, past.now, parameters, seed, **table.metrics())
        if champion is None:
            metrics = table.metrics()
            good = len(told) >= _LEAST_FIRST_FOLDS and metrics.get("loss", 1.0) < metrics.get("floor_loss", 0.0)
            stage, state = (CHAMPION, _IN_FORCE.get(why, "first")) if good else (CHALLENGER, "below_floor")
            said = f"{why}: {spans(folds)}, loss {metrics.get('loss', 0):.4g}, floor {metrics.get('floor_loss', 0):.4g}"
            record = self._registry.keep(made, at=self._now, stage=stage, reason=said)
            note = beside_floor(table.metrics(), len(told), self._context.settings.locale)
            return Lesson(trainable.name, state, why=why, record=record, note=note)
        before = _as_of_folds(trainable, self._registry, champion, past, [fold for _, fold in told])
        outcome = contest(*paired(before, table))
        stage, state = (CHAMPION, "promoted") if outcome.is_won else (CHALLENGER, "kept")
        said = f"{why}: {contest_text(outcome, 'en')}"
        record = self._registry.keep(made, at=self._now, stage=stage, reason=said)
        return Lesson(trainable.name, state, why=why, record=record, contest=outcome)

    def _note(self, trainable: Trainable, newest: ModelRecord | None, findings: tuple[str, ...]) -> None:
        until = newest.until if newest else None
        due = until + timedelta(days=self._settings.models.retrain_days) if until else None
        self._log.put(trainable.name, Upkeep(self._now, until, due, findings))


def _watched(trainable: Trainable, model: Model, champion: ModelRecord, past: PastPanels) -> tuple[str, ...]:
    """Return what has come to be wrong with the model in force; nothing where all is well."""
    unseen = [fold for fold in past.folds(trainable) if fold.origin >= champion.until]
    found = list(failing(backtest([model] * len(unseen), unseen)))
    names, now = model.features(past.now)
    if names:
        found += moved(names, model.features(past.known_on(champion.until))[1], now)
    return tuple(map(str, found))


def _as_of_folds(
    trainable: Trainable, registry: Registry, record: ModelRecord, past: PastPanels, folds: Sequence[Fold]
) -> Backtest:
    """Return how a version did: itself on what it has not seen, and a stand-in before.

    That is a model of the same parameters that was learnt as long before the fold as the version is old now.
    """
    model = trainable.load(registry.files(record))
    age = timedelta(days=max(0, (past.last_day - record.until).days))
    asked: list[tuple[Model, Fold]] = []
    for fold in folds:
        is_unseen = fold.origin >= record.until and record.revision == trainable.revision
        found = model if is_unseen else _fitted(trainable, past, fold.origin - age, record.parameters, record.seed)
        if found is not None:
            asked.append((found, fold))
    return backtest([each for each, _ in asked], [fold for _, fold in asked])


def _fitted(trainable: Trainable, past: PastPanels, day: date, parameters: Parameters, seed: int) -> Model | None:
    """Return a model as it would have been learnt on a day; None where there was too little to learn from."""
    try:
        return trainable.fit(past.known_on(day), parameters, seed)
    except AibuyerError:
        return None
