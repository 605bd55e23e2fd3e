"""`client.toml`: what a person sets for one client."""

import json
import tomllib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from aibuyer_kit.core.addresses import safe_platform_url
from aibuyer_kit.core.errors import SettingsError, UnknownMetricError
from aibuyer_kit.core.facts import WINDOWS
from aibuyer_kit.core.metrics import metric


def _known_metrics(targets: dict[str, float]) -> dict[str, float]:
    for name in targets:
        try:
            metric(name)
        except UnknownMetricError as error:
            raise ValueError(str(error).rstrip(".")) from None
    return targets


def _known_window(window: str) -> str:
    if window not in WINDOWS:
        raise ValueError(f"there is no attribution window {window!r}; known: {', '.join(WINDOWS)}")
    return window


def _safe_url(url: str) -> str:
    try:
        return safe_platform_url(url)
    except SettingsError as error:
        raise ValueError(str(error).rstrip(".")) from None


def _one_line(text: str) -> str:
    if not text.strip() or not text.isprintable():
        raise ValueError("must be one line of printable text")
    return text


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)


class ResultSection(_Strict):
    """The client's one canonical result."""

    action_type: Annotated[str, Field(min_length=1)] = "purchase"
    window: Annotated[str, AfterValidator(_known_window)] = "total"


class AccountSection(_Strict):
    """One ad account; `graph_url` is empty for the platform's own address."""

    platform: Literal["meta"] = "meta"
    id: Annotated[str, Field(pattern=r"^act_[0-9]{1,32}$")]
    graph_url: Annotated[str, AfterValidator(_safe_url)] | None = None


class ClientFile(_Strict):
    """The whole of `client.toml`. `clock = "platform"` lets time stand at the last sync, for practice accounts.

    `graph_url` is the address of every account that names none; where it is missing too, it is the platform's own.
    """

    name: Annotated[str, AfterValidator(_one_line)]
    locale: Literal["en", "uk"] = "en"
    clock: Literal["system", "platform"] = "system"
    graph_url: Annotated[str, AfterValidator(_safe_url)] | None = None
    result: ResultSection = ResultSection()
    targets: Annotated[dict[str, Annotated[float, Field(gt=0)]], AfterValidator(_known_metrics)] = {}
    accounts: tuple[AccountSection, ...] = ()


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
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise SettingsError(f"{path}: {where}: {first['msg']}.") from None


def client_file_text(content: ClientFile) -> str:
    """Return the TOML text of a client file, with the choices that there are as comments."""
    lines = [
        f"name = {_quoted(content.name)}",
        f"locale = {_quoted(content.locale)}  # en or uk",
        f"clock = {_quoted(content.clock)}  # system, or platform: time stands at the last sync (practice accounts)",
        *([f"graph_url = {_quoted(content.graph_url)}"] if content.graph_url else []),
        "",
        "# The one event that counts as a result. Action types overlap, so they are never added up.",
        "[result]",
        f"action_type = {_quoted(content.result.action_type)}",
        f"window = {_quoted(content.result.window)}  # {', '.join(WINDOWS)}",
        "",
        "# Targets by metric, money in units of the account's currency, for example: cpa = 25.0",
        "[targets]",
        *(f"{name} = {value!r}" for name, value in content.targets.items()),
    ]
    for account in content.accounts:
        lines += ["", "[[accounts]]", f"platform = {_quoted(account.platform)}", f"id = {_quoted(account.id)}"]
        if account.graph_url:
            lines.append(f"graph_url = {_quoted(account.graph_url)}")
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
