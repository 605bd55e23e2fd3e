"""The settings of a workspace: `aibuyer.toml` < environment variables < command line; secrets are masked."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from aibuyer_kit.core.dates import MOST_DAYS_BACK
from aibuyer_kit.core.errors import SettingsError
from aibuyer_kit.core.model_problems import first_problem
from aibuyer_kit.settings.content import WORKSPACE_FILE


class _Section(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)


class MetaSection(_Section):
    """The Meta app. The access token is not here: it belongs to a client."""

    app_id: str | None = None
    app_secret: SecretStr | None = None
    webhook_verify_token: SecretStr | None = None
    api_version: Annotated[str, Field(pattern=r"^v\d+\.\d+$", description="a version such as v26.0")] = "v26.0"
    page_rows: Annotated[int, Field(ge=1, le=1000)] = 500


class SyncSection(_Section):
    """How far a sync reads: days back at first, and days read again because results are restated (Meta: 28)."""

    backfill_days: Annotated[int, Field(ge=1, le=MOST_DAYS_BACK)] = 90
    restated_days: Annotated[int, Field(ge=1, le=90)] = 28
    # What a night reads besides: breakdowns (names with commas), hours, reach of 1, 7 and 28 days.
    breakdowns: list[str] = ["age,gender", "country", "publisher_platform,platform_position"]
    hourly: bool = True
    reach: bool = True

    @field_validator("breakdowns")
    @classmethod
    def _are_names(cls, listed: list[str]) -> list[str]:
        for each in listed:
            names = [name.strip() for name in each.split(",")]
            if len(set(names)) < len(names) or not all(map(str.isidentifier, names)):
                raise ValueError(f"{each!r} is not one or more different names with commas, such as age,gender")
        return listed


class GuardrailsSection(_Section):
    """How far changes may go; shares are of the lowest or highest value that a budget held within 24 hours."""

    most_increase_24h: Annotated[float, Field(ge=0, le=10)] = 0.2
    most_decrease_24h: Annotated[float, Field(ge=0, le=1)] = 0.5
    budget_edits_an_hour: Annotated[int, Field(ge=0, le=4)] = 3
    data_age_hours: Annotated[float, Field(gt=0, le=168)] = 24.0


class ApplySection(_Section):
    """How proposals are approved and applied: until when they hold, and how often a call in doubt is repeated.

    With `own_approvals` a person may approve what he or she proposed, for people who work alone.
    """

    expires_hours: Annotated[float, Field(gt=0, le=168)] = 24.0
    most_tries: Annotated[int, Field(ge=1, le=10)] = 3
    settle_seconds: Annotated[float, Field(ge=0, le=300)] = 5.0
    own_approvals: bool = False


class ModelsSection(_Section):
    """Where models are kept, by default in each client's folder, and after how many days they are trained again.

    `tracking_uri` is another store of MLflow's: a database's URL, or that of a tracking server.
    """

    tracking_uri: SecretStr | None = None
    retrain_days: Annotated[int, Field(ge=1, le=365)] = 28
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 7


class CallsSection(_Section):
    """Which hosts rules may have called: names, with a port where it is not 443; none unless they are listed."""

    hosts: Annotated[
        list[Annotated[str, Field(pattern=r"^[a-z0-9.-]+(:[0-9]{1,5})?$", max_length=260)]],
        Field(description="the name of a host in small letters, such as hooks.example.org"),
    ] = []


class DashboardsSection(_Section):
    """Under which names, besides this machine's own, the dashboards are asked for: those of a proxy before them."""

    hosts: Annotated[
        list[Annotated[str, Field(pattern=r"^[A-Za-z0-9.-]+$")]],
        Field(description="the name of a host, such as ads.example.org"),
    ] = []


