"""What people do to an account while it is watched: at random, by a seed, through the platform's own protocol."""

import random
from dataclasses import dataclass, field
from typing import Any

from .graph import Graph

_NAMES = ('Sample "Sale" <b>now</b>', "Зразок — осінь", "=SUM(A1)", "Sample 🛍 spring", "Sample; DROP TABLE ads")
_MOST_ADS, _FEWEST_ADS = 14, 3


@dataclass
class People:
    """Changes of one account; nothing is done to what was deleted, and some ads always stay."""

    graph: Graph
    draw: random.Random
    done: dict[str, int] = field(default_factory=dict)

    def act(self) -> None:
        """Do one thing, if the platform lets it."""
        name = self.draw.choice(
            (
                *("pause", "resume", "resume", "rename", "budget", "budget", "creative", "creative_name"),
                *("delete_ad", "delete_adset", "new_ad", "new_campaign", "judge", "pause_campaign"),
            )
        )
        if getattr(self, f"_{name}")():
            self.done[name] = self.done.get(name, 0) + 1

    def _objects(self, edge: str, *statuses: str) -> list[dict[str, Any]]:
        asked = {"effective_status": list(statuses)} if statuses else {}
        params = {"fields": "id,campaign_id,adset_id" if edge == "ads" else "id", "limit": "500", **asked}
        if edge == "creatives":
            edge, params = "adcreatives", {"fields": "id", "limit": "500"}
        found = self.graph.change("GET", f"{self.graph.account_id}/{edge}", **params)
        return list(found["data"]) if found else []

    def _one(self, edge: str, *statuses: str) -> str:
        found = self._objects(edge, *statuses)
        return str(self.draw.choice(found)["id"]) if found else ""

    def _set(self, object_id: str, **what: object) -> bool:
        return bool(object_id) and self.graph.change("POST", object_id, **what) is not None

    def _pause(self) -> bool:
        return self._set(self._one(self.draw.choice(("adsets", "ads"))), status="PAUSED")

    def _pause_campaign(self) -> bool:
        return self._set(self._one("campaigns"), status=self.draw.choice(("PAUSED", "ACTIVE", "ACTIVE")))

    def _resume(self) -> bool:
        return self._set(self._one(self.draw.choice(("campaigns", "adsets", "ads")), "PAUSED"), status="ACTIVE")

    def _rename(self) -> bool:
        edge = self.draw.choice(("campaigns", "adsets", "ads"))
        return self._set(self._one(edge), name=f"{self.draw.choice(_NAMES)} {self.draw.randrange(99)}")

    def _budget(self) -> bool:
        return self._set(self._one("adsets"), daily_budget=str(self.draw.randrange(500, 9000)))

    def _creative_name(self) -> bool:
        return self._set(self._one("creatives"), name=f"{self.draw.choice(_NAMES)} {self.draw.randrange(99)}")

    def _creative(self) -> bool:
        made = self._made("adcreatives", title=self.draw.choice(_NAMES), body="Sample words")
        return bool(made) and self._set(self._one("ads"), creative={"creative_id": made})

    def _delete_ad(self) -> bool:
        ads = self._objects("ads")
        if len(ads) <= _FEWEST_ADS:
            return False
        return self.graph.change("DELETE", str(self.draw.choice(ads)["id"])) is not None

    def _delete_adset(self) -> bool:
        ads, adset_id = self._objects("ads"), self._one("adsets")
        left = [ad for ad in ads if ad["adset_id"] != adset_id]
        if self.draw.random() < 0.6 or len(left) < _FEWEST_ADS or not adset_id:
            return False
        return self.graph.change("DELETE", adset_id) is not None

    def _new_ad(self, adset_id: str = "") -> bool:
        made, adset_id = self._made("adcreatives"), adset_id or self._one("adsets")
        if not (made and adset_id) or len(self._objects("ads")) >= _MOST_ADS:
            return False
        return bool(self._made("ads", adset_id=adset_id, creative={"creative_id": made}))

    def _new_campaign(self) -> bool:
        if self.draw.random() < 0.7 or len(self._objects("ads")) >= _MOST_ADS:
            return False
        campaign_id = self._made("campaigns", objective="OUTCOME_SALES", special_ad_categories=[], status="ACTIVE")
        if not campaign_id:
            return False
        about = {"billing_event": "IMPRESSIONS", "optimization_goal": "OFFSITE_CONVERSIONS", "targeting": {}}
        adset_id = self._made("adsets", campaign_id=campaign_id, daily_budget="2000", **about)
        return bool(adset_id) and self._new_ad(adset_id)

    def _judge(self) -> bool:
        """The platform's own people: a verdict on an ad, or none any more."""
        ad_id = self._one("ads")
        if ad_id:
            verdict = self.draw.choice(("", "", "DISAPPROVED", "WITH_ISSUES"))
            self.graph.control("POST", "/verdicts", {"id": ad_id, "verdict": verdict})
        return bool(ad_id)

    def _made(self, edge: str, **what: object) -> str:
        name = f"{self.draw.choice(_NAMES)} {self.draw.randrange(10_000)}"
        made = self.graph.change("POST", f"{self.graph.account_id}/{edge}", name=name, **what)
        return str(made["id"]) if made else ""
