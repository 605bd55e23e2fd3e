"""What the columns of a file mean, as its owner states it in TOML; nothing that matters is guessed."""

import difflib
import tomllib
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator, model_validator

from aibuyer_kit.core import dates, money
from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import ImportFileError, MoneyError, PeriodError, SettingsError
from aibuyer_kit.core.facts import RESERVED_COLUMNS, WINDOWS

Text = Annotated[str, Field(min_length=1)]
ColumnName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]

ENTITY_LEVELS = (Level.CAMPAIGN, Level.ADSET, Level.AD)
MEASURES = ("spend", "impressions", "clicks", "link_clicks", "reach")


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)


class Period(_Strict):
    """The days that a total without dates stands for, both included."""

    since: date
    until: date

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Self:
        _as_value_error(lambda: self.days)
        return self

    @property
    def days(self) -> DateRange:
        return DateRange(self.since, self.until)


class TotalsRow(_Strict):
    """How a row that sums up others is told: its cell in `column` equals this text, which may be empty."""

    column: ColumnName
    equals: str


class Columns(_Strict):
    """The file's column for each part of a fact; where an entity has only a name, the name is its id."""

    date: ColumnName | None = None
    date_stop: ColumnName | None = None
    campaign_id: ColumnName | None = None
    campaign_name: ColumnName | None = None
    adset_id: ColumnName | None = None
    adset_name: ColumnName | None = None
    ad_id: ColumnName | None = None
    ad_name: ColumnName | None = None
    spend: ColumnName | None = None
    impressions: ColumnName | None = None
    clicks: ColumnName | None = None
    link_clicks: ColumnName | None = None
    reach: ColumnName | None = None

    def identity(self, level: Level) -> ColumnName | None:
        """Return the column whose cells are the ids of `level`: the id if it is mapped, else the name."""
        return self.of(f"{level}_id") or self.of(f"{level}_name")

    def of(self, name: str) -> ColumnName | None:
        column: ColumnName | None = getattr(self, name)
        return column


class RatioCheck(_Strict):
    """A column that states `times * of / per`; it is compared with the counts and never stored."""

    column: ColumnName
    of: Text
    per: Text
    times: Annotated[int, Field(gt=0)] = 1


class ResultColumns(_Strict):
    """A column with how many results a row has, and one that says of which kind: `actions:purchase` in Ads Manager."""

    count: ColumnName
    indicator: ColumnName


class LongActions(_Strict):
    """Rows of one action type each: where the type stands, and a column for every attribution window.

    `file` is a second file beside the export, whose day and id columns have the export's names; without it the export
    itself is such a list.
    """

    kind: Literal["actions", "action_values"]
    action_type: ColumnName
    total: ColumnName
    file: Text | None = None
    click_1d: ColumnName | None = None
    click_7d: ColumnName | None = None
    click_28d: ColumnName | None = None
    view_1d: ColumnName | None = None

    def windows(self) -> dict[str, ColumnName]:
        """Return the column of each attribution window that the file has."""
        return {window: column for window in WINDOWS if (column := getattr(self, window))}


