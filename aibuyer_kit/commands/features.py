"""The command that lists what models may look at."""

import typer

from aibuyer_kit.commands.options import JsonOption, put
from aibuyer_kit.core.text_table import as_json, as_table


def add_to(app: typer.Typer) -> None:
    """Add the command; it stands at the top, beside the groups."""
    app.command()(features)


def features(
    locale: str = typer.Option("en", help="en or uk."),
    family: str = typer.Option("", help="Only of one family, such as calendar, past or creative."),
    json: JsonOption = False,
) -> None:
    """List every feature that models may use: its unit, what it may look at, and what it tells."""
    from aibuyer_kit.core.errors import InputError
    from aibuyer_kit.core.i18n import known_locale
    from aibuyer_kit.features.catalogue import FAMILIES, feature_rows

    if family and family not in FAMILIES:
        raise InputError(f"There is no family {family!r} of features. Known: {', '.join(FAMILIES)}.")
    rows = [row for row in feature_rows(known_locale(locale)) if not family or row["family"] == family]
    if json:
        put(as_json(rows))
    else:
        shown = ("name", "unit", "leakage", "meaning")
        put(as_table([{name: row[name] for name in shown} for row in rows]))
