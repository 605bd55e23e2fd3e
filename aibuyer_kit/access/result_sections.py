"""The sections of `client.toml` that say what counts: results by objective, targets, names, money."""

import re
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import MoneyError, UnknownMetricError
from aibuyer_kit.core.facts import RESERVED_COLUMNS, WINDOWS
from aibuyer_kit.core.metrics import metric
from aibuyer_kit.core.money import known_currency, micros_from_units
from aibuyer_kit.core.naming import LONGEST_PATTERN, NameRule
from aibuyer_kit.core.results import ResultRules, ResultSetting

NAMED_LEVELS = (Level.CAMPAIGN, Level.ADSET, Level.AD)
# How Meta spells its attribution windows, which people copy.
_PLATFORM_WINDOWS = {"1d_click": "click_1d", "7d_click": "click_7d", "28d_click": "click_28d", "1d_view": "view_1d"}
_OBJECTIVE = re.compile(r"[A-Z][A-Z0-9_]{0,63}")


class Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)


def _known_metrics(targets: dict[str, float]) -> dict[str, float]:
    for name in targets:
        try:
            metric(name)
        except UnknownMetricError as error:
            raise ValueError(str(error).rstrip(".")) from None
    return targets


def _known_window(window: object) -> object:
    if isinstance(window, str):
        window = _PLATFORM_WINDOWS.get(window, window)
        if window not in WINDOWS:
            raise ValueError(f"there is no attribution window {window!r}; known: {', '.join(WINDOWS)}")
    return window


def _six_decimals(number: float) -> float:
    if Decimal(repr(number)).as_tuple().exponent < -6:  # type: ignore[operator]
        raise ValueError(f"{number!r} has more than six decimals; round it")
    return number


def known_objectives(sections: dict[str, Any]) -> dict[str, Any]:
    """Return the sections if each is called as platforms call objectives. Raises ValueError."""
    for name in sections:
        if not _OBJECTIVE.fullmatch(name):
            raise ValueError(
                f"{name!r} is not an objective; write its name as the platform does, such as OUTCOME_LEADS"
                " (`aibuyer actions` lists those of the account)"
            )
    return sections


def _one_currency(code: str) -> str:
    try:
        return known_currency(code)
    except MoneyError as error:
        raise ValueError(str(error).rstrip(".")) from None


def _inside(path: str) -> str:
    parts = PurePosixPath(path)
    if parts.is_absolute() or ".." in parts.parts or "\\" in path or not path.strip() or not path.isprintable():
        raise ValueError(f"{path!r} is not a file of this client's folder; write its name, such as rates.csv")
    return path


Exact = Annotated[float, AfterValidator(_six_decimals)]
Targets = Annotated[dict[str, Annotated[float, Field(gt=0)]], AfterValidator(_known_metrics)]


class ResultSection(Strict):
    """One canonical result: what counts, in which window, and what it is worth to the client."""

    action_type: Annotated[str, Field(min_length=1, max_length=200)] = "purchase"
    window: Annotated[str, BeforeValidator(_known_window)] = "total"
    value_per_result: Annotated[Exact, Field(gt=0, le=1e9)] | None = None
    gross_margin: Annotated[Exact, Field(ge=0, le=1)] | None = None

    def setting(self) -> ResultSetting:
        """Return it as the reading functions take it, with exact integers."""
        value, margin = (
            None if number is None else micros_from_units(repr(number))
            for number in (self.value_per_result, self.gross_margin)
        )
        return ResultSetting(self.action_type, self.window, value, margin)


class ObjectiveSection(ResultSection):
    """The result of one objective; a margin that is not stated is the client's."""

    action_type: Annotated[str, Field(min_length=1, max_length=200)]
    targets: Targets = {}


class PatternSection(Strict):
    """A regular expression (RE2) that a whole name must match; its named groups are the dimensions."""

    pattern: Annotated[str, Field(min_length=1, max_length=LONGEST_PATTERN)]

    @property
    def dimensions(self) -> tuple[str, ...]:
        return tuple(re.findall(r"\(\?P<([^>]*)>", self.pattern))


def _listed(names: object) -> object:
    return tuple(names) if isinstance(names, list) else names


Convention = Annotated[tuple[str, ...], BeforeValidator(_listed)] | PatternSection


class NamingSection(Strict):
    """How names are written at each level; dimensions of all levels have different names."""

    separator: Annotated[str, Field(min_length=1, max_length=10)] = "_"
    campaign: Convention = ()
    adset: Convention = ()
    ad: Convention = ()

    @model_validator(mode="after")
    def _dimensions_are_names(self) -> Self:
        found: list[str] = []
        for rule in self.rules():
            if not rule.dimensions:
                raise ValueError(f"{rule.level}: the pattern has no named group, such as (?P<market>[A-Z]+)")
            for name in rule.dimensions:
                _check_dimension(name, found)
                found.append(name)
        return self

    def rules(self) -> tuple[NameRule, ...]:
        """Return the convention of each level that has one."""
        return tuple(rule for level in NAMED_LEVELS if (rule := self._rule(level)) is not None)

    def _rule(self, level: Level) -> NameRule | None:
        stated: tuple[str, ...] | PatternSection = getattr(self, level.value)
        if isinstance(stated, PatternSection):
            return NameRule(level, stated.dimensions, pattern=stated.pattern)
        return NameRule(level, stated, separator=self.separator) if stated else None


def _check_dimension(name: str, others: list[str]) -> None:
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", name):
        raise ValueError(f"{name!r} is not a dimension's name; use small letters, digits and underscores")
    if name in RESERVED_COLUMNS:
        raise ValueError(f"{name!r} is a column of insights already; give the dimension another name")
    if name in others:
        raise ValueError(f"the dimension {name!r} stands twice; give each a name of its own")


class MoneySection(Strict):
    """The currency in which figures are shown, and where the dated rates into it stand."""

    currency: Annotated[str, AfterValidator(_one_currency)]
    rates: Annotated[str, AfterValidator(_inside)] | None = None
    longest_age_days: Annotated[int, Field(ge=0, le=366)] = 7


def result_rules(result: ResultSection, by_objective: dict[str, ObjectiveSection]) -> ResultRules:
    """Return what counts for each objective; one without a margin of its own takes the client's."""
    margin = result.gross_margin
    own = {
        name: (section if section.gross_margin is not None else section.model_copy(update={"gross_margin": margin}))
        for name, section in by_objective.items()
    }
    return ResultRules(result.setting(), {name: section.setting() for name, section in own.items()})
