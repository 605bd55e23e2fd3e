"""The built-in mapping: English and Ukrainian headers of an Ads Manager export, the currency among them."""

import re
from collections.abc import Iterable, Iterator
from collections.abc import Mapping as ReadOnly

from aibuyer_kit.connectors.csv_export import terms
from aibuyer_kit.connectors.csv_export.mapping import (
    ENTITY_LEVELS,
    UNNAMED_ACCOUNT,
    Columns,
    Mapping,
    RatioCheck,
    ResultColumns,
    TotalsRow,
)
from aibuyer_kit.connectors.csv_export.sheet import Sheet
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import ImportFileError
from aibuyer_kit.core.money import CURRENCIES

_SPENT = re.compile(rf"(?:{'|'.join(map(re.escape, terms.SPENT))}) \(([a-z]{{3}})\)", re.IGNORECASE)

EXAMPLE = """\
account_id = "my-shop"
currency = "EUR"
level = "campaign"
date_format = "%d/%m/%Y"          # where 1/2/2026 leaves it open
decimal = "."                     # where 1,234 leaves it open

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
    """Return the mapping of an English or Ukrainian Ads Manager export, of the finest level that its columns name.

    Raises ImportFileError that lists the headers found, what is missing, and what a mapping file looks like.
    """
    named = {_plain(name): name for name in reversed(sheet.header)}
    identities = _present(named, terms.IDENTITIES)
    days = _days(named)
    spent = [(name, match[1].upper()) for key, name in named.items() if (match := _SPENT.fullmatch(key))]
    missing = [
        *([] if days else ["'Day', or 'Reporting starts' and 'Reporting ends'"]),
        *([] if len(spent) == 1 and spent[0][1] in CURRENCIES else ["one 'Amount spent (EUR)' with its currency"]),
        *([] if identities else ["'Campaign name', 'Ad set name' or 'Ad name'"]),
    ]
    if missing:
        raise _not_an_export(sheet, missing)
    columns = Columns(**days, **identities, **_present(named, terms.COUNTS), spend=spent[0][0])
    level = _finest(columns)
    return Mapping(
        account_id=_account_id(_only_value(sheet, named, terms.ACCOUNT_ID) or UNNAMED_ACCOUNT),
        account_name=_only_value(sheet, named, terms.ACCOUNT_NAME),
        currency=spent[0][1],
        level=level,
        # Ads Manager's totals name nothing at all; a row that names a campaign and no ad is not one of them.
        totals_row=TotalsRow(column=_widest_identity(columns), equals=""),
        # Ads Manager leaves the cell empty where a result was asked for and none came.
        empty_actions="none",
        columns=columns,
        actions=_present(named, terms.ACTIONS),
        results=_results(named),
        action_values=_present(named, terms.ACTION_VALUES),
        breakdowns=_present(named, terms.BREAKDOWNS),
        ratios=list(_ratios(named, columns)),
    )


def _account_id(text: str) -> str:
    """Return the id as the platform writes it: an export leaves out act_, and one account would look like two."""
    number = text.strip().removeprefix("act_")
    return f"act_{number}" if number.isascii() and number.isdigit() else text


def _plain(header: str) -> str:
    return " ".join(header.replace("’", "'").casefold().split())


def _found(named: ReadOnly[str, str], headers: Iterable[str]) -> str | None:
    return next((named[key] for key in map(_plain, headers) if key in named), None)


def _present(named: ReadOnly[str, str], wanted: ReadOnly[str, Iterable[str]]) -> dict[str, str]:
    return {key: column for key, headers in wanted.items() if (column := _found(named, headers))}


def _days(named: ReadOnly[str, str]) -> dict[str, str]:
    if day := _found(named, terms.DAY):
        return {"date": day}
    found = _present(named, {"date": terms.STARTS, "date_stop": terms.ENDS})
    return found if len(found) == 2 else {}


def _results(named: ReadOnly[str, str]) -> ResultColumns | None:
    found = _present(named, terms.RESULTS)
    return ResultColumns(**found) if len(found) == 2 else None


def _ratios(named: ReadOnly[str, str], columns: Columns) -> Iterator[RatioCheck]:
    for headers, of, per, times in terms.RATIOS:
        if (column := _found(named, headers)) and columns.of(of) and columns.of(per):
            yield RatioCheck(column=column, of=of, per=per, times=times)


def _finest(columns: Columns) -> Level:
    return next(level for level in reversed(ENTITY_LEVELS) if columns.identity(level))


def _widest_identity(columns: Columns) -> str:
    return next(column for level in ENTITY_LEVELS if (column := columns.identity(level)))


def _only_value(sheet: Sheet, named: ReadOnly[str, str], headers: Iterable[str]) -> str | None:
    header = _found(named, headers)
    if header is None:
        return None
    values = sorted(filter(str.strip, sheet.distinct(header)))
    if len(values) > 1:
        raise ImportFileError(
            f"{sheet.path}: the column {header!r} holds {len(values)} accounts ({', '.join(values[:3])} …). "
            "Export one account at a time."
        )
    return values[0] if values else None


def _not_an_export(sheet: Sheet, missing: list[str]) -> ImportFileError:
    return ImportFileError(
        f"{sheet.path}: these are not the headers of an Ads Manager export in English or Ukrainian. "
        f"Found: {', '.join(sheet.header)}. Missing: {'; '.join(missing)}. "
        f"Give a mapping file that says what the columns mean, such as:\n\n{EXAMPLE}"
    )
