"""`client.toml`: what a person sets for one client."""

import json
import tomllib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationError

from aibuyer_kit.access.result_sections import (
    MoneySection,
    NamingSection,
    ObjectiveSection,
    PatternSection,
    ResultSection,
    Strict,
    Targets,
    known_objectives,
    result_rules,
)
from aibuyer_kit.core.addresses import safe_platform_url
from aibuyer_kit.core.errors import InputError, SettingsError
from aibuyer_kit.core.facts import WINDOWS
from aibuyer_kit.core.model_problems import first_problem
from aibuyer_kit.core.results import ResultRules
from aibuyer_kit.rules.expression import check_own_name, parse_expression


def _safe_url(url: str) -> str:
    try:
        return safe_platform_url(url)
    except SettingsError as error:
        raise ValueError(str(error).rstrip(".")) from None


def _one_line(text: str) -> str:
    if not text.strip() or not text.isprintable():
        raise ValueError("must be one line of printable text")
    return text


def _country(code: str) -> str:
    from aibuyer_kit.features.calendar import known_country  # numpy, which few commands need

    try:
        return known_country(code)
    except InputError as error:
        raise ValueError(str(error).rstrip(".")) from None


def _own_metrics(metrics: dict[str, str]) -> dict[str, str]:
    for name in metrics:
        check_own_name(name)
        parse_expression(name, metrics)
    return metrics


class AccountSection(Strict):
    """One ad account; `graph_url` is empty for the platform's own address."""

    platform: Literal["meta"] = "meta"
    id: Annotated[str, Field(pattern=r"^act_[0-9]{1,32}$", description="act_ and digits, such as act_123")]
    graph_url: Annotated[str, AfterValidator(_safe_url)] | None = None


class ClientFile(Strict):
    """The whole of `client.toml`. `clock = "platform"` lets time stand at the last sync, for practice accounts.

    `graph_url` is the address of every account that names none; where it is missing too, it is the platform's own.
    `country` is whose holidays count; where it is missing, that of the accounts' time zone.
    """

    name: Annotated[str, AfterValidator(_one_line)]
    locale: Literal["en", "uk"] = "en"
    clock: Literal["system", "platform"] = "system"
    graph_url: Annotated[str, AfterValidator(_safe_url)] | None = None
    country: Annotated[str, AfterValidator(_country)] | None = None
    result: ResultSection = ResultSection()
    results: Annotated[dict[str, ObjectiveSection], AfterValidator(known_objectives)] = Field(default_factory=dict)
    targets: Targets = Field(default_factory=dict)
    metrics: Annotated[dict[str, str], AfterValidator(_own_metrics)] = Field(default_factory=dict)
    naming: NamingSection = NamingSection()
    money: MoneySection | None = None
    accounts: tuple[AccountSection, ...] = ()

    @property
    def rules(self) -> ResultRules:
        """What counts as a result, by objective."""
        return result_rules(self.result, self.results)


def read_client_file(path: Path) -> ClientFile:
    """Return the checked content. Raises SettingsError that names the file, the key and the cure."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not TOML: {error}.") from None
    content["accounts"] = tuple(content.get("accounts", ()))
    try:
        return ClientFile.model_validate(content)
    except ValidationError as error:
        where, wrong = first_problem(error.errors(), ClientFile)
        raise SettingsError(f"{path}: {where}: {wrong}.") from None


def client_file_text(content: ClientFile) -> str:
    """Return the TOML text of a client file, with the choices that there are as comments."""
    lines = [
        f"name = {_quoted(content.name)}",
        f"locale = {_quoted(content.locale)}  # en or uk",
        f"clock = {_quoted(content.clock)}  # system, or platform: time stands at the last sync (practice accounts)",
        *([f"graph_url = {_quoted(content.graph_url)}"] if content.graph_url else []),
        *([f"country = {_quoted(content.country)}  # whose holidays count"] if content.country else []),
        "",
        "# The one event that counts as a result; `aibuyer actions` lists what the account reports. Action types",
        "# overlap, so they are never added up. value_per_result = 35.0 counts where no value is reported for a",
        "# result; gross_margin = 0.42 (of revenue) gives profit.",
        "[result]",
        *_result_lines(content.result),
        "",
        *_objective_lines(content),
        "# Targets by metric, money in units of the currency that is shown, for example: cpa = 25.0",
        "[targets]",
        *_target_lines(content.targets),
        "",
        '# Metrics of your own that rules may name, for example: margin_after_ads = "(gross_profit - spend) / revenue"',
        "[metrics]",
        *[f"{name} = {_quoted(text)}" for name, text in content.metrics.items()],
        "",
        *_naming_lines(content.naming),
        *_money_lines(content.money),
    ]
    for account in content.accounts:
        lines += ["", "[[accounts]]", f"platform = {_quoted(account.platform)}", f"id = {_quoted(account.id)}"]
        if account.graph_url:
            lines.append(f"graph_url = {_quoted(account.graph_url)}")
    return "\n".join(lines) + "\n"


def _result_lines(section: ResultSection) -> list[str]:
    lines = [
        f"action_type = {_quoted(section.action_type)}",
        f"window = {_quoted(section.window)}  # {', '.join(WINDOWS)}",
    ]
    numbers = (("value_per_result", section.value_per_result), ("gross_margin", section.gross_margin))
    return lines + [f"{name} = {number!r}" for name, number in numbers if number is not None]


def _objective_lines(content: ClientFile) -> list[str]:
    if not content.results:
        return [
            "# An objective whose campaigns bring another result has a section of its own:",
            "# [results.OUTCOME_LEADS]",
            '# action_type = "lead"',
            "# value_per_result = 12.0",
            "# targets = { cpa = 9.0 }",
            "",
        ]
    lines = []
    for objective, section in content.results.items():
        lines += [f"[results.{objective}]", *_result_lines(section)]
        if section.targets:
            lines += [f"[results.{objective}.targets]", *_target_lines(section.targets)]
        lines.append("")
    return lines


def _target_lines(targets: dict[str, float]) -> list[str]:
    return [f"{name} = {value!r}" for name, value in targets.items()]


def _naming_lines(naming: NamingSection) -> list[str]:
    if not naming.rules():
        return [
            "# How names are written, so that figures can be grouped: aibuyer insights --by market",
            "# [naming]",
            '# separator = "_"',
            '# campaign = ["market", "funnel", "product"]',
            "",
        ]
    lines = ["[naming]", f"separator = {_quoted(naming.separator)}"]
    for level in ("campaign", "adset", "ad"):
        stated = getattr(naming, level)
        if isinstance(stated, PatternSection):
            lines.append(f"{level} = {{ pattern = {_quoted(stated.pattern)} }}")
        elif stated:
            lines.append(f"{level} = {json.dumps(stated)}")
    return [*lines, ""]


def _money_lines(money: MoneySection | None) -> list[str]:
    if money is None:
        return [
            "# For accounts in several currencies: what figures are shown in, and a file beside this one with dated",
            "# rates (its header: date,from,to,rate).",
            "# [money]",
            '# currency = "EUR"',
            '# rates = "rates.csv"',
        ]
    rates = [f"rates = {_quoted(money.rates)}"] if money.rates else []
    age = f"longest_age_days = {money.longest_age_days}  # how long a rate holds when none follows"
    return ["[money]", f"currency = {_quoted(money.currency)}", *rates, age]


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
