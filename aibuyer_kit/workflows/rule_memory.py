"""What rules have done lately, and so may not do again yet: cooldowns, and limits of a day.

A cooldown runs, for one rule and one object, from when the latest change of that rule on it was last touched (decided
on, sent or read back), unless it expired unsent; what a person rejected is not asked for again before it ends. A
change that goes back on what another rule did to the same field waits for the cooldown too, so that rules which
oppose each other cannot swing an object to and fro. Time is the platform's, by the newest figures, and never later
than this machine's: no jump of this machine's clock and no change to or from summer time shortens a cooldown. Limits
count by the account's local day; a clock that jumps back gives nothing anew. What a person has to make by hand counts
apart: it takes nothing from what can be applied.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from aibuyer_kit.core.changes import AMOUNTS, BY_HAND, Change
from aibuyer_kit.ledger.evaluation_records import PastChange
from aibuyer_kit.rules.language import Rule

# Each call may take seconds, and whoever decides waits for all of them.
MOST_CALLS = 50
Key = tuple[str, str, str]


# A rule, and whether what it asks for is made by hand.
_Counted = tuple[str, bool]


class RuleMemory:
    """The past of rules as one decision sees it; `today` is the local day of each account, by its id."""

    def __init__(
        self,
        past: Iterable[PastChange],
        calls: Mapping[tuple[str, str, str, str], datetime],
        *,
        now: datetime,
        today: Mapping[str, str],
    ) -> None:
        self._now = now
        self._calls = calls
        self._by_object: dict[tuple[str, str], list[PastChange]] = defaultdict(list)
        self._changes: dict[_Counted, set[tuple[object, ...]]] = defaultdict(set)
        self._runs: dict[_Counted, set[int | None]] = defaultdict(set)
        for each in past:
            self._by_object[each.account_id, each.object_id].append(each)
            if each.local_day is not None and each.local_day >= today.get(each.account_id, ""):
                counted = (each.rule_id, each.field in BY_HAND)
                self._changes[counted].add((each.evaluation_id, each.account_id, each.object_id, each.field))
                self._runs[counted].add(each.evaluation_id)
        self._taken: dict[_Counted, int] = defaultdict(int)
        self._called: dict[str, int] = defaultdict(int)

    def cooldown(self, rule: Rule, change: Change) -> str | None:
        """Return why a rule has to leave an object alone for now; None if it need not."""
        for each in self._by_object.get((change.account_id, change.object_id), ()):
            until = self._until(rule, each.at)
            if until is None:
                continue
            if each.rule_id == rule.id:
                return f"it changed it lately; the cooldown of {rule.cooldown} ends at {until}"
            if _goes_back_on(change, each):
                return f"{each.rule_id} moved it the other way lately; the cooldown of {rule.cooldown} ends at {until}"
        return None

    def call_cooldown(self, rule: Rule, key: Key) -> str | None:
        """Return why a rule does not have its endpoint called about an object yet; None if it may."""
        at = self._calls.get((rule.id, *key))
        until = None if at is None else self._until(rule, at)
        return None if until is None else f"it called lately; the cooldown of {rule.cooldown} ends at {until}"

    def call_limit(self, rule: Rule) -> str | None:
        """Return why a rule does not have one more call in this run; None if it may have it."""
        if sum(self._called.values()) >= MOST_CALLS:
            return f"this run has had its {MOST_CALLS} calls"
        if self._called[rule.id] >= rule.limits.changes_per_day:
            return f"it has had its {rule.limits.changes_per_day} calls of this run"
        return None

    def take_call(self, rule: Rule) -> None:
        """Count one more call of this run."""
        self._called[rule.id] += 1

    def limit(self, rule: Rule, changes: int = 1, *, by_hand: bool = False) -> str | None:
        """Return which limit of the day keeps a rule from so many more changes; None if it may have them."""
        counted = (rule.id, by_hand)
        taken, runs = self._taken[counted], len(self._runs[counted])
        if not taken and runs >= rule.limits.runs_per_day:
            return f"it has had its {rule.limits.runs_per_day} runs of the day that changed anything"
        had = len(self._changes[counted]) + taken
        if had + changes <= rule.limits.changes_per_day:
            return None
        if changes == 1 or had >= rule.limits.changes_per_day:
            return f"it has had its {rule.limits.changes_per_day} changes of the day"
        left = f"{rule.limits.changes_per_day - had} of the {rule.limits.changes_per_day} of the day"
        return f"its {changes} changes belong together, and {left} are left"

    def take(self, rule: Rule, changes: int = 1, *, by_hand: bool = False) -> None:
        """Count more changes of this run."""
        self._taken[rule.id, by_hand] += changes

    def _until(self, rule: Rule, at: datetime) -> str | None:
        until = at + timedelta(minutes=rule.cooldown_minutes)
        return f"{until:%Y-%m-%d %H:%M} UTC" if self._now < until else None


def _goes_back_on(change: Change, past: PastChange) -> bool:
    if change.field != past.field:
        return False
    if change.field in AMOUNTS:
        rises, rose = int(change.after) > int(change.before), int(past.after) > int(past.before)
        return rises != rose
    return str(change.after) == past.before
