"""A field for a day in a Panel page: the browser's own, which Panel does not offer."""

from datetime import date
from pathlib import Path
from typing import ClassVar

import param
from panel.custom import JSComponent

_FOLDER = Path(__file__).parent


class DayInput(JSComponent):  # type: ignore[misc]  # Panel's classes have no types
    """One day, as YYYY-MM-DD in `day`; empty while none is chosen."""

    label = param.String("")
    day = param.String("")

    _esm: ClassVar[str] = (_FOLDER / "day_input.js").read_text(encoding="utf-8")
    _stylesheets: ClassVar[list[str]] = [(_FOLDER / "day_input.css").read_text(encoding="utf-8")]

    @property
    def chosen(self) -> date | None:
        """The day, or None where nothing that is one was chosen."""
        try:
            return date.fromisoformat(self.day)
        except ValueError:
            return None
