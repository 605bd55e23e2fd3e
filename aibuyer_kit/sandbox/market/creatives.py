"""Creatives: what an ad shows; where response is a formula they change no figure."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from aibuyer_kit.sandbox.market.account import Account, Ad
from aibuyer_kit.sandbox.market.draws import digits, uniform

_TITLES = ("Sample spring sale", "Sample new season", "Приклад: нова колекція", "Sample free delivery")
_BODIES = (
    "Sample text: made for the season.",
    "Приклад тексту: доставка за день.",
    'Sample <i>text</i> with "quotes" & more',
    "Sample text: try it for 30 days.",
)
_CALLS = ("SHOP_NOW", "LEARN_MORE", "SIGN_UP", "GET_OFFER")


@dataclass(frozen=True)
class Creative:
    """One creative; a text that it does not have is empty."""

    id: str
    name: str
    title: str = ""
    body: str = ""
    object_type: str = "SHARE"
    call_to_action: str = "LEARN_MORE"
    link_url: str = ""
    image_url: str = ""
    video_id: str = ""
    story_spec: Mapping[str, object] = field(default_factory=dict)

    @property
    def thumbnail_url(self) -> str:
        return f"https://cdn.example/{self.id}/thumbnail.jpg"


def first_creatives(account: Account, seed: int) -> tuple[Creative, ...]:
    """Return the creative that each ad of a world begins with, in the order of the ads."""
    return tuple(_creative(ad, seed) for ad in account.ads)


def _creative(ad: Ad, seed: int) -> Creative:
    creative_id = ad.first_creative_id
    is_video = ad.name.endswith("video")
    call = "SIGN_UP" if "lead" in ad.name.lower() else _drawn(_CALLS, seed, ad.name, "call")
    return Creative(
        id=creative_id,
        name=f"{ad.name} creative",
        title=_drawn(_TITLES, seed, ad.name, "title"),
        body=_drawn(_BODIES, seed, ad.name, "body"),
        object_type="VIDEO" if is_video else "SHARE",
        call_to_action=call,
        link_url=f"https://shop.example/{ad.adset_id}",
        image_url="" if is_video else f"https://cdn.example/{creative_id}/image.jpg",
        video_id=digits(15, seed, ad.id, "video") if is_video else "",
    )


def _drawn(choices: tuple[str, ...], seed: int, *names: str) -> str:
    return choices[int(uniform(seed, *names) * len(choices))]
