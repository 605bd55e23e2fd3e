"""How much of a client's results is known at each age, learnt from how its own results have grown."""

from collections.abc import Mapping
from typing import Literal

from aibuyer_kit.access.clients import ClientContext
from aibuyer_kit.core.dates import time_zone
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.results import ResultSetting
from aibuyer_kit.features.maturity import MaturityPoint, Observation, maturity_curve
from aibuyer_kit.warehouse.read import AsOf, Reader
from aibuyer_kit.workflows.what_counts import result_setting

ResultMetric = Literal["results", "revenue"]
_COLUMNS: Mapping[ResultMetric, str] = {"results": "results", "revenue": "revenue_micros"}


def client_maturity(
    context: ClientContext,
    reader: Reader,
    metric: ResultMetric = "results",
    *,
    window: str = "",
    as_of: AsOf | None = None,
) -> dict[str, tuple[MaturityPoint, ...]]:
    """Return one curve per ad account, for one attribution window (the client's own unless said), as known then."""
    own = result_setting(context)
    setting = ResultSetting(own.action_type, window or own.window)
    curves = {}
    for account in reader.entities(Level.ACCOUNT, as_of=as_of).rows():
        zone = time_zone(account["time_zone"] or "UTC")
        rows = reader.development(account["account_id"], zone, result=setting, as_of=as_of).rows()
        seen = [Observation(row["date"], row["age_days"], row[_COLUMNS[metric]]) for row in rows]
        curves[account["account_id"]] = maturity_curve(seen)
    return curves
