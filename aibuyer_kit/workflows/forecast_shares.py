"""Which share of days' results is known where nobody has seen days grow to their end yet: as far as they were seen."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import numpy as np

from aibuyer_kit.access.clients import ClientContext
from aibuyer_kit.core.dates import account_date, time_zone
from aibuyer_kit.core.errors import InputError
from aibuyer_kit.core.i18n import t
from aibuyer_kit.core.results import ResultRules, ResultSetting
from aibuyer_kit.features.maturity import Observation, maturity_curve
from aibuyer_kit.features.panel import DailyPanel, PanelObject
from aibuyer_kit.features.windows import Floats
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.workflows.maturity import ARRIVED_AT_AGE_DAYS, learnt_from, observed_by_account

# Who has seen days grow for less than a week cannot say what they come to.
_LEAST_AGE_DAYS = 7


def with_shares_so_far(context: ClientContext, reader: Reader, panel: DailyPanel) -> tuple[DailyPanel, tuple[str, ...]]:
    """Return a panel with shares for accounts of which none is known, and what is to be said of them.

    A day counts as whole at the age up to which days were seen to grow, or when its attribution window has passed.
    Raises InputError where no day of any account is that old, with the day from which one is.
    """
    share, ages = panel.known_share.copy(), set[int]()
    alike: dict[tuple[str, ResultSetting], list[int]] = {}
    for place, each in enumerate(panel.objects):
        if np.isnan(share[:, place]).all():
            alike.setdefault((each.account_id, _setting(context.settings.rules, each)), []).append(place)
    for (account, setting), places in alike.items():
        found, age = _shares(reader, panel, account, setting)
        share[:, places] = found[:, None]
        ages.add(age)
    if not ages:
        return panel, ()
    if not np.isfinite(share).any():
        first = panel.days.since + timedelta(days=max(ages) + 1)
        raise InputError(
            f"It is not known yet how results arrive: only {len(panel.days)} days are known, and a day counts as whole"
            f" when it is {max(ages)} days old, or once daily syncs have seen days grow for {_LEAST_AGE_DAYS} days."
            f" What comes of results can be forecast from {first} on; spend, impressions and clicks now."
        )
    return replace(panel, known_share=share), (t(context.settings.locale, "forecast.whole_at", days=max(ages)),)


def _setting(rules: ResultRules, each: PanelObject) -> ResultSetting:
    """Return what counts as a result of an object; of an account the client's, or the first of its type."""
    own = rules.of(each.objective)
    return next((some for some in (own, *rules.settings()) if some.action_type == each.result_type), own)


def _shares(reader: Reader, panel: DailyPanel, account: str, setting: ResultSetting) -> tuple[Floats, int]:
    """Return the share of each day of a panel by its age, and the age from which it is all."""
    since = learnt_from(panel.known_at).since
    zone, seen = observed_by_account(reader, setting, "results", panel.load_id, since).get(
        account, (time_zone("UTC"), [])
    )
    by_age, today = _so_far(seen, ARRIVED_AT_AGE_DAYS[setting.window]), account_date(panel.known_at, zone)
    ages = np.array([(today - day).days for day in panel.days])
    found: Floats = np.append(by_age, 1.0)[np.clip(ages, 0, len(by_age))]
    return found, len(by_age)


def _so_far(seen: Sequence[Observation], arrived: int) -> Floats:
    """Return the share at each age before a day is whole, learnt from the oldest ages that were seen; else unknown."""
    oldest = min(arrived, max((each.age_days for each in seen), default=0))
    for whole in range(oldest, min(arrived, _LEAST_AGE_DAYS) - 1, -1):
        told = [point.share_known for point in maturity_curve(seen, mature_days=whole)][:-1]
        if None not in told[1:]:
            return np.array([np.nan if each is None else each for each in told], dtype=np.float64)
    return np.full(arrived, np.nan)
