"""Meta's time presets, and the windows that are the same days.

`LAST_7_DAYS` is with today, `LAST_7D` without; `LAST_ND_14_8` ends 8 days ago. Weeks that begin on Sunday have no
window here.
"""

from collections.abc import Mapping
from typing import Any

from aibuyer_kit.rules.meta.carried import NotCarriedError
from aibuyer_kit.rules.windows import Calendar, Lifetime, Rolling

Days = Mapping[str, Any]
_LENGTHS = (2, 3, 7, 14, 28, 30)
_LATE = {8: (14, 30, 60, 120, 180), 29: (60, 120, 180)}

WINDOWS: Mapping[str, Days] = {
    "LIFETIME": {"lifetime": True, "ends": "today"},
    "MAXIMUM": {"lifetime": True, "ends": "today"},
    "TODAY": {"days": 1, "ends": "today"},
    "YESTERDAY": {"days": 1, "ends": "yesterday"},
    "THIS_MONTH": {"calendar": "this_month", "ends": "today"},
    "THIS_WEEK_MON_TODAY": {"calendar": "this_week", "ends": "today"},
    **{f"LAST_{days}_DAYS": {"days": days, "ends": "today"} for days in _LENGTHS},
    **{f"LAST_{days}D": {"days": days, "ends": "yesterday"} for days in _LENGTHS},
    **{
        f"LAST_ND_{days}_{ends}": {"days": days - ends + 1, "ends": ends}
        for ends, lengths in _LATE.items()
        for days in lengths
    },
    **{f"LAST_ND_LIFETIME_{ends}": {"lifetime": True, "ends": ends} for ends in _LATE},
}
_KNOWN = (*WINDOWS, "THIS_WEEK_SUN_TODAY")
_BY_DAYS = {tuple(sorted(days.items())): preset for preset, days in WINDOWS.items() if preset != "MAXIMUM"}
_NAMED_ENDS = {0: "today", 1: "yesterday"}


def window_of(preset: object) -> Days:
    """Return the window of a preset. Raises NotCarriedError."""
    found = WINDOWS.get(preset) if isinstance(preset, str) else None
    if found is None:
        why = "weeks begin on Monday here" if preset == "THIS_WEEK_SUN_TODAY" else "there is no such window"
        raise NotCarriedError(f"{why}.", "other")
    return found


def split_preset(name: str) -> tuple[str, str]:
    """Return the preset that a metric's name begins with, '' without one, and the rest.

    >>> split_preset("last_7d_spent"), split_preset("spent")
    (('LAST_7D', 'spent'), ('', 'spent'))
    """
    for preset in sorted(_KNOWN, key=len, reverse=True):
        if name.startswith(f"{preset.lower()}_"):
            return preset, name[len(preset) + 1 :]
    return "", name


def preset_of(window: object) -> str:
    """Return the preset with the days of a window. Raises NotCarriedError."""
    if isinstance(window, Rolling | Calendar | Lifetime):
        days = window.model_dump(exclude_none=True)
        days["ends"] = _NAMED_ENDS.get(days.get("ends", 0), days.get("ends"))
        if found := _BY_DAYS.get(tuple(sorted(days.items()))):
            return found
    raise NotCarriedError(f"Meta has no time preset for {window}.")


def has_today(preset: str) -> bool:
    return bool(WINDOWS[preset]["ends"] == "today")
