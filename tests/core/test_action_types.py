"""Action types that tell of one event are known as one family."""

import pytest

from aibuyer_kit.core.action_types import family_of, overlapping

PURCHASES = (
    "purchase",
    "omni_purchase",
    "offsite_conversion.fb_pixel_purchase",
    "onsite_conversion.purchase",
    "onsite_web_purchase",
    "onsite_web_app_purchase",
    "onsite_app_purchase",
    "web_in_store_purchase",
    "web_app_in_store_purchase",
    "app_custom_event.fb_mobile_purchase",
    "offline_conversion.purchase",
)
LEADS = (
    "lead",
    "offsite_conversion.fb_pixel_lead",
    "onsite_conversion.lead_grouped",
    "onsite_web_lead",
    "leadgen.other",
)


@pytest.mark.parametrize(("event", "names"), [("purchase", PURCHASES), ("lead", LEADS)])
def test_every_name_of_an_event_is_of_one_family(event: str, names: tuple[str, ...]) -> None:
    """However the platform saw it."""
    assert {family_of(name) for name in names} == {event}
    assert overlapping(event, (*PURCHASES, *LEADS)) == tuple(sorted(set(names) - {event}))


@pytest.mark.parametrize("name", ["link_click", "post_engagement", "offsite_conversion.custom.123", "video_view"])
def test_other_types_stand_alone(name: str) -> None:
    """Nothing is said of what is not known."""
    assert family_of(name) == name


def test_checkouts_are_known_under_both_spellings() -> None:
    """The app's event is called otherwise than the pixel's."""
    names = ("app_custom_event.fb_mobile_initiated_checkout", "offsite_conversion.fb_pixel_initiate_checkout")
    assert {family_of(name) for name in names} == {"initiate_checkout"}
