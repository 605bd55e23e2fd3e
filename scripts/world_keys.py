"""Write what presets are, and what a world file may set of people and auctions, into the practice platform's page.

Both stand between marks in aibuyer_kit/sandbox/README.md and come from the package; `--check` only compares.
"""

import argparse
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import NoneType
from typing import Any, get_args

from annotated_types import Ge, Gt, Le, Lt
from data_dictionary import table
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from aibuyer_kit.sandbox.market.emergent.rules import Rules, Section
from aibuyer_kit.sandbox.market.presets import MEANINGS, PRESETS
from aibuyer_kit.sandbox.market.world import World

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "aibuyer_kit" / "sandbox" / "README.md"
USUAL = Rules()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail if the page is not current; write nothing")
    current = PAGE.read_text(encoding="utf-8")
    expected = written(written(current, "presets", presets()), "keys", keys())
    if not parser.parse_args().check:
        PAGE.write_text(expected, encoding="utf-8")
    elif current != expected:
        sys.exit(f"{PAGE.relative_to(ROOT)} is not current. Run: make docs")


def written(text: str, name: str, lines: Iterator[str]) -> str:
    """Return the page with something else between the marks of a name."""
    begin, end = f"<!-- {name}: written by make docs -->", f"<!-- end of {name} -->"
    inner = "\n".join(lines).strip()
    found, count = re.subn(
        f"{re.escape(begin)}.*?{re.escape(end)}", lambda _: f"{begin}\n{inner}\n{end}", text, flags=re.DOTALL
    )
    if count != 1:
        sys.exit(f"{PAGE.relative_to(ROOT)} needs the lines {begin} and {end} once.")
    return found


def presets() -> Iterator[str]:
    heads = ["Preset", "What it is", "Ad sets", "Days of history", "What it sets otherwise"]
    yield from table(heads, map(preset_row, PRESETS.values()))


def preset_row(world: World) -> list[str]:
    adsets = sum(len(campaign.adsets) for campaign in world.campaigns)
    differs = "; ".join(differences(world.rules)) if world.rules else "no rules: only the keys of the first table"
    return [f"`{world.preset}`", MEANINGS[world.preset], f"{adsets:,}", str(world.history_days), differs or "nothing"]


def differences(rules: Rules) -> Iterator[str]:
    """Say what a preset sets in another way than the usual rules."""
    for name in Rules.model_fields:
        ours, usual = getattr(rules, name), getattr(USUAL, name)
        if isinstance(ours, Section):
            changed = (key for key in type(ours).model_fields if getattr(ours, key) != getattr(usual, key))
            for key in changed:
                yield f"`{name}.{key}` {told(getattr(ours, key))}"
        elif isinstance(ours, tuple):
            if ours:
                yield f"{len(ours)} × `[[{name}]]`"
        elif ours != usual:
            yield f"`{name}` {told(ours)}"


def keys() -> Iterator[str]:
    heads = ["Key", "Meaning", "Usually", "From – to"]
    yield from table(heads, rows())


def rows() -> Iterator[list[str]]:
    # What is no table has to stand above all tables of a file.
    plain = {name: field for name, field in Rules.model_fields.items() if section_of(field) is None}
    for name, field in plain.items():
        yield row(f"`{name}`", field)
    for name, field in Rules.model_fields.items():
        section = section_of(field)
        if section is None:
            continue
        is_list = isinstance(field.default, tuple)
        head = f"**`[[{name}]]`**" if is_list else f"**`[{name}]`**"
        yield [head, (section.__doc__ or "").splitlines()[0], "none" if is_list else "", ""]
        for key, inner in section.model_fields.items():
            yield row(f"`{key}`", inner)


def section_of(field: FieldInfo) -> type[BaseModel] | None:
    """Return the table that a key stands for, or holds a list of."""
    for each in (field.annotation, *get_args(field.annotation)):
        if isinstance(each, type) and issubclass(each, BaseModel):
            return each
    return None


def row(key: str, field: FieldInfo) -> list[str]:
    usual = "has to be said" if field.is_required() else told(field.default)
    return [key, field.description or "", usual, bounds(field)]


def bounds(field: FieldInfo) -> str:
    """Say what a key takes: words to choose from, or the ends of a range."""
    words = [each for each in get_args(field.annotation) if each is not NoneType]
    if words:
        return ", ".join(f"`{word}`" for word in words)
    low = high = ""
    for limit in field.metadata:
        match limit:
            case Ge(ge=number):
                low = told(number)
            case Gt(gt=number):
                low = f"above {told(number)}"
            case Le(le=number):
                high = told(number)
            case Lt(lt=number):
                high = f"below {told(number)}"
    return f"{low} – {high}" if high else f"{low} –"


def told(value: Any) -> str:
    if not isinstance(value, int | float):
        return f"`{value}`"
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:g}"


if __name__ == "__main__":
    main()
