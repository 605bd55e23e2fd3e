"""What a file may not do to what is known: add to it or replace it without being told to."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from aibuyer_kit.access.clients import ClientContext
from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import ImportFileError
from aibuyer_kit.core.money import plain_amount
from aibuyer_kit.warehouse.read import Reader

if TYPE_CHECKING:
    from aibuyer_kit.connectors.csv_export import ImportedFile

_FIRST_DAY = date(2004, 1, 1)
_SUMS = ("spend_micros", "impressions", "clicks")
_OTHER = (
    "If it is about another account, name it: aibuyer import FILE --account act_123 (or any name of yours), or export"
    " the column 'Account ID' too. "
)
_REPLACE = "If the file is all there is for its days, load it with --replace-days."

# Level, names of the breakdown, attribution.
Form = tuple[str, str, str]
_Group = tuple[str, date, date]
_Sums = dict[str, int | None]


def refuse_odd_days(found: "ImportedFile", exported_on: date) -> None:
    """Raise ImportFileError for days before 2004, and for days later than the file itself."""
    import pyarrow.compute as pc

    days = pc.min_max(found.facts["date"]).as_py()
    latest = exported_on + timedelta(days=1)  # somewhere it is tomorrow already
    if days["min"] < _FIRST_DAY or days["max"] > latest:
        raise ImportFileError(
            f"The file holds days from {days['min']} to {days['max']}; sound are {_FIRST_DAY} to {exported_on}, the"
            " file's own date. Nothing was loaded. Correct the day, or say how days are written:"
            " --date-format '%d/%m/%Y'."
        )


def refuse_synced_account(
    context: ClientContext, reader: Reader | None, found: "ImportedFile", *, beside_synced: bool
) -> None:
    """Raise ImportFileError if the file is about an account that is known otherwise, such as from its platform.

    With `beside_synced` days that no sync has read are let through. A file that does not name its account may be about
    any that is synced.
    """
    from aibuyer_kit.connectors.csv_export import UNNAMED_ACCOUNT

    own = (found.account.platform, found.account.account_id)
    known = _known_accounts(context, reader)
    twins = {pair for pair in known if pair != own and _bare(pair[1]) == _bare(own[1])}
    twins |= _with_its_campaigns(reader, found, own)
    configured = {("meta", account.id) for account in context.settings.accounts}
    if own in configured:
        raise ImportFileError(f"{_account(own)} is synced, and a file cannot restate it. Nothing was loaded.")
    for other in sorted(pair for pair in twins if pair[0] == own[0]):
        raise ImportFileError(
            f"The account {own[1]} is known as {other[1]}: it would count twice. Nothing was loaded. Write"
            f' account_id = "{other[1]}" in a mapping, or take the earlier file back with `aibuyer import-undo`.'
        )
    unnamed = own[1] == UNNAMED_ACCOUNT
    synced = twins or ({pair for pair in known if pair[0] != own[0]} if unnamed else set())
    if synced and not beside_synced:
        about = "does not say that it is about another account" if unnamed else "is about the same account"
        state = "synced" if synced <= configured else "known already"
        raise ImportFileError(
            f"{', '.join(map(_account, sorted(synced)))} is {state}, and this file {about}:"
            f" its figures would count twice. Nothing was loaded. {_OTHER if unnamed else ''}For days of it that are"
            " not known yet, say --beside-synced."
        )
    for other in sorted(synced):
        if days := _synced_days(reader, other, found.coverage):
            state = "synced" if other in configured else "known"
            raise ImportFileError(
                f"{_account(other)} is {state} for {days}, which would count twice. Nothing was loaded."
            )


def refuse_contradictions(reader: Reader, found: "ImportedFile", *, replace_days: bool) -> None:
    """Raise ImportFileError if the file's rows would change what counts otherwise than by restating a row.

    That is: another currency, an object known by its id that the file knows by its name (or the other way round), and,
    unless the days are replaced, sums of another level, breakdown or attribution that are not the same.
    """
    account = (found.account.platform, found.account.account_id)
    objects = reader.known_objects(*account, found.coverage, replaced=replace_days).rows()
    others = sorted({row["currency"] for row in objects} - {found.account.currency})
    if others:
        raise ImportFileError(
            f"The file is in {found.account.currency}, and the account {account[1]} is known in {', '.join(others)}: an"
            " account has one currency. Nothing was loaded. Give a mapping with the right currency or another"
            " account_id, or take the earlier file back with `aibuyer import-undo`."
        )
    _refuse_second_names(found, objects)
    if not replace_days:
        _refuse_other_sums(found, reader.known_figures(*account, found.coverage).rows())


def other_forms(reader: Reader, found: "ImportedFile") -> set[Form]:
    """Return the forms in which the file's account and days are known besides the file's own."""
    days = found.coverage
    rows = reader.known_figures(found.account.platform, found.account.account_id, days).rows()
    inside = (row for row in rows if row["date"] >= days.since and row["date_stop"] <= days.until)
    return {_form(row) for row in inside} - {own_form(found)}


def own_form(found: "ImportedFile") -> Form:
    """Return the form of the file's rows."""
    mapping = found.mapping
    return str(mapping.level), ", ".join(sorted(mapping.breakdowns)), mapping.attribution


def _form(row: Mapping[str, Any]) -> Form:
    return row["level"], row["breakdown"], row["attribution"]


def _known_accounts(context: ClientContext, reader: Reader | None) -> set[tuple[str, str]]:
    rows = reader.entities(Level.ACCOUNT).rows() if reader else []
    return {(row["platform"], row["account_id"]) for row in rows} | {
        ("meta", account.id) for account in context.settings.accounts
    }