class Settings(BaseSettings):
    """All settings of a workspace."""

    model_config = SettingsConfigDict(
        env_prefix="AIBUYER_", env_nested_delimiter="__", extra="forbid", frozen=True, strict=True
    )

    kind: Literal["workspace", "example"] = "workspace"
    meta: MetaSection = MetaSection()
    sync: SyncSection = SyncSection()
    guardrails: GuardrailsSection = GuardrailsSection()
    apply: ApplySection = ApplySection()
    calls: CallsSection = CallsSection()
    models: ModelsSection = ModelsSection()
    dashboards: DashboardsSection = DashboardsSection()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the framework's signature
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        # The file's values come in as the lowest source of `read_settings`; no .env file is read behind one's back.
        return (init_settings,)


@dataclass(frozen=True)
class Origin:
    """Where a setting's value comes from; `value` is masked if it is secret."""

    key: str
    value: str
    origin: str


def read_settings(folder: Path, overrides: Mapping[str, Any] | None = None) -> Settings:
    """Return the settings of the workspace in `folder`; `overrides` are the command line's, by dotted key.

    Raises SettingsError that names the file or variable, the key and what was expected.
    """
    layers = _layers(folder, overrides or {})
    merged: dict[str, Any] = {}
    for _, layer in layers:
        for key, value in layer.items():
            section, _, name = key.rpartition(".")
            (merged.setdefault(section, {}) if section else merged)[name] = value
    try:
        return Settings(**merged)
    except ValidationError as error:
        key, wrong = first_problem(error.errors(), Settings)
        raise SettingsError(f"{_origin(key, layers)}: {key}: {wrong}.") from None


def settings_with_origin(folder: Path, overrides: Mapping[str, Any] | None = None) -> list[Origin]:
    """Return every setting with its value and origin, in a fixed order."""
    layers = _layers(folder, overrides or {})
    settings = read_settings(folder, overrides)
    return [Origin(key, _shown(value), _origin(key, layers)) for key, value in _flat(settings)]


def _layers(folder: Path, overrides: Mapping[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    path = folder / WORKSPACE_FILE
    return [
        (str(path), _flat_mapping(_read_file(path))),
        ("environment", _from_environment()),
        ("command line", dict(overrides)),
    ]


def _read_file(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not TOML: {error}.") from None


def _flat_mapping(content: Mapping[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in content.items():
        if isinstance(value, Mapping):
            flat.update({f"{key}.{name}": each for name, each in value.items()})
        else:
            flat[key] = value
    return flat


def _from_environment() -> dict[str, Any]:
    """Return what the environment sets; text becomes what a field wants, for fields are strict."""
    sections: dict[str, type[BaseModel]] = {
        "meta": MetaSection,
        "sync": SyncSection,
        "guardrails": GuardrailsSection,
        "apply": ApplySection,
        "models": ModelsSection,
    }
    flat = _flat_mapping(EnvSettingsSource(Settings)())
    for key, text in flat.items():
        section, _, name = key.rpartition(".")
        field = sections[section].model_fields.get(name) if section in sections else None
        if field and field.annotation is int and str(text).isascii() and str(text).isdigit():
            flat[key] = int(text)
        elif field and field.annotation is float and re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", str(text)):
            flat[key] = float(text)
        elif field and field.annotation is bool and str(text).lower() in ("true", "false"):
            flat[key] = str(text).lower() == "true"
    return flat


def _flat(settings: Settings) -> list[tuple[str, Any]]:
    rows: list[tuple[str, Any]] = []
    for key, value in settings:
        if isinstance(value, BaseModel):
            rows += [(f"{key}.{name}", each) for name, each in value]
        else:
            rows.append((key, value))
    return rows


def _origin(key: str, layers: list[tuple[str, dict[str, Any]]]) -> str:
    for source, layer in reversed(layers):
        if key in layer or any(name.startswith(f"{key}.") for name in layer):
            return f"AIBUYER_{key.replace('.', '__').upper()}" if source == "environment" else source
    return "default"


def _shown(value: object) -> str:
    return "not set" if value is None else str(value)
