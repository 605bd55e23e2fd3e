"""Response curves of a client: what was known of its arms, its lift tests, and what is learnt from both."""

from datetime import date, timedelta
from typing import cast, get_args

from aibuyer_kit.access.clients import ClientContext
from aibuyer_kit.access.experiments_file import client_experiments
from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import InputError, NotFoundError
from aibuyer_kit.features.panel import DailyPanel
from aibuyer_kit.planning.curves import ValueOf
from aibuyer_kit.planning.response.arms import by_budget
from aibuyer_kit.planning.response.experiments import Experiment
from aibuyer_kit.planning.response.learn import learn_response
from aibuyer_kit.planning.response.response import Response
from aibuyer_kit.planning.response.usual import MODEL, UsualModel
from aibuyer_kit.warehouse.as_of import AsOf
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.workflows.champions import Champions
from aibuyer_kit.workflows.no_results import leads_back
from aibuyer_kit.workflows.panel import read_panel
from aibuyer_kit.workflows.period import account_today, client_clock, parse_as_of

# More than a year, so that the season can be told from what spend does.
USUAL_DAYS = 400
LEVELS = ("budget", "campaign", "adset", "ad")


@leads_back
def client_curves(
    context: ClientContext,
    *,
    level: str = "budget",
    days: int = USUAL_DAYS,
    value_of: ValueOf | None = None,
    as_of: str = "",
) -> Response:
    """Return the curves as a command shows them; see `response_of`."""
    return response_of(
        context,
        Reader(context.warehouse),
        level=level,
        days=days,
        value_of=value_of,
        as_of=parse_as_of(as_of) if as_of else None,
    )


@leads_back
def response_of(
    context: ClientContext,
    reader: Reader,
    *,
    level: str = "budget",
    days: int = USUAL_DAYS,
    value_of: ValueOf | None = None,
    as_of: AsOf | None = None,
) -> Response:
    """Return the response of every object of `level` that spent something in the last `days` that are over.

    The level `budget` is what has a budget of its own: ad sets, and campaigns that share theirs. Lift tests are those
    of `experiments.csv` in the client's folder; what is usual of arms with a budget is what the model in force then
    says, if there is one. Raises InputError, ExperimentError, NotFoundError, MixedCurrencyError,
    RateError.
    """
    if level not in LEVELS:
        raise InputError(f"There are no curves of the level {level!r}. Known: {', '.join(LEVELS)}.")
    if days < 1:
        raise InputError(f"days is {days}; give 1 or more, and better a year than a month.")
    panel = _panel(context, reader, level, days, as_of)
    tests = [Experiment(**vars(row)) for row in client_experiments(context)]
    known = [test for test in tests if test.known_from <= panel.known_at.date()]
    settings, moment = context.settings, client_clock(context, reader, as_of=as_of).now()
    usual, note = None, ""
    if level == "budget":
        usual, note = Champions(context).at(MODEL, moment, settings.locale)
    told = usual.usual if isinstance(usual, UsualModel) else None
    learnt = learn_response(panel, known, value_of=value_of, usual=told)
    unused = len(tests) - len(learnt.tests)
    return Response(settings.name, settings.locale, panel.days, panel.load_id, learnt, unused, note)


def known_value(name: str) -> ValueOf | None:
    """Return what a person asked to count, None for nothing. Raises InputError that lists what there is."""
    for known in get_args(ValueOf):
        if name == known:
            return cast("ValueOf", known)
    if name:
        raise InputError(f"Curves cannot be of {name!r}. Known: {', '.join(get_args(ValueOf))}.")
    return None


def _panel(context: ClientContext, reader: Reader, level: str, days: int, as_of: AsOf | None) -> DailyPanel:
    freshness = reader.freshness(as_of=as_of)
    yesterday = account_today(context, reader, as_of=as_of) - timedelta(days=1)
    until = min(yesterday, freshness.last_day or yesterday)
    since = max(until - timedelta(days=days - 1), freshness.first_day or date.min)
    if since > until:
        raise NotFoundError("No day that is over is known yet. What is known: aibuyer status")
    of = Level.ADSET if level == "budget" else Level(level)
    panel = read_panel(context, reader, of, DateRange(since, until), as_of=as_of)
    return by_budget(panel) if level == "budget" else panel
