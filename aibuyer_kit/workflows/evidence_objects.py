"""The objects behind rules, as known after one load: what each is, what is above it, and its fields."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from aibuyer_kit.core.changes import ACTIVE, PAUSED
from aibuyer_kit.core.dates import account_date, time_zone
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.money import meta_minor_per_unit
from aibuyer_kit.rules.subjects import Subject, Text
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.workflows.evidence_days import AccountKey, Key

_TEXTS = ("learning_stage", "bid_strategy", "optimization_goal")
_LISTS = ("labels", "issues")
_NONE: Mapping[Key, Any] = {}


@dataclass(frozen=True)
class Account:
    """An ad account: its key, its time zone, and how many of its smallest units make one of its currency."""

    key: AccountKey
    zone: ZoneInfo
    minor_per_unit: int | None
    currency: str | None = None


@dataclass(frozen=True)
class Known:
    """One object as known then, whatever its status; money in micros, times in UTC."""

    key: Key
    campaign_id: str | None
    adset_id: str | None
    name: str | None
    status: str | None
    effective_status: str | None
    objective: str | None
    daily_budget: int | None
    lifetime_budget: int | None
    created_at: datetime | None
    creative_id: str | None
    attributes: Mapping[str, Any]

    @property
    def account(self) -> AccountKey:
        return self.key[:2]

    @property
    def may_spend(self) -> bool:
        """Whether its own status lets it spend; what no platform told a status of may."""
        return self.status in (None, ACTIVE)

    @property
    def edited_at(self) -> datetime | None:
        """When it was last changed, as the platform says: that moves with edits, and not with what they come to."""
        told = self.attributes.get("updated_time")
        return None if told is None else datetime.fromisoformat(told)

    @property
    def bid(self) -> int | None:
        told = self.attributes.get("bid_micros")
        return None if told is None else int(told)

    def at(self, level: Level, of: Level) -> Key:
        """Return the key of what is above it, or its own; the id is '' where it is not known."""
        ids = {Level.ACCOUNT: self.key[1], Level.CAMPAIGN: self.campaign_id, Level.ADSET: self.adset_id}
        return self.key if of is level else (*self.account, ids[of] or "")


# What a subject is made of, and what a list of them is: the level's objects, campaigns, ad sets, and the account.
_Parts = tuple[Account, Known, Known | None, Known | None]
_Read = tuple[Mapping[Key, Known], Mapping[Key, Known], Mapping[Key, Known], Account]


class Objects:
    """All objects of a client as known after one load; each level is read when it is asked for."""

    def __init__(self, reader: Reader, load_id: int) -> None:
        self._reader, self._load_id = reader, load_id
        self._levels: dict[Level, dict[Key, Known]] = {}
        self._accounts: dict[AccountKey, Account] | None = None
        self._made: dict[tuple[Level, Key], tuple[_Parts, Subject]] = {}
        self._listed: dict[tuple[Level, AccountKey], tuple[_Read, list[Subject]]] = {}

    def advanced(self, load_id: int) -> "Objects":
        """Return the objects as known after a later load: only what changed since is read."""
        later = Objects(self._reader, load_id)
        later._made, later._listed = self._made, self._listed
        for level, known in self._levels.items():
            gone = self._reader.objects_gone(level, as_of=load_id, after_load=self._load_id)
            fresh = self._read(level, load_id, after_load=self._load_id)
            if not gone and not fresh:
                later._levels[level] = known
                continue
            left = {key: each for key, each in known.items() if key not in set(gone)} if gone else known
            later._levels[level] = dict(sorted((left | {each.key: each for each in fresh}).items()))
        return later

    @property
    def accounts(self) -> Mapping[AccountKey, Account]:
        """Every account by its key, in their order."""
        if self._accounts is None:
            rows = self._reader.objects(Level.ACCOUNT, as_of=self._load_id).to_pylist()
            self._accounts = {each.key: each for each in map(_account, rows)}
        return self._accounts

    def of(self, level: Level) -> Mapping[Key, Known]:
        """Return every object of a level by its key, in their order."""
        if level not in self._levels:
            self._levels[level] = {each.key: each for each in self._read(level, self._load_id)}
        return self._levels[level]

    def created_on(self, level: Level, key: Key) -> date | None:
        """Return the account's day on which an object was made."""
        found = self.of(level).get(key)
        account = self.accounts.get(key[:2])
        return account_date(found.created_at, account.zone) if found and found.created_at and account else None

    def subjects(self, level: Level, account: Account) -> list[Subject]:
        """Return every object of a level that runs or could run; none of an account whose currency is not known."""
        minor = account.minor_per_unit
        if minor is None:
            return []
        campaigns = self.of(Level.CAMPAIGN)
        adsets = self.of(Level.ADSET) if level in (Level.ADSET, Level.AD) else _NONE
        known = (self.of(level), campaigns, adsets, account)
        kept = self._listed.get((level, account.key))
        if (
            kept is None
            or any(one is not other for one, other in zip(kept[0][:3], known[:3], strict=True))
            or (kept[0][3] != account)
        ):
            found = [
                self._subject(
                    level,
                    each,
                    account,
                    campaigns.get((*account.key, each.campaign_id or "")),
                    adsets.get((*account.key, each.adset_id or "")),
                )
                for each in known[0].values()
                if each.key[:2] == account.key and each.status in (ACTIVE, PAUSED)
            ]
            kept = self._listed[level, account.key] = (known, found)
        return kept[1]

    def _subject(
        self, level: Level, each: Known, account: Account, campaign: Known | None, adset: Known | None
    ) -> Subject:
        """Return an object as rules see it; what it was made of before is not made again."""
        parts, key = (account, each, campaign, adset), (level, each.key)
        made = self._made.get(key)
        if made is None or made[0] != parts:
            made = self._made[key] = (parts, _subject_of(level, *parts, account.minor_per_unit or 1))
        return made[1]

    def _read(self, level: Level, load_id: int, after_load: int = 0) -> list[Known]:
        rows = self._reader.objects(level, as_of=load_id, after_load=after_load).to_pylist()
        return [_known(level, row) for row in rows]


