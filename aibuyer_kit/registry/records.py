"""What is kept of a model besides its files."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from aibuyer_kit.core.errors import RegistryError
from aibuyer_kit.core.escape import for_html
from aibuyer_kit.core.text_table import as_table
from aibuyer_kit.features.trainable import Value
from aibuyer_kit.registry.artefacts import digests_of

CHAMPION, CHALLENGER = "champion", "challenger"
STAGES = (CHAMPION, CHALLENGER)


@dataclass(frozen=True)
class ModelRecord:
    """One version of one model of one client: what it was learnt from and with, how it did, and its files' digests.

    `stages` are the aliases that point at it; `reason` says how it came to them, `put_in_force` when it became the
    champion (again), so that it can be told which version was in force at a moment of the past.
    """

    client_id: str
    name: str
    version: int
    run_id: str
    revision: int
    seed: int
    parameters: Mapping[str, Value]
    since: date
    until: date
    load_id: int
    fingerprint: str
    metrics: Mapping[str, float]
    software: Mapping[str, str]
    files: Mapping[str, str]
    trained_at: datetime
    reason: str = ""
    stages: tuple[str, ...] = ()
    put_in_force: tuple[datetime, ...] = ()

    @property
    def title(self) -> str:
        return f"{self.name} {self.version}"

    def row(self) -> dict[str, Any]:
        """Return it as one row of a table."""
        return {
            "model": self.name,
            "version": self.version,
            "stages": ", ".join(self.stages),
            "since": self.since,
            "until": self.until,
            "load_id": self.load_id,
            **{key: _rounded(self.metrics.get(key)) for key in ("loss", "floor_loss", "coverage")},
            "trained_at": self.trained_at.isoformat(timespec="seconds"),
            "reason": self.reason,
        }

    def lines(self) -> list[dict[str, Any]]:
        """Return all that is kept of it, one row a figure."""
        more = {
            "run_id": self.run_id,
            "revision": self.revision,
            "seed": self.seed,
            "fingerprint": self.fingerprint,
            **{f"parameter {key}": value for key, value in sorted(self.parameters.items())},
            **{f"metric {key}": value for key, value in sorted(self.metrics.items())},
            **{f"software {key}": value for key, value in sorted(self.software.items())},
            **{f"file {key}": value for key, value in sorted(self.files.items())},
        }
        kept = {key: value for key, value in self.row().items() if key not in ("loss", "floor_loss", "coverage")}
        return [{"what": key, "value": value} for key, value in (kept | more).items()]

    def __repr__(self) -> str:
        return as_table(self.lines())

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><th style='text-align:left'>{for_html(each['what'])}</th><td>{for_html(each['value'])}</td></tr>"
            for each in self.lines()
        )
        return f"<table>{rows}</table>"

    def text(self) -> str:
        """Return it as it is kept; version and stages are the store's own."""
        content = {key: value for key, value in vars(self).items() if key not in ("version", "stages")}
        days: dict[str, Any] = {
            "since": str(self.since),
            "until": str(self.until),
            "trained_at": self.trained_at.isoformat(),
        }
        days["put_in_force"] = [each.isoformat() for each in self.put_in_force]
        mappings = {key: dict(content[key]) for key in ("parameters", "metrics", "software", "files")}
        return json.dumps(content | mappings | days, sort_keys=True, allow_nan=False)


def record_of(text: str, version: int, stages: tuple[str, ...]) -> ModelRecord:
    """Return what was kept. Raises RegistryError, ArtefactError where this is no record of ours."""
    try:
        content = json.loads(text)
        days = {key: date.fromisoformat(content[key]) for key in ("since", "until")}
        at = datetime.fromisoformat(content["trained_at"])
        in_force = tuple(map(datetime.fromisoformat, content.get("put_in_force", ())))
        moments = {"trained_at": at, "put_in_force": in_force}
        found = ModelRecord(**content | days | moments, version=version, stages=stages)
    except (ValueError, TypeError, KeyError, RecursionError):
        raise RegistryError(f"Version {version} of a model has no record of ours. It is not used.") from None
    return replace(found, files=digests_of(found.files))


def in_force_at(records: Iterable[ModelRecord], moment: datetime) -> ModelRecord | None:
    """Return the version of one model that was in force at a moment, or None.

    Since the last change that was kept it is the one that is in force now, whoever put it there.
    """
    known = list(records)
    changes = [(at, each.version, each) for each in known for at in each.put_in_force]
    if moment >= max((at for at, _, _ in changes), default=moment):
        return next((each for each in known if CHAMPION in each.stages and each.trained_at <= moment), None)
    found = [each for each in changes if each[0] <= moment]
    return max(found, key=lambda one: one[:2])[2] if found else None


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
