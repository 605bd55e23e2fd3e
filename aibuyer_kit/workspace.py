"""What a notebook holds: a Workspace and its Clients. They only delegate to workflows and the warehouse's reader."""

import os
import warnings
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aibuyer_kit.access.clients import ClientContext, client_ids, open_client
from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import parse_level
from aibuyer_kit.core.errors import NotFoundError, QualityWarning
from aibuyer_kit.core.escape import for_html
from aibuyer_kit.settings.workspace_settings import Settings, read_settings
from aibuyer_kit.warehouse.as_of import AsOf
from aibuyer_kit.warehouse.read import Freshness, Reader
from aibuyer_kit.workflows.insights import known_breakdown, several, warn_of_nothing
from aibuyer_kit.workflows.period import Day, end_of, held_period, parse_as_of, resolve_period
from aibuyer_kit.workflows.quality import period_quality
from aibuyer_kit.workflows.report import Overview, client_overview
from aibuyer_kit.workflows.totals import EntityTotals, entity_totals
from aibuyer_kit.workflows.what_counts import read_facts
from aibuyer_kit.workflows.workspaces import find_workspace

if TYPE_CHECKING:
    import pandas as pd

    from aibuyer_kit.creatives.rank import Within
    from aibuyer_kit.creatives.told import RankingTold
    from aibuyer_kit.forecasting.nowcast_result import NowcastResult
    from aibuyer_kit.forecasting.result import Forecast
    from aibuyer_kit.forecasting.seasonal_result import Seasonal
    from aibuyer_kit.measurement.why.explanation import Why
    from aibuyer_kit.planning.curves import ResponseCurves, ValueOf
    from aibuyer_kit.planning.plan import Plan
    from aibuyer_kit.planning.request import Amount
    from aibuyer_kit.planning.response.response import Response
    from aibuyer_kit.workflows.maturity import ResultMetric
    from aibuyer_kit.workflows.model_book import ModelBook
    from aibuyer_kit.workflows.plan_arms import CampaignLimits
    from aibuyer_kit.workflows.proposal_book import ProposalBook
    from aibuyer_kit.workflows.reconcile import Reconciliation
    from aibuyer_kit.workflows.rule_book import RuleBook
    from aibuyer_kit.workflows.sync import SyncReport
    from aibuyer_kit.workflows.why import Period


# How the commands that serve notebooks and dashboards hand over what they show.
WORKSPACE_VARIABLE = "AIBUYER_WORKSPACE"
CLIENT_VARIABLE = "AIBUYER_CLIENT"


def open_workspace(folder: Path | str | None = None) -> "Workspace":
    """Return the workspace in `folder`, in AIBUYER_WORKSPACE, or the nearest one from the current folder upwards.

    Raises NotFoundError that says how to make one.
    """
    return Workspace(find_workspace(folder))


def load_example() -> "Workspace":
    """Return a workspace with one sample client, `sample-shop`; it is built on first use and needs no network."""
    from aibuyer_kit.workflows.example import example_workspace
    from aibuyer_kit.workflows.progress import tqdm_progress

    with tqdm_progress("Building the sample account") as progress:
        return Workspace(example_workspace(progress=progress))


def open_or_example(folder: Path | str = "") -> "Workspace":
    """Return the workspace in `folder` or in AIBUYER_WORKSPACE, which `aibuyer lab` hands over, or else the example."""
    named = folder or os.environ.get(WORKSPACE_VARIABLE, "")
    return open_workspace(named) if named else load_example()


