"""What is known of the state of models between rounds of training: when the next is due, what has drifted.

It is one small file, so that `status` and `doctor` need not load MLflow.
"""

import json
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from aibuyer_kit.core.errors import RegistryError
from aibuyer_kit.features.trainable import Parameters

FILE_NAME = "upkeep.json"
_CURE = "Remove it, and parameters that were tuned and wait in it; then run: aibuyer learn"


@dataclass(frozen=True)
class Upkeep:
    """How one model stands: when it was looked at, until which day the newest version knows, and what was found."""

    looked_at: datetime
    until: date | None = None
    due_on: date | None = None
    findings: tuple[str, ...] = ()
    problem: str = ""

    def text(self, today: date) -> str:
        """Return what is to be said of it; empty where all is well."""
        said = []
        if self.due_on is not None and self.due_on < today:
            said.append(f"overdue since {self.due_on}")
        if self.findings:
            said.append("; ".join(self.findings))
        if self.problem:
            said.append(self.problem)
        return "; ".join(said)


@dataclass(frozen=True)
class TunedParameters:
    """What tuning has found for a model, and until which day outcomes took part in finding it."""

    values: Parameters
    until: date


class UpkeepLog:
    """The file of one client, `models/upkeep.json`."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE_NAME

    def all(self) -> dict[str, Upkeep]:
        """Return how each model stands, by name. Raises RegistryError for a damaged file."""
        try:
            return {name: _upkeep(each) for name, each in sorted(self._content()["models"].items())}
        except (ValueError, TypeError, KeyError, AttributeError):
            raise RegistryError(f"{self.path} is damaged. {_CURE}") from None

    def of(self, name: str) -> Upkeep:
        return self.all().get(name, Upkeep(datetime.min))  # noqa: DTZ901 - never looked at

    def put(self, name: str, upkeep: Upkeep) -> None:
        content = self._content()
        content["models"][name] = {
            "looked_at": upkeep.looked_at.isoformat(),
            "until": upkeep.until and str(upkeep.until),
            "due_on": upkeep.due_on and str(upkeep.due_on),
            "findings": list(upkeep.findings),
            "problem": upkeep.problem,
        }
        self._write(content)

    def tuned(self, name: str) -> TunedParameters | None:
        """Return the parameters that tuning has found for a model, or None. Raises RegistryError for a damaged file."""
        found = self._content()["parameters"].get(name)
        try:
            return found and TunedParameters(dict(found["values"]), date.fromisoformat(found["until"]))
        except (ValueError, TypeError, KeyError):
            raise RegistryError(f"{self.path} is damaged. {_CURE}") from None

    def put_tuned(self, name: str, tuned: TunedParameters | None) -> None:
        """Keep what tuning has found, or with None forget it."""
        content = self._content()
        content["parameters"].pop(name, None)
        if tuned is not None:
            content["parameters"][name] = {"values": dict(tuned.values), "until": str(tuned.until)}
        self._write(content)

    def _content(self) -> dict[str, dict[str, Any]]:
        try:
            found = json.loads(self.path.read_bytes())
        except FileNotFoundError:
            return {"models": {}, "parameters": {}}
        except ValueError:
            found = None
        if not isinstance(found, dict) or set(found) != {"models", "parameters"}:
            raise RegistryError(f"{self.path} is damaged. {_CURE}")
        return found

    def _write(self, content: dict[str, dict[str, Any]]) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        partial = self.path.with_suffix(".partial")
        partial.write_text(json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False), encoding="utf-8")
        partial.replace(self.path)


def _upkeep(content: dict[str, Any]) -> Upkeep:
    until, due_on = (date.fromisoformat(content[key]) if content[key] else None for key in ("until", "due_on"))
    looked_at = datetime.fromisoformat(content["looked_at"])
    return Upkeep(looked_at, until, due_on, tuple(map(str, content["findings"])), str(content["problem"]))