class Mapping(_Strict):
    """The meaning of one kind of file: whose facts it holds, in which currency, over which days, in which columns."""

    platform: Text = "file"
    account_id: Text
    account_name: Text | None = None
    currency: str
    time_zone: str = "UTC"
    level: Annotated[Level, Field(strict=False)]
    attribution: Text = "as_exported"
    period: Period | None = None
    date_format: Text | None = None
    delimiter: Literal[",", ";", "\t", "|"] | None = None
    encoding: Literal["utf-8", "utf-16", "cp1251", "cp1252", "koi8-u", "cp866"] | None = None
    sheet: Text | None = None
    header_row: Annotated[int, Field(ge=1)] | None = None
    decimal: Literal[".", ","] | None = None
    thousands: Literal[",", ".", " ", "'"] | None = None
    money_in_micros: list[ColumnName] = []
    totals_row: TotalsRow | None = None
    empty_actions: Literal["unknown", "none"] = "unknown"
    columns: Columns
    actions: dict[Text, ColumnName] = {}
    results: ResultColumns | None = None
    action_values: dict[Text, ColumnName] = {}
    attributes: dict[Text, ColumnName] = {}
    breakdowns: dict[Text, ColumnName] = {}
    ratios: list[RatioCheck] = []
    long_actions: list[LongActions] = []

    @field_validator("currency")
    @classmethod
    def _is_a_currency(cls, code: str) -> str:
        _as_value_error(lambda: money.known_currency(code))
        return code

    @field_validator("time_zone")
    @classmethod
    def _is_a_time_zone(cls, name: str) -> str:
        _as_value_error(lambda: dates.time_zone(name))
        return name

    @field_validator("date_format")
    @classmethod
    def _tells_a_day(cls, pattern: str | None) -> str | None:
        if pattern is not None and not _reads_back(pattern):
            raise ValueError(f"{pattern!r} does not tell a day, a month and a year. Write it as in '%d/%m/%Y'.")
        return pattern

    @field_validator("breakdowns")
    @classmethod
    def _are_names(cls, breakdowns: dict[str, str]) -> dict[str, str]:
        wrong = [name for name in breakdowns if not name.isidentifier()]
        if wrong:
            raise ValueError(f"{wrong[0]!r} is not a breakdown's name. Use letters, digits and underscores.")
        taken = [name for name in breakdowns if name.casefold() in RESERVED_COLUMNS]
        if taken:
            raise ValueError(
                f"{taken[0]!r} is a column of insights already, so a breakdown cannot be called so."
                f" Use another name, such as {taken[0]}_group."
            )
        return breakdowns

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        checks = (self._days_problem, self._level_problem, self._values_problem, self._ratios_problem)
        for problem in (check() for check in checks):
            if problem:
                raise ValueError(problem)
        return self

    def _days_problem(self) -> str:
        if self.columns.date and self.period:
            return "columns.date and period exclude each other: a row has its own day or the stated period."
        if not self.columns.date and not self.period:
            return (
                "The days are not stated. Give columns.date, or for totals without dates a period such as "
                "period = { since = 2026-03-01, until = 2026-03-31 }."
            )
        if self.period and (self.date_format or self.columns.date_stop):
            return "date_format and columns.date_stop need columns.date; with a stated period leave them out."
        return ""

    def _level_problem(self) -> str:
        if self.level is not Level.ACCOUNT and not self.columns.identity(self.level):
            return f"level is '{self.level}', so columns.{self.level}_id or columns.{self.level}_name is needed."
        for finer in ENTITY_LEVELS:
            if finer.depth > self.level.depth and self.columns.identity(finer):
                return f"level is '{self.level}', but columns name the finer {finer}. Set level = '{finer}'."
        return ""

    def _values_problem(self) -> str:
        lists = [column for each in self.long_actions for column in (each.total, *each.windows().values())]
        amounts = {self.columns.spend, *self.action_values.values(), *lists}
        if wrong := [column for column in self.money_in_micros if column not in amounts]:
            return f"money_in_micros names {wrong[0]!r}, which is not mapped as an amount."
        if self.thousands and self.thousands == self.decimal:
            return f"thousands and decimal are both {self.decimal!r}. A number needs two different marks."
        if not any((*map(self.columns.of, MEASURES), *self._lists())):
            return f"No column with figures is named. Give one of columns.{', columns.'.join(MEASURES)}, or [actions]."
        return self._long_problem()

    def _lists(self) -> tuple[object, ...]:
        return self.actions, self.results, self.action_values, self.long_actions

    def _long_problem(self) -> str:
        for actions in self.long_actions:
            if actions.file is None and (self.value_names() or self.results):
                return (
                    "The export is a list of long_actions, so no other figures are read from it. Put them into a "
                    "mapping of their own, or give the list as long_actions.file."
                )
            if getattr(self, actions.kind):
                return f"Both [{actions.kind}] and long_actions give {actions.kind}. Leave one of them out."
        kinds = [actions.kind for actions in self.long_actions]
        return f"long_actions has {kinds[0]} twice. Give each kind once." if len(kinds) != len(set(kinds)) else ""

    def _ratios_problem(self) -> str:
        known = self.value_names()
        for name in (name for ratio in self.ratios for name in (ratio.of, ratio.per)):
            if name not in known:
                return f"ratios compare with {name!r}, which the mapping does not read. It reads: {', '.join(known)}."
        return ""

    def value_names(self) -> list[str]:
        """Return the names of all values that a row gives, "spend" and "actions.purchase" for instance."""
        measures = [name for name in MEASURES if self.columns.of(name)]
        actions = [f"actions.{name}" for name in self.actions]
        return [*measures, *actions, *(f"action_values.{name}" for name in self.action_values)]


