"""What a viewer has chosen."""

from datetime import date

import pytest

from aibuyer_kit.core.errors import AibuyerError
from aibuyer_kit.dashboards.state import CHOOSABLE_METRICS, NEWEST, OWN_PERIOD, ViewState


def test_a_period_is_days_or_two_ends() -> None:
    """The arguments are those of the client's own methods."""
    whole = ViewState("shop", days=7)
    ends = whole.changed(since=date(2026, 5, 4), until=date(2026, 5, 10), as_of=5)

    assert whole.period() == {"days": 7, "as_of": None}
    assert ends.period() == {"since": date(2026, 5, 4), "until": date(2026, 5, 10), "as_of": 5}


@pytest.mark.parametrize(
    "wrong", [{"level": "planet"}, {"metric": "cpaa"}, {"days": 0}, {"since": date(2026, 5, 4)}], ids=str
)
def test_a_choice_that_does_not_exist_is_refused(wrong: dict[str, object]) -> None:
    """A link with a wrong value must not show another view without a word."""
    with pytest.raises(AibuyerError):
        ViewState("shop", **wrong)  # type: ignore[arg-type]


def test_another_client_begins_at_its_newest_data() -> None:
    """A load number of one client means nothing to another; level and metric stay chosen."""
    state = ViewState("shop", level="ad", metric="cpa", as_of=7).changed(client_id="other")
    assert (state.as_of, state.level, state.metric) == (NEWEST, "ad", "cpa")
    assert ViewState("shop", as_of=7).changed(level="ad").as_of == 7


def test_people_cannot_be_chosen_as_a_figure_of_a_period() -> None:
    """Reach does not add up over days."""
    assert "reach" not in CHOOSABLE_METRICS
    assert {"spend", "results", "cpa", "roas"} <= set(CHOOSABLE_METRICS)


def test_a_number_of_days_takes_the_place_of_an_own_period() -> None:
    """Both at once would be no period."""
    own = ViewState("shop").changed(since=date(2026, 5, 4), until=date(2026, 5, 10))
    assert (own.period_choice, own.changed(level="ad").since) == (OWN_PERIOD, date(2026, 5, 4))
    assert (own.changed(days=7).period(), own.changed(days=7).period_choice) == ({"days": 7, "as_of": None}, 7)
