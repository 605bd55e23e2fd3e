"""What a person reads of a response: tables, notes, advice and charts, in both languages."""

import json

import numpy as np
import pytest

from aibuyer_kit.core.errors import NotFoundError
from aibuyer_kit.planning.response.learn import learn_response
from aibuyer_kit.planning.response.response import Response
from tests.planning.response.panels import drawn, hill, moving, panel

NASTY = '<script>alert("x")</script>'


@pytest.fixture(scope="module")
def response() -> Response:
    """Four arms, the first of which never moved and has a nasty name."""
    spend = moving(300, 4, seed=1)
    spend[:, 0] = 400.0
    names = [NASTY, "Two", "Three", "Four"]
    held = panel(spend, drawn(hill(spend), seed=2), objects=[{"name": name, "campaign_id": "c"} for name in names])
    return Response("Shop", "en", held.days, 7, learn_response(held))


def test_the_largest_arm_stands_first_with_its_interval(response: Response) -> None:
    """Spend of late, the next unit's return within its interval, and how far the ceiling is."""
    first = response.arms[0]
    assert (first.name, first.spend_now, first.identified) == (NASTY, 400.0, "no")
    assert first.marginal_low < first.marginal < first.marginal_high
    assert 0 < first.saturation < 1


def test_an_arm_that_cannot_be_told_gets_a_warning_and_the_cheapest_test(response: Response) -> None:
    """Budgets up and down around today's, at a cost, and it tells more than is known now."""
    first = response.arms[0]
    assert "never moved" in first.warning
    assert first.trial is not None
    assert first.trial.low < 400 < first.trial.high
    assert first.trial.low + first.trial.high == pytest.approx(800)
    assert first.trial.error_after < first.trial.error_now
    assert first.trial.cost >= 0
    assert {each.name for each in response.arms if each.trial} == {NASTY}


def test_words_say_that_reports_are_not_what_ads_bring(response: Response) -> None:
    """Without lift tests, in English and in Ukrainian."""
    assert "Without lift tests" in repr(response)
    assert "Без тестів приросту" in "\n".join(response.notes("uk"))
    assert "spend never moved" in repr(response)


def test_names_are_escaped_on_every_way_out(response: Response) -> None:
    """In the page and in the titles of its charts."""
    page = response._repr_html_()
    assert "<script" not in page
    assert page.count("<svg") == 4
    assert page.count("&lt;script&gt;") >= 3


def test_a_page_shows_charts_first_and_what_to_know_below_each_name(response: Response) -> None:
    """A column of remarks would be a few characters wide: they stand in the cell of the arm's name."""
    page = response._repr_html_()
    assert page.index("<svg") < page.index("<table")
    assert page.count("<th>") == 6
    assert '<div class="ab-note">spend never moved</div></th>' in page


def test_a_chart_of_an_arm_shows_the_spend_that_was_observed(response: Response) -> None:
    """By id or by name; in words it names the range."""
    assert str(response.plot("a1")) == str(response.plot("Two"))
    assert "Spend was from" in str(response.plot("Two"))
    with pytest.raises(NotFoundError, match="Five"):
        response.plot("Five")


def test_rows_frame_and_json_agree(response: Response) -> None:
    """One row an arm; the JSON is strict."""
    frame = response.to_frame()
    told = json.loads(response.to_json())
    assert list(frame["id"]) == [arm["id"] for arm in told["arms"]]
    assert frame.attrs["notes"] == told["notes"]
    assert (told["basis"], told["value_of"], told["currency"]) == ("reported", "gross_profit", "EUR")
    assert np.isfinite(frame[["marginal", "marginal_low", "marginal_high"]].to_numpy()).all()
