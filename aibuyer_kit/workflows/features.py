"""Features of a client's objects, as they were known at one moment."""

from collections.abc import Sequence
from functools import cache
from importlib.resources import files

from aibuyer_kit.access.clients import ClientContext
from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level
from aibuyer_kit.features.catalogue import CATALOGUE, make_features
from aibuyer_kit.features.panel import DailyPanel
from aibuyer_kit.features.view import View
from aibuyer_kit.features.windows import Floats
from aibuyer_kit.warehouse.as_of import AsOf
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.workflows.panel import read_panel


def client_features(
    context: ClientContext,
    reader: Reader,
    level: Level,
    days: DateRange,
    *,
    as_of: AsOf | None = None,
    ahead: int = 1,
    names: Sequence[str] = (),
) -> tuple[View, dict[str, Floats]]:
    """Return features by name (all unless said) of the days and `ahead` days after them, and what they were made of.

    Raises InputError for a feature that there is not, and what `read_panel` raises.
    """
    panel = read_panel(context, reader, level, days, as_of=as_of, besides=True)
    view = View(panel, ahead, country_of(context, panel))
    return view, make_features(view, names or tuple(CATALOGUE))


def country_of(context: ClientContext, panel: DailyPanel) -> str | None:
    """Return whose holidays count: the client's setting, or the country of the time zone that most of it lies in."""
    if context.settings.country:
        return context.settings.country
    zones = [each.time_zone for each in panel.objects]
    return zone_countries().get(max(sorted(set(zones)), key=zones.count)) if zones else None


@cache
def zone_countries() -> dict[str, str]:
    """Return the country of each time zone that lies in one, as the time zone database tells it.

    >>> zone_countries()["Europe/Kyiv"]
    'UA'
    """
    text = (files("tzdata") / "zoneinfo" / "zone.tab").read_text(encoding="utf-8")
    rows = [line.split("\t") for line in text.splitlines() if line and not line.startswith("#")]
    found = {row[2]: row[0] for row in rows}
    return found | {"Europe/Kiev": "UA"}