class Workspace:
    """One folder with settings, clients, and the content that people edit."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.settings: Settings = read_settings(folder)

    @property
    def clients(self) -> tuple[str, ...]:
        """The ids of all clients, sorted."""
        return tuple(client_ids(self.folder))

    @property
    def first_client(self) -> str:
        """The id of AIBUYER_CLIENT, or the first one. Raises NotFoundError if there is none yet."""
        named = os.environ.get(CLIENT_VARIABLE, "")
        if not named and not self.clients:
            raise NotFoundError(f"The workspace {self.folder} has no clients yet. Add one: aibuyer client add")
        return named or self.clients[0]

    def client(self, client_id: str) -> "Client":
        """Return a client. Raises NotFoundError with the ids there are."""
        return Client(open_client(self.folder, client_id), self.settings)

    def __repr__(self) -> str:
        return f"Workspace({str(self.folder)!r}, clients: {', '.join(self.clients) or 'none yet'})"

    def _repr_html_(self) -> str:
        items = "".join(f"<li><code>{for_html(client_id)}</code></li>" for client_id in self.clients)
        return f"<p>Workspace <code>{for_html(self.folder)}</code></p><ul>{items or '<li>no clients yet</li>'}</ul>"


class Client:
    """One client: every call reads the newest published data anew."""

    def __init__(self, context: ClientContext, settings: Settings) -> None:
        self._context = context
        self._settings = settings
        self._reader = Reader(context.warehouse)

    @property
    def id(self) -> str:
        return self._context.id

    @property
    def name(self) -> str:
        return self._context.settings.name

    @property
    def locale(self) -> str:
        return self._context.settings.locale

    @property
    def targets(self) -> dict[str, float]:
        """Targets by metric; money in units of the accounts' currency."""
        return dict(self._context.settings.targets)

    def insights(
        self,
        level: str = "campaign",
        *,
        days: int | None = None,
        since: Day | None = None,
        until: Day | None = None,
        as_of: AsOf | str | None = None,
        breakdown: str | Sequence[str] = (),
        by: str | Sequence[str] = (),
    ) -> "pd.DataFrame":
        """Return one row per entity of `level` and day with all metrics; money in currency units, unknown is NA.

        `days` are full days that end yesterday (28 unless said), as `since` alone does; `as_of` is a load number or an
        aware moment: what was known then, counted by the settings of today. `breakdown` is "country", or several names
        as a list or with commas. `by`, in the same way, gives one row per day and value of dimensions instead: those of
        names (`[naming]` in client.toml) or "objective". Raises PeriodError, NotFoundError (also for a breakdown that
        was never loaded), WarehouseError, RateError, InputError; warns with LeftOutWarning, and with QualityWarning
        where days differ from the platform's own totals or rows were set aside. `.attrs["notes"]` holds these
        sentences, and the one that says how far results have arrived, in the client's language.
        """
        moment = parse_as_of(as_of)
        until = end_of(self._context, self._reader, since, until, as_of=moment)
        period = resolve_period(self._context, self._reader, days=days, since=since, until=until, as_of=moment)
        names, dimensions = known_breakdown(self._reader, breakdown, period), several(by)
        frame = read_facts(
            self._context, self._reader, parse_level(level), period, as_of=moment, breakdown=names, by=dimensions
        ).frame()
        if frame.empty:
            warn_of_nothing(self._reader, period, as_of=moment)
            return frame
        quality = period_quality(self._context, self._reader, period, as_of=moment, broken_down=bool(names))
        for doubt in quality.doubts("en"):
            warnings.warn(QualityWarning(doubt, in_doubt=True), stacklevel=2)
        frame.attrs["notes"] = list(quality.lines(self.locale))
        return frame

    def overview(
        self,
        *,
        days: int | None = None,
        since: Day | None = None,
        until: Day | None = None,
        as_of: AsOf | str | None = None,
    ) -> Overview:
        """Return totals, targets, campaigns and days of a period beside the period before it."""
        moment = parse_as_of(as_of)
        return client_overview(self._context, self._reader, days=days, since=since, until=until, as_of=moment)

    def why(
        self,
        metric: str,
        period: "Period" = "last week",
        against: "Period" = "the period before",
        *,
        level: str = "campaign",
        as_of: AsOf | str | None = None,
    ) -> "Why":
        """Return what a change of `metric` between two periods was made of, exactly, the main cause first.

        Periods are words ("last week", "last 7 days", "2026-05", "2026-05-01..2026-05-07"; `against` also "the week
        before") or a DateRange. `.by("adset")` looks further down. Raises UnknownMetricError, PeriodError, InputError
        where the metric is not known in one of the periods, NotFoundError, MixedCurrencyError, RateError.
        """
        from aibuyer_kit.workflows.why import explain_change

        moment = parse_as_of(as_of)
        return explain_change(self._context, self._reader, metric, period, against=against, level=level, as_of=moment)

    def plan(
        self,
        total_daily_budget: "Amount | None" = None,
        *,
        campaigns: "CampaignLimits | None" = None,
        curves: "ResponseCurves | None" = None,
        value_of: "ValueOf | None" = None,
        as_of: AsOf | str | None = None,
        **asked: Any,
    ) -> "Plan":
        """Return how to split a total a day over what has a budget of its own so that it brings the most.

        `asked` is what else a PlanRequest holds: least, most, step, groups, may_stop, held, stopped, start,
        unidentified, reset_loss, target_roas, target_cpa, days, day_weights, risk, spend_all. `campaigns` gives the
        least and the most of all arms of a campaign. `curves` are this client's unless others are given. Nothing is
        changed: the plan's `changes` tell what would carry it out. Raises PlanError that names limits which clash, and
        as `curves`.
        """
        from aibuyer_kit.planning.request import PlanRequest
        from aibuyer_kit.workflows.plan import plan_of

        moment = parse_as_of(as_of)
        question = PlanRequest(total_daily_budget=total_daily_budget, **asked)
        return plan_of(
            self._context, self._reader, question, campaigns=campaigns, curves=curves, value_of=value_of, as_of=moment
        )

    def curves(
        self,
        *,
        level: str = "budget",
        days: int = 400,
        value_of: "ValueOf | None" = None,
        as_of: AsOf | str | None = None,
    ) -> "Response":
        """Return what more or less spend brings, arm by arm, learnt from the last `days` and the client's lift tests.

        An arm is what has a budget of its own, or every object of `level`; `value_of` is gross_profit, revenue or
        results, by itself the first of these that is known. Lift tests are read from `experiments.csv` in the client's
        folder. Raises InputError, ExperimentError, NotFoundError, MixedCurrencyError, RateError.
        """
        from aibuyer_kit.workflows.curves import response_of

        moment = parse_as_of(as_of)
        return response_of(self._context, self._reader, level=level, days=days, value_of=value_of, as_of=moment)

    def held_period(self, since: date | None, until: date | None, *, as_of: AsOf | None = None) -> DateRange:
        """Return a period that a person chose. Raises PeriodError, in the client's language, if it is not held."""
        return held_period(self._context, self._reader, since, until, as_of=as_of)

    def totals(self, level: str, *, since: Day, until: Day, as_of: AsOf | None = None) -> tuple[EntityTotals, ...]:
        """Return the totals of every entity of `level` in a period, the largest spend first."""
        period = resolve_period(self._context, self._reader, since=since, until=until, as_of=as_of)
        return entity_totals(self._context, self._reader, parse_level(level), period, as_of=as_of)

    def actions(
        self,
        *,
        days: int | None = None,
        since: Day | None = None,
        until: Day | None = None,
        as_of: AsOf | str | None = None,
    ) -> "pd.DataFrame":
        """Return one row per objective and action type that the accounts report, with its count by window.

        `event` is what the type tells of: types of one event count it several times, so no sum over types is offered.
        """
        import pandas as pd

        from aibuyer_kit.workflows.actions import client_actions

        return pd.DataFrame(client_actions(self._context, days=days, since=since, until=until, as_of=as_of))

    def reach(
        self, level: str = "campaign", *, window_days: int = 7, ends: Day | None = None, as_of: AsOf | str | None = None
    ) -> "pd.DataFrame":
        """Return one row per object: people reached in the `window_days` (1, 7 or 28) that end on `ends`, or yesterday.

        Reach and frequency belong to a window and must not be summed over days: ask for the window that you mean.
        """
        moment = parse_as_of(as_of)
        if ends is None:
            day = resolve_period(self._context, self._reader, days=1, as_of=moment)
        else:
            day = resolve_period(self._context, self._reader, since=ends, until=ends, as_of=moment)
        return self._reader.reach(parse_level(level), window_days, day, as_of=moment).frame()

    def creatives(self, *, as_of: AsOf | str | None = None) -> "pd.DataFrame":
        """Return one row per creative: what the ads show."""
        moment = parse_as_of(as_of)
        return self._reader.creatives(as_of=moment).frame()

    def features(
        self,
        level: str = "adset",
        names: Sequence[str] = (),
        *,
        days: int | None = None,
        since: Day | None = None,
        until: Day | None = None,
        ahead: int = 1,
        as_of: AsOf | str | None = None,
    ) -> "pd.DataFrame":
        """Return one row per object and day, `ahead` days after the last included, with what models may look at.

        What each of them is, its unit and what it may look at: `aibuyer features`. NA is what was not known.
        """
        import pandas as pd

        from aibuyer_kit.workflows.features import client_features

        moment = parse_as_of(as_of)
        period = resolve_period(self._context, self._reader, days=days, since=since, until=until, as_of=moment)
        view, made = client_features(
            self._context, self._reader, parse_level(level), period, as_of=moment, ahead=ahead, names=names
        )
        objects = view.panel.objects
        rows = pd.MultiIndex.from_product([pd.to_datetime(list(view.days)), [each.id for each in objects]])
        frame = pd.DataFrame({name: values.ravel() for name, values in made.items()})
        frame.insert(0, "date", rows.get_level_values(0))
        frame.insert(1, "entity_id", rows.get_level_values(1))
        frame.insert(2, "name", [each.name for _ in view.days for each in objects])
        return frame

    def rank_creatives(
        self,
        metric: str = "",
        *,
        within: "Within" = "all",
        days: int | None = None,
        since: Day | None = None,
        until: Day | None = None,
        as_of: AsOf | str | None = None,
    ) -> "RankingTold":
        """Return creatives from the likeliest best on, with a suggested share each: among all, or `within="group"`.

        `metric` is roas, cpa, cvr or ctr. They are compared on the same people: what an ad set does to all of its ads
        says nothing of them. `.why(id)` tells what makes one as good as it is, `.why()` what moves them all.
        """
        from aibuyer_kit.workflows.ranking import rank_creatives

        return rank_creatives(self._context, metric, within=within, days=days, since=since, until=until, as_of=as_of)

    def rank_audiences(
        self,
        by: str = "adset",
        metric: str = "",
        *,
        within: "Within" = "all",
        days: int | None = None,
        since: Day | None = None,
        until: Day | None = None,
        as_of: AsOf | str | None = None,
    ) -> "RankingTold":
        """Return audiences from the likeliest best on, `by` adset, age_gender, country or placement.

        Ad sets that reach the same people are told: what they bring does not add up.
        """
        from aibuyer_kit.workflows.ranking import rank_audiences

        return rank_audiences(
            self._context, by, metric, within=within, days=days, since=since, until=until, as_of=as_of
        )

    def maturity(
        self,
        metric: "ResultMetric" = "results",
        *,
        action_type: str = "",
        window: str = "",
        days: int | None = 90,
        as_of: AsOf | None = None,
    ) -> "pd.DataFrame":
        """Return one row per account and age in days: the share of the final figure that is known by then.

        `metric` is results or revenue, of the client's own kind of result, or of the action type and attribution window
        that are named. It is learnt from the last `days`, None for all. A share that cannot be told yet is NA.
        """
        import pandas as pd

        from aibuyer_kit.workflows.maturity import client_maturity

        curves = client_maturity(
            self._context, self._reader, metric, action_type=action_type, window=window, days=days, as_of=as_of
        )
        rows = [(account, *vars(point).values()) for account, curve in curves.items() for point in curve]
        return pd.DataFrame(rows, columns=["account_id", "age_days", "share_known", "days_compared"])

    def forecast(
        self,
        metric: str = "results",
        horizon_days: int = 28,
        *,
        level: str = "campaign",
        plan: Mapping[str, float] | None = None,
        promotions: "Sequence[DateRange]" = (),
        as_of: AsOf | str | None = None,
    ) -> "Forecast":
        """Return what is expected of a metric from today on, of each object of `level` and in all, with intervals.

        `plan` gives daily budgets by object id in currency units (0 is a pause), for others they stay as they were of
        late; `promotions` are days of the past and to come. With `as_of`, from what was known then. `.why(id)` of the
        result tells what it is made of. Raises InputError, UnknownMetricError, NotFoundError, MixedCurrencyError.
        """
        from aibuyer_kit.workflows.forecast import client_forecast

        moment = parse_as_of(as_of)
        return client_forecast(
            self._context, self._reader, metric, horizon_days=horizon_days, level=level, plan=plan,
            promotions=promotions, as_of=moment,
        )  # fmt: skip

    def seasonal(
        self,
        metric: str = "results",
        *,
        level: str = "account",
        promotions: "Sequence[DateRange]" = (),
        as_of: AsOf | str | None = None,
    ) -> "Seasonal":
        """Return a metric as it is and without weekdays, the time of the year, holidays and promotions.

        Of each object of `level` and in all. Raises InputError where less than four weeks are known,
        UnknownMetricError, NotFoundError, MixedCurrencyError.
        """
        from aibuyer_kit.workflows.seasonal import client_seasonal

        moment = parse_as_of(as_of) if isinstance(as_of, str) else as_of
        return client_seasonal(self._context, self._reader, metric, level=level, promotions=promotions, as_of=moment)

    def nowcast(
        self, metric: str = "results", *, days: int = 7, level: str = "account", as_of: AsOf | str | None = None
    ) -> "NowcastResult":
        """Return today and the last `days` as they will be once all conversions have arrived, with intervals.

        `metric` is results, revenue, or a ratio with one of them (cpa, cvr, roas). A `level` below the account adds the
        sum of the days of each object. Raises InputError where it has not been seen yet how results grow,
        UnknownMetricError, NotFoundError.
        """
        from aibuyer_kit.workflows.nowcast import client_nowcast

        moment = parse_as_of(as_of)
        return client_nowcast(self._context, self._reader, metric, days=days, level=level, as_of=moment)

    def quarantine(self, *, resolved: bool = False, as_of: AsOf | str | None = None) -> "pd.DataFrame":
        """Return one row per row that could not be read and is still open; with `resolved` all that ever were."""
        moment = parse_as_of(as_of)
        return self._reader.quarantine(resolved=resolved, as_of=moment).frame()

    def reconciliation(
        self,
        *,
        days: int | None = None,
        since: Day | None = None,
        until: Day | None = None,
        as_of: AsOf | str | None = None,
    ) -> "Reconciliation":
        """Return how the sums over each level compare with the platform's own figures of the accounts, day by day."""
        from aibuyer_kit.workflows.reconcile import reconciliation

        moment = parse_as_of(as_of)
        period = resolve_period(self._context, self._reader, days=days, since=since, until=until, as_of=moment)
        return reconciliation(self._context, self._reader, period, as_of=moment)

    def drift_history(self, *, checks: int = 30) -> "pd.DataFrame":
        """Return one row per load, day, level and measure that differed at the end of one of the last `checks` days.

        Money is in micros; a difference that later reads have mended stays in the history.
        """
        import pandas as pd

        from aibuyer_kit.workflows.reconcile import Disagreement, drift_history

        rows = [
            {"load_id": load_id, **vars(each)}
            for load_id, each in drift_history(self._context, self._reader, checks=checks)
        ]
        return pd.DataFrame(rows, columns=["load_id", *Disagreement.__annotations__])

    def accounts(self) -> "pd.DataFrame":
        """Return one row per ad account."""
        return self._reader.entities(parse_level("account")).frame()

    def loads(self) -> "pd.DataFrame":
        """Return one row per load: what was read when, and what it changed."""
        return self._reader.loads().frame()

    @property
    def rules(self) -> "RuleBook":
        """The rules in force, by id: `client.rules["pause-costly-adsets"].preview()`."""
        from aibuyer_kit.workflows.rule_book import RuleBook

        return RuleBook(self._context)

    @property
    def models(self) -> "ModelBook":
        """The models that are kept: `client.models.learn()`, `client.models.explain("next-week-rate")`."""
        from aibuyer_kit.workflows.model_book import ModelBook

        return ModelBook(self._context, self._settings)

    @property
    def proposals(self) -> "ProposalBook":
        """What was proposed for this client, approved and done: `client.proposals.pending()`."""
        from aibuyer_kit.workflows.proposal_book import ProposalBook

        return ProposalBook(self._context)

    def freshness(self) -> Freshness:
        """Return the newest load and the days it covers. Raises NotFoundError before the first."""
        return self._reader.freshness()

    def sync(self) -> "SyncReport":
        """Read all accounts of this client into the warehouse and publish; stops when interrupted, losing nothing."""
        from aibuyer_kit.workflows.connect import client_connectors
        from aibuyer_kit.workflows.progress import tqdm_progress
        from aibuyer_kit.workflows.sync import sync_client

        connectors = client_connectors(self._context, self._settings.meta)
        with tqdm_progress(f"Syncing {self.id}") as progress:
            return sync_client(self._context, connectors, self._settings.sync, progress=progress)

    def __repr__(self) -> str:
        return f"Client({self.id!r}, name={self.name!r}, accounts={len(self._context.settings.accounts)})"

    def _repr_html_(self) -> str:
        return f"<p><b>{for_html(self.name)}</b> <code>{for_html(self.id)}</code></p>"
