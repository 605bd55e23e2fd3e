"""What a creative is worth: a quality that nobody sees, of which what can be seen explains a part."""

import math
from collections.abc import Sequence

from aibuyer_kit.sandbox.market.arrays import Floats, as_floats
from aibuyer_kit.sandbox.market.creatives import Creative
from aibuyer_kit.sandbox.market.draws import drawn, normal, streams
from aibuyer_kit.sandbox.market.emergent.rules import Attention


def quality_of(creatives: Sequence[Creative], attention: Attention, seed: int) -> Floats:
    """Return the latent quality of each creative; its median over many is 1.

    Its logarithm has the standard deviation `creative_spread`; the part `attributes_share` of that variance comes from
    what the creative shows (its form, its call, its title), the rest from itself alone.
    """
    attributes = [_attributes(one) for one in creatives]
    worth = {each: _worth(seed, *each) for each in {each for several in attributes for each in several}}
    visible = [sum(worth[each] for each in several) / math.sqrt(len(several)) for several in attributes]
    hidden = normal(drawn(streams(seed, [(one.id, "quality") for one in creatives]), 0)) if creatives else as_floats([])
    share = attention.attributes_share
    mixed = math.sqrt(share) * as_floats(visible) + math.sqrt(1 - share) * hidden
    found: Floats = math.e ** (attention.creative_spread * mixed)
    return found


def _attributes(creative: Creative) -> tuple[tuple[str, str], ...]:
    return ("form", creative.object_type), ("call", creative.call_to_action), ("title", creative.title)


def _worth(seed: int, what: str, text: str) -> float:
    return float(normal(drawn(streams(seed, [("attribute", what, text)]), 0))[0])