def _with_its_campaigns(reader: Reader | None, found: "ImportedFile", own: tuple[str, str]) -> set[tuple[str, str]]:
    """Return other accounts that have a campaign of the file, by its id."""
    campaigns = {
        row["entity_id"]
        for row in found.entities.to_pylist()
        if row["level"] == Level.CAMPAIGN and row["entity_id"].isdigit() and row["entity_id"] != row["name"]
    }
    rows = reader.entities(Level.CAMPAIGN).rows() if reader and campaigns else []
    pairs = {(row["platform"], row["account_id"]) for row in rows if row["entity_id"] in campaigns}
    return {pair for pair in pairs if pair[0] != own[0]}


def _synced_days(reader: Reader | None, account: tuple[str, str], days: DateRange) -> DateRange | None:
    loads = reader.loads().rows() if reader else []
    # An imported file that was taken back covers nothing any more.
    void = {row["load_id"] for row in loads if row.get("undoes")} | {row.get("undoes") for row in loads}
    reads = [
        row
        for row in loads
        if row["load_id"] not in void
        and (row["platform"], row["account_id"]) == account
        and row["facts"] == "insights"
        and row["extent"] != "broken"
    ]
    if not reads:
        return None
    synced = DateRange(min(row["since"] for row in reads), max(row["until"] for row in reads))
    return synced if synced.since <= days.until and days.since <= synced.until else None


def _bare(account_id: str) -> str:
    return account_id.removeprefix("act_")


def _account(pair: tuple[str, str]) -> str:
    return f"The account {pair[1]} ({pair[0]})"


def _refuse_second_names(found: "ImportedFile", objects: Iterable[Mapping[str, Any]]) -> None:
    known: dict[tuple[str, str], str] = {(row["level"], row["name"]): row["entity_id"] for row in objects}
    for row in found.entities.to_pylist():
        other, own = known.get((row["level"], row["name"])), row["entity_id"]
        # Two objects may share a name where both have an id; one that has only a name may be either.
        if other not in (None, own) and row["name"] in (other, own):
            of_known, of_file = ("id", "name") if own == row["name"] else ("name", "id")
            raise ImportFileError(
                f"The {row['level']} {row['name']!r} is known by its {of_known} ({other}), and the file has its"
                f" {of_file} ({own}): it would count as two. Nothing was loaded. Export the column with the id too."
                f" {_REPLACE}"
            )


def _refuse_other_sums(found: "ImportedFile", known: Iterable[Mapping[str, Any]]) -> None:
    own, rows = own_form(found), list(_sums_of(found))
    by_form: dict[Form, list[Mapping[str, Any]]] = defaultdict(list)
    for row in known:
        by_form[_form(row)].append(row)
    for form, theirs in sorted(by_form.items()):
        if form == own or ((form[0], form[2]) == (own[0], own[2]) and not form[1]):
            continue  # what is broken down does not count beside the whole
        as_account = Level.ACCOUNT in (form[0], own[0])
        mine, other = _grouped(rows, as_account), _grouped(theirs, as_account)
        for group in sorted(mine.keys() & other.keys()):
            if form[2] != own[2] or not _agree(mine[group], other[group]):
                raise ImportFileError(_contradiction(group, own, mine[group], form, other[group]))


def _sums_of(found: "ImportedFile") -> Iterator[Mapping[str, Any]]:
    """Yield one row per campaign and day of the file; a sum of which one part is not reported is None."""
    import pyarrow as pa
    import pyarrow.compute as pc

    level, facts = found.mapping.level, found.facts
    nothing = pa.array([""] * facts.num_rows)
    campaign = {Level.ACCOUNT: nothing, Level.CAMPAIGN: facts["entity_id"]}.get(level)
    table = facts.select(["date", "date_stop", *_SUMS]).append_column(
        "campaign_id", pc.fill_null(facts["campaign_id"], "") if campaign is None else campaign
    )
    whole = pc.ScalarAggregateOptions(skip_nulls=False)
    summed = table.group_by(["campaign_id", "date", "date_stop"]).aggregate([(name, "sum", whole) for name in _SUMS])
    for row in summed.to_pylist():
        yield {**row, **{name: row[f"{name}_sum"] for name in _SUMS}}


def _grouped(rows: Iterable[Mapping[str, Any]], as_account: bool) -> dict[_Group, _Sums]:
    grouped: dict[_Group, _Sums] = {}
    for row in rows:
        group = ("" if as_account else row["campaign_id"], row["date"], row["date_stop"])
        before = grouped.get(group)
        grouped[group] = {name: _plus(before[name], row[name]) if before else row[name] for name in _SUMS}
    return grouped


def _plus(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else one + other


def _agree(mine: _Sums, other: _Sums) -> bool:
    both = [(mine[name], other[name]) for name in _SUMS if mine[name] is not None and other[name] is not None]
    return bool(both) and all(one == two for one, two in both)


def _contradiction(group: _Group, own: Form, mine: _Sums, form: Form, other: _Sums) -> str:
    campaign, since, until = group
    days = since if since == until else DateRange(since, until)
    return (
        f"{campaign or 'The account'} on {days}: the file's {_told(own)} sum to {_shown(mine)}, and the {_told(form)}"
        f" that are known to {_shown(other)}. Only one of the two can count."
        f" Nothing was loaded. Export the whole of it, or the {form[0]} level. {_REPLACE}"
    )


def _told(form: Form) -> str:
    level, breakdown, attribution = form
    return f"{level} rows" + f" by {breakdown}" * bool(breakdown) + f" ({attribution})"


def _shown(sums: _Sums) -> str:
    spend = sums["spend_micros"]
    counts = [f"{name} {sums[name]:,}" for name in _SUMS[1:] if sums[name] is not None]
    return ", ".join([*([] if spend is None else [f"spend {plain_amount(spend)}"]), *counts]) or "no figures"
