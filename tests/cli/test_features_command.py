"""The list of features, as a terminal and as another program read it."""

import json

import pytest
from typer.testing import CliRunner

from aibuyer_kit.cli import app
from aibuyer_kit.core.errors import InputError


def test_features_are_listed_with_what_they_may_look_at() -> None:
    """In the reader's language, all or of one family."""
    run = CliRunner().invoke(app, ["features", "--family", "calendar", "--locale", "uk"])
    assert "days_to_holiday" in run.stdout
    assert "Днів до наступного державного свята" in run.stdout
    assert "spend_lag_1" not in run.stdout
    assert "відоме наперед" in run.stdout
    assert "advance" not in run.stdout
    rows = json.loads(CliRunner().invoke(app, ["features", "--json"]).stdout)
    told = next(row for row in rows if row["name"] == "results_mean_7")
    assert (told["family"], told["unit"], told["leakage"], told["known_ahead"]) == ("past", "count", "restated", False)


def test_a_family_that_there_is_not_is_refused() -> None:
    """With those there are."""
    with pytest.raises(InputError, match="Known: calendar, past"):
        CliRunner().invoke(app, ["features", "--family", "x"], catch_exceptions=False)