@dataclass(frozen=True)
class Choices:
    """How a file is written, as stated on the command line; what is stated goes before the mapping.

    `account_id` says whose an export is that does not name its account.
    """

    date_format: str | None = None
    decimal: str | None = None
    thousands: str | None = None
    sheet: str | None = None
    delimiter: str | None = None
    account_id: str | None = None

    def stated(self) -> dict[str, str]:
        return {name: value for name, value in asdict(self).items() if value is not None}


NO_CHOICES = Choices()
# What the built-in mapping calls an account that the file does not name.
UNNAMED_ACCOUNT = "ads_manager"

_TABLES: dict[str, type[BaseModel]] = {
    "columns": Columns,
    "period": Period,
    "totals_row": TotalsRow,
    "results": ResultColumns,
    "ratios": RatioCheck,
    "long_actions": LongActions,
}


def read_mapping(path: str | Path) -> Mapping:
    """Return the mapping in a TOML file.

    Raises ImportFileError that names the file and every key that is unknown, missing or wrong.
    """
    path = Path(path)
    try:
        stated = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ImportFileError(f"{path}: the mapping file cannot be read ({error.strerror}).") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ImportFileError(f"{path}: the mapping is not a TOML file in UTF-8: {error}.") from None
    return _validated(stated, str(path))


def with_choices(mapping: Mapping, choices: Choices) -> Mapping:
    """Return the mapping with what the command line states. Raises ImportFileError if that is wrong."""
    stated = choices.stated()
    own, other = mapping.account_id, stated.get("account_id")
    if other and own not in (UNNAMED_ACCOUNT, other):
        raise ImportFileError(f"The file or its mapping is about the account {own}, not {other}: leave --account out.")
    return _validated(mapping.model_dump() | stated, "command line") if stated else mapping


def _validated(stated: dict[str, Any], place: str) -> Mapping:
    try:
        return Mapping.model_validate(stated)
    except ValidationError as error:
        problems = [_problem(item["type"], item["loc"], item["msg"], item["input"]) for item in error.errors()]
        raise ImportFileError("\n".join(f"{place}: {problem}" for problem in problems)) from None


def _problem(kind: str, place: tuple[int | str, ...], message: str, given: Any) -> str:
    key = ".".join(map(str, place))
    if kind == "extra_forbidden":
        return _unknown_key(key, place)
    if kind == "missing":
        return f"the key '{key}' is missing."
    if kind == "value_error":
        return f"{key}: {message.removeprefix('Value error, ')}" if key else message.removeprefix("Value error, ")
    if kind == "date_type":
        return f"{key} is {str(given)[:60]!r} ({type(given).__name__}): write a day without quotes: 2026-03-31."
    return f"{key} is {str(given)[:60]!r} ({type(given).__name__}): {message[:1].lower()}{message[1:]}."


def _unknown_key(key: str, place: tuple[int | str, ...]) -> str:
    table, name = str(place[0]), str(place[-1])
    known = list((_TABLES[table] if len(place) > 1 else Mapping).model_fields)
    if len(place) > 1 and name in Mapping.model_fields:
        return f"unknown key '{key}'. '{name}' belongs above the first [table] of the file."
    if len(place) == 1 and name in Columns.model_fields:
        return f"unknown key '{key}'. Did you mean 'columns.{name}'? It belongs under [columns]."
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return f"unknown key '{key}'.{hint} Known: {', '.join(known)}."


def _as_value_error(check: Any) -> None:
    try:
        check()
    except (MoneyError, PeriodError, SettingsError) as error:
        raise ValueError(str(error)) from None


def _reads_back(pattern: str) -> bool:
    sample = date(2004, 11, 25)
    if "%Y" not in pattern and "%y" not in pattern:
        return False
    try:
        # A pattern names a day of the account, not a moment: there is no zone to give.
        return datetime.strptime(sample.strftime(pattern), pattern).date() == sample  # noqa: DTZ007
    except ValueError:
        return False
