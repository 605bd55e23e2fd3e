"""What the ledger tells of evaluations: what was looked at, what fired, what came of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

Kind = Literal["change", "notice", "call", "nothing"]
CallVerdict = Literal["sent", "refused", "failed"]


@dataclass(frozen=True)
class KeptEffect:
    """What one action made: `draft` is the place of its change in the proposal, `held_by` what kept it back."""

    kind: Kind
    content: str
    draft: int | None = None
    held_by: str | None = None
    held_reason: str | None = None


@dataclass(frozen=True)
class Firing:
    """One object on which a rule was true."""

    object_id: str
    object_name: str
    trace: Mapping[str, Any]
    effects: tuple[KeptEffect, ...]


@dataclass(frozen=True)
class RuleFinding:
    """What one rule found in one account; `slot` is the appointment that the run was for.

    It is not `whole` where a gap made figures of the rule unknown in the whole account.
    """

    rule_id: str
    revision: str
    platform: str
    account_id: str
    level: str
    local_day: str
    evaluated: int
    latency_us: int
    firings: tuple[Firing, ...] = ()
    slot: str | None = None
    whole: bool = True

    @property
    def suppressed(self) -> dict[str, int]:
        """How many effects each reason kept back."""
        held = [each.held_by for one in self.firings for each in one.effects if each.held_by]
        return {reason: held.count(reason) for reason in sorted(set(held))}

    @property
    def proposed(self) -> int:
        return sum(each.draft is not None for one in self.firings for each in one.effects)


@dataclass(frozen=True)
class Evaluation:
    """One run; `rules` are (id, revision, canonical JSON).

    `targets`, `curves` and `settings` (what counts as a result, limits, kill switch) are canonical JSON as of then.
    """

    evaluated_at: datetime
    load_id: int
    data_known_at: datetime
    rules: Sequence[tuple[str, str, str]]
    targets: str
    curves: str
    findings: Sequence[RuleFinding]
    duration_us: int
    scheduled: bool = False
    gaps: Sequence[str] = ()
    settings: str = "{}"


@dataclass(frozen=True)
class Looked:
    """When rules were evaluated, after which load, under which targets and settings (JSON), and which rules."""

    evaluation_id: int
    evaluated_at: datetime
    load_id: int
    scheduled: bool
    targets: str
    settings: str
    rules: frozenset[str]


@dataclass(frozen=True)
class PastChange:
    """A change that a rule asked for and that did not expire before anybody sent it; also one that was rejected.

    `at` is when it was last touched, on the platform's clock: decided on, sent, or read back.
    """

    rule_id: str
    evaluation_id: int | None
    account_id: str
    object_id: str
    field: str
    before: str
    after: str
    local_day: str | None
    at: datetime


@dataclass(frozen=True)
class WaitingCall:
    """An outgoing call that was decided on and has not been begun."""

    effect_id: int
    content: str
