"""The built-in mapping: English headers of an Ads Manager export, the currency among them."""

import re
from collections.abc import Mapping as ReadOnly

from aibuyer_kit.connectors.csv_export.mapping import ENTITY_LEVELS, Columns, Mapping, TotalsRow
from aibuyer_kit.connectors.csv_export.sheet import Sheet
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import ImportFileError
from aibuyer_kit.core.money import CURRENCIES

_IDENTITIES = {
    "campaign_id": "Campaign ID",
    "campaign_name": "Campaign name",
    "adset_id": "Ad set ID",
    "adset_name": "Ad set name",
    "ad_id": "Ad ID",
    "ad_name": "Ad name",
}
_COUNTS = {"impressions": "Impressions", "clicks": "Clicks (all)", "link_clicks": "Link clicks", "reach": "Reach"}
_ACTIONS = {
    "purchase": "Purchases",
    "lead": "Leads",
    "add_to_cart": "Adds to cart",
    "initiate_checkout": "Checkouts initiated",
    "add_payment_info": "Adds of payment info",
    "add_to_wishlist": "Adds to wishlist",
    "complete_registration": "Registrations completed",
    "view_content": "Content views",
    "search": "Searches",
    "landing_page_view": "Landing page views",
    "offsite_conversion.fb_pixel_purchase": "Website purchases",
    "offsite_conversion.fb_pixel_lead": "Website leads",
    "offsite_conversion.fb_pixel_add_to_cart": "Website adds to cart",
}
_ACTION_VALUES = {action_type: f"{header} conversion value" for action_type, header in _ACTIONS.items()}
_BREAKDOWNS = {
    "age": "Age",
    "gender": "Gender",
    "country": "Country",
    "region": "Region",
    "publisher_platform": "Platform",
    "platform_position": "Placement",
    "device_platform": "Device platform",
    "impression_device": "Impression device",
}
_SPENT = re.compile(r"amount spent \(([a-z]{3})\)")

EXAMPLE = """\
account_id = "my-shop"
currency = "EUR"
level = "campaign"
date_format = "%d/%m/%Y"

[columns]
date = "Date"
campaign_name = "Campaign"
spend = "Cost"
impressions = "Impressions"
clicks = "Clicks"

[actions]
purchase = "Orders"

[action_values]
purchase = "Revenue"
"""


def ads_manager_mapping(sheet: Sheet) -> Mapping:
    """Return the mapping of an English Ads Manager export, of the finest level that its columns name.

    Raises ImportFileError that lists the headers found, what is missing, and what a mapping file looks like.
    """
    named = {name.casefold(): name for name in reversed(sheet.header)}
    identities = _present(named, _IDENTITIES)
    days = _days(named)
    spent = [(name, match[1].upper()) for key, name in named.items() if (match := _SPENT.fullmatch(key))]
    missing = [
        *([] if days else ["'Day', or 'Reporting starts' and 'Reporting ends'"]),
        *([] if len(spent) == 1 and spent[0][1] in CURRENCIES else ["one 'Amount spent (EUR)' with its currency"]),
        *([] if identities else ["'Campaign name', 'Ad set name' or 'Ad name'"]),
    ]
    if missing:
        raise _not_an_export(sheet, missing)
    columns = Columns(**days, **identities, **_present(named, _COUNTS), spend=spent[0][0])
    level = _finest(columns)
    return Mapping(
        account_id=_only_value(sheet, named, "Account ID") or "ads_manager",
        account_name=_only_value(sheet, named, "Account name"),
        currency=spent[0][1],
        level=level,
        # Ads Manager's totals name nothing at all; a row that names a campaign and no ad is not one of them.
        totals_row=TotalsRow(column=_widest_identity(columns), equals=""),
        # Ads Manager leaves the cell empty where a result was asked for and none came.
        empty_actions="none",
        columns=columns,
        actions=_present(named, _ACTIONS),
        action_values=_present(named, _ACTION_VALUES),
        breakdowns=_present(named, _BREAKDOWNS),
    )


def _present(named: ReadOnly[str, str], wanted: ReadOnly[str, str]) -> dict[str, str]:
    return {key: named[header.casefold()] for key, header in wanted.items() if header.casefold() in named}


def _days(named: ReadOnly[str, str]) -> dict[str, str]:
    if "day" in named:
        return {"date": named["day"]}
    found = _present(named, {"date": "Reporting starts", "date_stop": "Reporting ends"})
    return found if len(found) == 2 else {}


def _finest(columns: Columns) -> Level:
    return next(level for level in reversed(ENTITY_LEVELS) if columns.identity(level))


def _widest_identity(columns: Columns) -> str:
    return next(column for level in ENTITY_LEVELS if (column := columns.identity(level)))


def _only_value(sheet: Sheet, named: ReadOnly[str, str], header: str) -> str | None:
    if header.casefold() not in named:
        return None
    place = sheet.places[named[header.casefold()]]
    values = sorted({cells[place] for _, cells in sheet.records if place < len(cells) and cells[place].strip()})
    if len(values) > 1:
        raise ImportFileError(
            f"{sheet.path}: the column {header!r} holds {len(values)} accounts ({', '.join(values[:3])} …). "
            "Export one account at a time."
        )
    return values[0] if values else None


def _not_an_export(sheet: Sheet, missing: list[str]) -> ImportFileError:
    return ImportFileError(
        f"{sheet.path}: these are not the English headers of an Ads Manager export. "
        f"Found: {', '.join(sheet.header)}. Missing: {'; '.join(missing)}. "
        f"Give a mapping file that says what the columns mean, such as:\n\n{EXAMPLE}"
    )
