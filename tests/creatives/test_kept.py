"""Models of what creatives show as they are kept: learnt, read back, judged on later days, and explained."""

import json
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from aibuyer_kit.core.errors import ArtefactError, TooLittleError
from aibuyer_kit.creatives.kept import CreativeTrainable, KeptCreatives, creatives_of
from aibuyer_kit.features.panel import DailyPanel
from aibuyer_kit.features.trainable import Fold, json_file
from tests.creatives.drawn_ads import PLANTED, UNTIL, drawn_ads

CLICKS = CreativeTrainable("creative-clicks", "ctr")


@pytest.fixture(scope="module")
def ads() -> DailyPanel:
    return drawn_ads(1)


def fold(panel: DailyPanel) -> Fold:
    return Fold(panel.until(UNTIL - timedelta(days=CLICKS.horizon_days)), panel)


def test_what_works_is_found_and_holds_on_later_days(ads: DailyPanel) -> None:
    """A planted call to action is clicked 1.65 times as often; where none is planted, nothing that holds is found."""
    found = fold(ads)
    judged = CLICKS.fit(found.known, {}, 7).judge(found)
    assert np.nansum(judged.loss) < 0.7 * np.nansum(judged.floor)
    none = fold(drawn_ads(2, effect=0.0))
    judged = CLICKS.fit(none.known, {}, 7).judge(none)
    assert np.nansum(judged.loss) > 0.9 * np.nansum(judged.floor)


def test_it_comes_back_from_its_files_and_says_the_same(ads: DailyPanel) -> None:
    """Byte for byte, and each ad by a part of the model that has not seen it."""
    model = CLICKS.fit(ads, {}, 7)
    again = CLICKS.load(model.files())
    assert again.files() == model.files() == CLICKS.fit(ads, {}, 7).files()
    assert np.array_equal(again.scores(ads), model.scores(ads))
    offers = np.array([each.creative["call_to_action"] == "GET_OFFER" for each in ads.objects])
    assert again.scores(ads)[offers].min() > again.scores(ads)[~offers].max()


def test_what_drives_a_score_adds_up_to_it_and_the_planted_one_leads(ads: DailyPanel) -> None:
    model = CLICKS.fit(ads, {}, 7)
    places, found = model.contributions(ads)
    assert np.exp(found.raw_scores()) == pytest.approx(model.scores(ads)[list(places)])
    offers = [row for row, at in enumerate(places) if ads.objects[at].creative["call_to_action"] == "GET_OFFER"]
    assert all(next(iter(found.of(row))) == PLANTED for row in offers)


def test_an_ad_of_which_it_is_not_known_what_it_shows_has_no_score(ads: DailyPanel) -> None:
    model = CLICKS.fit(ads, {}, 7)
    hidden = replace(ads, objects=(replace(ads.objects[0], creative={}), *ads.objects[1:]))
    scores = model.scores(hidden)
    assert np.isnan(scores[0])
    assert np.isfinite(scores[1:]).all()
    assert len(creatives_of(hidden)[0]) == len(ads.objects)


def test_days_without_a_value_are_too_little_and_no_fault(ads: DailyPanel) -> None:
    """A client without values has no model of them; a fold without any tells nothing, and refuses nothing."""
    value = CreativeTrainable("creative-value", "roas", "value")
    none = replace(ads, measures={**ads.measures, "revenue": np.zeros_like(ads.measure("revenue"))})
    with pytest.raises(TooLittleError, match="No value is known"):
        value.fit(none, {}, 7)
    kept = KeptCreatives(value, CLICKS.fit(ads, {}, 7).model, {})
    judged = kept.judge(fold(none))
    assert judged.ids
    assert np.isnan(judged.loss).all()


def test_results_of_two_kinds_are_not_mixed(ads: DailyPanel) -> None:
    """What counts another kind than most of the spend does not teach what brings results."""
    half = len(ads.objects) // 4
    objects = tuple(
        replace(each, result_type="landing_page_view" if at < half else "purchase")
        for at, each in enumerate(ads.objects)
    )
    mixed = replace(ads, objects=objects)
    results = CreativeTrainable("creative-results", "cpa")
    seen, alone = results.evidence(mixed), results.evidence(mixed.only(range(half, len(objects))))
    assert seen.count.sum() == alone.count.sum()
    assert CLICKS.evidence(mixed).count.sum() == CLICKS.evidence(ads).count.sum()


def test_too_few_creatives_and_files_of_others_are_refused(ads: DailyPanel) -> None:
    with pytest.raises(TooLittleError, match="it is known what they show"):
        CLICKS.fit(ads.only(range(10)), {}, 7)
    files = CLICKS.fit(ads, {}, 7).files()
    content = json.loads(files["creatives.json"])
    damaged = json_file(content | {"model": content["model"] | {"boosters": ["no trees"]}})
    for wrong in ({}, {"creatives.json": b"{}"}, {"creatives.json": damaged}):
        with pytest.raises(ArtefactError):
            CLICKS.load(wrong).scores(ads)
    with pytest.raises(ArtefactError, match="not 'creative-results'"):
        CreativeTrainable("creative-results", "cpa").load(files)
