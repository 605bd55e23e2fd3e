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


class UpkeepLog:
    """The file of one client, `models/upkeep.json`."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE_NAME

    def all(self) -> dict[str, Upkeep]:
        """Return how each model stands, by name. Raises RegistryError for a damaged file."""
        try:
            return {name: _upkeep(each) for name, each in sorted(self._content()["models"].items())}
        except (ValueError, TypeError, KeyError, AttributeError):
            raise self._damaged() from None

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

    def parameters_of(self, name: str) -> Parameters:
        """Return the parameters that tuning has found for a model; those of its kind hold where it has none."""
        found = self._content()["parameters"].get(name, {})
        return dict(found)

    def put_parameters(self, name: str, parameters: Parameters) -> None:
        content = self._content()
        content["parameters"][name] = dict(parameters)
        self._write(content)

    def _content(self) -> dict[str, dict[str, Any]]:
        try:
            found = json.loads(self.path.read_bytes())
        except FileNotFoundError:
            return {"models": {}, "parameters": {}}
        except ValueError:
            found = None
        if (
            not isinstance(found, dict)
            or set(found) != {"models", "parameters"}
            or not all(map(_holds_dicts, found.values()))
        ):
            raise self._damaged()
        return found

    def _damaged(self) -> RegistryError:
        return RegistryError(
            f"{self.path} is damaged. Remove it, and run: aibuyer learn. Tuned parameters go with it: where models were"
            " tuned, copy them out of its text first, or tune anew."
        )

    def _write(self, content: dict[str, dict[str, Any]]) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        partial = self.path.with_suffix(".partial")
        partial.write_text(json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False), encoding="utf-8")
        partial.replace(self.path)


def _holds_dicts(part: object) -> bool:
    return isinstance(part, dict) and all(isinstance(each, dict) for each in part.values())


def _upkeep(content: dict[str, Any]) -> Upkeep:
    until, due_on = (date.fromisoformat(content[key]) if content[key] else None for key in ("until", "due_on"))
    looked_at = datetime.fromisoformat(content["looked_at"])
    return Upkeep(looked_at, until, due_on, tuple(map(str, content["findings"])), str(content["problem"]))
