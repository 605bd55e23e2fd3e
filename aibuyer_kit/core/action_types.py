"""Action types that tell of one event: Meta reports a purchase once for each way in which it saw it.

A family is an event with all names under which it is reported. Names of one family overlap, so that at most one of
them may be counted. Source: Meta Marketing API, reference "Ads Action Stats" (field `action_type`) and the standard
events of the pixel and of app events, v26.0.
"""

from collections.abc import Iterable

# The ways of seeing an event, as they stand before its name; the longest that fits is taken off.
_WAYS = (
    "app_custom_event.fb_mobile_",
    "app_custom_event.",
    "offline_conversion.",
    "offsite_conversion.fb_offline_",
    "offsite_conversion.fb_pixel_",
    "omni_",
    "onsite_app_",
    "onsite_conversion.",
    "onsite_web_app_",
    "onsite_web_",
    "web_app_in_store_",
    "web_in_store_",
)
# Events whose names differ by more than the way; on the right the family.
_OTHER_NAMES = {
    "achievement_unlocked": "achievement_unlocked",
    "activate_app": "app_activation",
    "app_install": "app_install",
    "content_view": "view_content",
    "custom": "custom_event",
    "initiated_checkout": "initiate_checkout",
    "lead_grouped": "lead",
    "leadgen.other": "lead",
    "leadgen_grouped": "lead",
    "level_achieved": "level_achieved",
    "mobile_app_install": "app_install",
    "tutorial_completion": "tutorial_completion",
}
ACTION_EVENTS = frozenset(
    {
        "achievement_unlocked",
        "add_payment_info",
        "add_to_cart",
        "add_to_wishlist",
        "app_activation",
        "app_install",
        "complete_registration",
        "contact",
        "customize_product",
        "donate",
        "find_location",
        "initiate_checkout",
        "lead",
        "level_achieved",
        "purchase",
        "rate",
        "schedule",
        "search",
        "spent_credits",
        "start_trial",
        "submit_application",
        "subscribe",
        "tutorial_completion",
        "view_content",
    }
)
_ENDINGS = ("_total", "_website", "_mobile_app", "_offline")


def family_of(action_type: str) -> str:
    """Return the event that an action type tells of; a type that is not known to overlap is a family of its own.

    >>> family_of("offsite_conversion.fb_pixel_purchase"), family_of("onsite_conversion.lead_grouped")
    ('purchase', 'lead')
    >>> family_of("link_click")
    'link_click'
    """
    ways = sorted((way for way in _WAYS if action_type.startswith(way)), key=len, reverse=True)
    for way in (*ways, ""):
        event = action_type.removeprefix(way)
        for name in (event, *(event.removesuffix(ending) for ending in _ENDINGS if event.endswith(ending))):
            family = _OTHER_NAMES.get(name, name)
            if family in ACTION_EVENTS:
                return family
    return action_type


def overlapping(action_type: str, others: Iterable[str]) -> tuple[str, ...]:
    """Return those of `others` that may count the same events as `action_type`, sorted, without itself.

    >>> overlapping("purchase", ("lead", "omni_purchase", "purchase"))
    ('omni_purchase',)
    """
    family = family_of(action_type)
    return tuple(sorted({each for each in others if each != action_type and family_of(each) == family}))
