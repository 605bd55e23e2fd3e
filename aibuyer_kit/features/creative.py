"""What a creative shows and says, as numbers; nothing here knows how it did."""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np

from aibuyer_kit.features.feature import Feature, Leakage, Unit
from aibuyer_kit.features.view import View, as_columns
from aibuyer_kit.features.windows import Floats

# Codes are places in these lists and stay what they are: new ones are added at the end.
CALLS = (
    "SHOP_NOW",
    "LEARN_MORE",
    "SIGN_UP",
    "GET_OFFER",
    "BOOK_TRAVEL",
    "CONTACT_US",
    "SUBSCRIBE",
    "DOWNLOAD",
    "APPLY_NOW",
    "BUY_NOW",
    "ORDER_NOW",
    "GET_QUOTE",
    "MESSAGE_PAGE",
    "WHATSAPP_MESSAGE",
    "INSTALL_MOBILE_APP",
    "CALL_NOW",
    "WATCH_MORE",
    "NO_BUTTON",
    "SEE_MENU",
    "GET_DIRECTIONS",
)
FORMATS = ("SHARE", "VIDEO", "PHOTO", "STATUS", "OFFER", "LINK", "CAROUSEL", "COLLECTION")
OBJECTIVES = (
    "OUTCOME_SALES",
    "OUTCOME_LEADS",
    "OUTCOME_TRAFFIC",
    "OUTCOME_ENGAGEMENT",
    "OUTCOME_AWARENESS",
    "OUTCOME_APP_PROMOTION",
)
_EMOJI = re.compile("[\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff]")
_OFFER = re.compile(
    r"\d\s*%|[$€£₴¥]|\b(?:sale|free|discount|off|save|deal|грн|безкоштовн\w*|знижк\w*|акці\w*|подарун\w*|розпродаж\w*)\b",
    re.IGNORECASE,
)
_CYRILLIC = re.compile("[\u0400-\u04ff]")
_URGENT = re.compile(r"\b(?:now|today|last|hurry|only|сьогодні|зараз|останн\w*|лише|поспіша\w*)\b", re.IGNORECASE)

Shown = Mapping[str, Any]
# What a creative is read for: a number, or NaN where it does not tell.
_Read = Callable[[Shown], float]


def creative_numbers() -> Mapping[str, tuple[Unit, _Read]]:
    """Return what is told of a creative, by the name of its feature."""
    return {
        "creative_format": ("code", lambda shown: _code(shown.get("object_type"), FORMATS)),
        "creative_call": ("code", lambda shown: _code(shown.get("call_to_action"), CALLS)),
        "is_video": ("flag", lambda shown: float(bool(shown.get("video_id")) or shown.get("object_type") == "VIDEO")),
        "has_link": ("flag", lambda shown: float(bool(shown.get("link_url")))),
        "title_characters": ("count", lambda shown: float(len(_text(shown, "title")))),
        "body_characters": ("count", lambda shown: float(len(_text(shown, "body")))),
        "text_words": ("count", lambda shown: float(len(_all(shown).split()))),
        "emoji_count": ("count", lambda shown: float(len(_EMOJI.findall(_all(shown))))),
        "has_question": ("flag", lambda shown: float("?" in _all(shown))),
        "has_exclamation": ("flag", lambda shown: float("!" in _all(shown))),
        "has_number": ("flag", lambda shown: float(any(letter.isdigit() for letter in _all(shown)))),
        "has_offer": ("flag", lambda shown: float(bool(_OFFER.search(_all(shown))))),
        "has_urgency": ("flag", lambda shown: float(bool(_URGENT.search(_all(shown))))),
        "uppercase_share": ("share", lambda shown: _share_of_letters(shown, str.isupper)),
        "cyrillic_share": ("share", lambda shown: _share_of_letters(shown, lambda each: bool(_CYRILLIC.match(each)))),
    }


def creative_features() -> Iterator[Feature]:
    """Yield what the creative of an ad shows; of other levels nothing is told."""
    for name, (unit, read) in creative_numbers().items():
        yield Feature(name, unit, Leakage.SET, partial(_of_objects, read))
    yield Feature("objective", "code", Leakage.SET, _objectives)


def _of_objects(read: _Read, view: View) -> Floats:
    values = [read(each.creative) if each.creative else np.nan for each in view.panel.objects]
    return np.broadcast_to(as_columns(values), view.shape)


def _objectives(view: View) -> Floats:
    values = [_code(each.objective, OBJECTIVES) for each in view.panel.objects]
    return np.broadcast_to(as_columns(values), view.shape)


def _text(shown: Shown, name: str) -> str:
    return str(shown.get(name) or "")


def _all(shown: Shown) -> str:
    return f"{_text(shown, 'title')} {_text(shown, 'body')}"


def _code(value: object, known: tuple[str, ...]) -> float:
    """Return the place of a value in a list of known ones; one that is not in it is not known."""
    return float(known.index(value)) if value in known else np.nan


def _share_of_letters(shown: Shown, is_kind: Callable[[str], bool]) -> float:
    letters = [each for each in _all(shown) if each.isalpha()]
    return sum(map(is_kind, letters)) / len(letters) if letters else np.nan