def _subject_of(
    level: Level, account: Account, each: Known, campaign: Known | None, adset: Known | None, minor_per_unit: int
) -> Subject:
    lists = {name: each.attributes.get(name) for name in _LISTS}
    texts: dict[str, Text] = {
        "adset.name": adset.name if adset else None,
        "creative.id": each.creative_id,
        "effective_status": each.effective_status,
        "objective": campaign.objective if campaign else None,
        **{name: each.attributes.get(name) for name in _TEXTS},
        **{name: None if told is None else tuple(json.loads(told)) for name, told in lists.items()},
    }
    return Subject(
        *each.key[:2],
        level,
        each.key[2],
        each.name or "",
        (campaign and campaign.name) or "",
        each.status,
        each.daily_budget,
        minor_per_unit,
        each.campaign_id,
        each.adset_id,
        account_date(each.created_at, account.zone) if each.created_at else None,
        texts,
        {"lifetime_budget": each.lifetime_budget, "bid": each.bid},
    )


def _account(row: Mapping[str, Any]) -> Account:
    currency = row["currency"]
    minor_per_unit = meta_minor_per_unit(currency) if currency and row["platform"] == "meta" else None
    return Account((row["platform"], row["account_id"]), time_zone(row["time_zone"] or "UTC"), minor_per_unit, currency)


def _known(level: Level, row: Mapping[str, Any]) -> Known:
    created_at = row["created_at_utc"]
    return Known(
        key=(row["platform"], row["account_id"], row["entity_id"]),
        campaign_id=row["entity_id"] if level is Level.CAMPAIGN else row["campaign_id"],
        adset_id=row["entity_id"] if level is Level.ADSET else row["adset_id"],
        name=row["name"],
        status=row["status"],
        effective_status=row["effective_status"],
        objective=row["objective"],
        daily_budget=row["daily_budget_micros"],
        lifetime_budget=row["lifetime_budget_micros"],
        created_at=created_at and created_at.replace(tzinfo=UTC),
        creative_id=row["creative_id"],
        attributes=_told(row["attributes"] or ""),
    )


@lru_cache(maxsize=100_000)
def _told(attributes: str) -> Mapping[str, Any]:
    """Return the attributes of an object; many have the same."""
    found: Mapping[str, Any] = json.loads(attributes) if attributes else {}
    return found
