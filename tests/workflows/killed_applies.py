"""Approved changes applied to a practice platform by processes that are killed, and what must hold afterwards."""

import os
import random
import signal
import ssl
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr

from aibuyer_kit.access.client_file import AccountSection, ClientFile
from aibuyer_kit.access.clients import ClientContext, add_client, open_client
from aibuyer_kit.connectors.meta import MetaConnector
from aibuyer_kit.core.changes import ACTIVE, PAUSED, Change, Field, Value
from aibuyer_kit.core.clock import Clock
from aibuyer_kit.core.entities import Level
from aibuyer_kit.ledger.ledger import Ledger
from aibuyer_kit.ledger.records import Draft, Proposal
from aibuyer_kit.sandbox.serve import RunningSandbox, start
from aibuyer_kit.settings.workspace_settings import ApplySection, GuardrailsSection, MetaSection, Settings
from aibuyer_kit.workflows.apply import ApplyReport, Step, apply_approved
from aibuyer_kit.workflows.connect import client_connectors
from tests.killing import Nursery

WORLD = """
preset = "hill"
history_days = 3

[[campaign]]
name = "Sample spring"
objective = "OUTCOME_SALES"
"""
ADSET = """
  [[campaign.adset]]
  name = "Sample {number}"
  daily_budget = {budget}
"""
MICROS_PER_MINOR = 10_000
# Wide enough that the guardrails let through whatever is drawn: what is tested here is the path.
WIDE = Settings(
    guardrails=GuardrailsSection(most_increase_24h=10.0, most_decrease_24h=1.0, budget_edits_an_hour=4),
    apply=ApplySection(settle_seconds=0.0),
)
# Reading the machine's certificates takes longer than most of these tests, and none of them uses TLS.
NO_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
DOUBTFUL = "response_lost,applied_500,connection_lost,http_500,cut_json"


class InstantClock:
    """The machine's time, without waiting."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        """Return at once."""


def connectors(context: ClientContext, token: str, clock: Clock | None = None) -> tuple[MetaConnector, ...]:
    return client_connectors(context, MetaSection(), access_token=SecretStr(token), clock=clock or InstantClock())


def apply_once(folder: str, token: str, killed_at: int = 0, occurrence: int = 1) -> list[list[str]]:
    """Apply what is approved in a child, which kills itself right after the n-th time that a step is done."""
    left = occurrence

    def on_step(step: Step) -> None:
        nonlocal left
        left -= step == killed_at
        if step == killed_at and left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    context = open_client(Path(folder), "shop")
    report = apply_approved(context, connectors(context, token), WIDE, environment={}, on_step=on_step)
    return [[each.state, each.reason] for each in report.applied]


@dataclass
class Shop:
    """One client of a practice platform: what is proposed and approved for it, and what the platform truly has."""

    platform: RunningSandbox
    folder: Path
    nursery: Nursery
    control: httpx.Client

    @property
    def context(self) -> ClientContext:
        return open_client(self.folder, "shop")

    @property
    def adsets(self) -> list[str]:
        return [adset.id for adset in self.platform.market.account.adsets]

    @property
    def now(self) -> datetime:
        return self.platform.advance(0)

    def value(self, object_id: str, field_: Field) -> Value:
        """Return what the platform has, from its own log."""
        setting = self.platform.market.setting(object_id)
        return setting.status if field_ == "status" else setting.daily_budget_minor * MICROS_PER_MINOR

    def change(self, object_id: str, field_: Field, after: Value) -> Change:
        before = self.value(object_id, field_)
        return Change("meta", self.platform.account_id, Level.ADSET, object_id, field_, before, after)

    def approved(self, *changes: Change, hours: float = 24.0, bundle: str = "") -> Proposal:
        """Propose and approve changes that were decided on now."""
        now = self.now
        with Ledger(self.context.ledger) as ledger:
            plan = ledger.propose(
                [Draft(change, "a test", bundle=bundle) for change in changes],
                proposed_by="rules",
                by_person=False,
                made_at=now,
                expires_at=now + timedelta(hours=hours),
                load_id=1,
                data_known_at=now,
            )
            return ledger.approve(plan.proposal_id, approved_by="ann", now=now)

    def plan(self, proposal_id: int) -> Proposal:
        with Ledger(self.context.ledger) as ledger:
            return ledger.proposal(proposal_id)

    def apply(
        self,
        settings: Settings = WIDE,
        environment: dict[str, str] | None = None,
        clock: Clock | None = None,
        only: int | None = None,
    ) -> ApplyReport:
        """Apply in this process."""
        context = self.context
        found = connectors(context, self.platform.access_token, clock)
        return apply_approved(context, found, settings, environment=environment or {}, only=only)

    def apply_in_child(self, **how: Any) -> bool:
        """Apply in a child and return whether it was killed."""
        steps = [how.pop("killed_at", 0), how.pop("occurrence", 1)]
        return self.nursery.run(apply_once, self.folder, self.platform.access_token, *steps, **how).killed

    def fault(self, kind: str, **options: Any) -> None:
        """Let changes meet a fault; reads pass."""
        asked = {"kind": kind, "match": {"method": "POST"}, **options}
        self.control.post("/faults", json=asked).raise_for_status()

    def fine(self) -> None:
        """Let no call meet a fault any more."""
        self.control.delete("/faults").raise_for_status()

    def posts(self, since: int = 0) -> list[dict[str, Any]]:
        """Return the changes that the platform was asked for, from its own record of calls."""
        calls = self.control.get("/calls", params={"since": since}).json()["calls"]
        return [call for call in calls if call["method"] == "POST"]

    def last_call(self) -> int:
        calls = self.control.get("/calls").json()["calls"]
        return int(calls[-1]["n"]) if calls else 0

    def effects(self, since: int = 0) -> Counter[tuple[str, str, str]]:
        """Return each effect that calls of ours had: object, field and the value that was sent."""
        return Counter(_asked(call) for call in self.posts(since) if call["changed"])


def _asked(call: dict[str, Any]) -> tuple[str, str, str]:
    body = {name: value for name, value in _pairs(call["body"]) if name in ("status", "daily_budget")}
    ((name, value),) = body.items()
    return call["path"].rstrip("/").rpartition("/")[2], name, value


def _pairs(body: Any) -> list[tuple[str, str]]:
    return list(body.items()) if isinstance(body, dict) else [tuple(each) for each in body]


def wired(change: Change) -> tuple[str, str, str]:
    """Return a change as the platform's record of calls holds it."""
    value = change.after if isinstance(change.after, str) else str(change.after // MICROS_PER_MINOR)
    return change.object_id, change.field, value


def assert_accounted_for(shop: Shop, plans: Sequence[Proposal], since: int, told: str = "") -> None:
    """Each change has an intent and one outcome; what is done was done once, and nothing else was."""
    changes = [each for plan in plans for each in plan.changes]
    assert all(each.intended_at and each.outcome for each in changes), told
    done = Counter(wired(each.change) for each in changes if each.outcome and each.outcome.verdict == "done")
    assert shop.effects(since) == done, told
    asked, begun = Counter(map(_asked, shop.posts(since))), Counter[tuple[str, str, str]]()
    for each in changes:
        begun[wired(each.change)] += len(each.attempts)
    assert asked <= begun, f"{told}: a call without its attempt in the ledger"
    for each in changes:
        assert each.outcome
        if each.outcome.verdict == "done":
            assert each.outcome.read_back == each.change.after, told


@dataclass
class Tally:
    """What happened in all rounds so far."""

    kills: int = 0
    rounds: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)
    resent: int = 0


@dataclass
class KilledApplies:
    """Rounds of approved changes under faults, people and kills."""

    shop: Shop
    draw: random.Random
    seconds: float
    tally: Tally = field(default_factory=Tally)

    def round(self) -> None:
        """Approve changes, kill who applies them once to three times, and check all that the platform was asked for."""
        shop = self.shop
        shop.platform.advance(2 * 3_600)
        since, number = shop.last_call(), self.tally.rounds
        plan = shop.approved(*self._changes())
        moved = self._moved(plan)
        shop.fault("storm", options={"share": 0.4, "seed": self.draw.randrange(10**6), "kinds": DOUBTFUL})
        told = f"round {number}"
        for _ in range(self.draw.choice((1, 2, 3))):
            how = self._death()
            told += f", killed by {how}"
            self.tally.kills += shop.apply_in_child(**how)
        shop.apply_in_child()
        shop.fine()
        shop.apply_in_child()
        plan = shop.plan(plan.proposal_id)
        assert_accounted_for(shop, [plan], since, told)
        for each in plan.changes:
            assert each.outcome
            has, verdict = shop.value(each.change.object_id, each.change.field), each.outcome.verdict
            expected = moved.get(each.change, each.change.after if verdict == "done" else each.change.before)
            assert has == expected, told
            assert verdict in (("conflict",) if each.change in moved else ("done", "unknown")), told
            self.tally.verdicts[verdict] += 1
            self.tally.resent += len(each.attempts) > 1
        self.tally.rounds += 1

    def _changes(self) -> list[Change]:
        chosen = self.draw.sample(self.shop.adsets, 3)
        return [self.shop.change(object_id, *self._target(object_id)) for object_id in chosen]

    def _target(self, object_id: str) -> tuple[Field, Value]:
        if self.draw.random() < 0.4:
            return "status", PAUSED if self.shop.value(object_id, "status") == ACTIVE else ACTIVE
        before = self.shop.value(object_id, "daily_budget")
        drawn = self.draw.randrange(2_000, 20_000) * MICROS_PER_MINOR
        return "daily_budget", drawn + MICROS_PER_MINOR if drawn == before else drawn

    def _moved(self, plan: Proposal) -> dict[Change, Value]:
        """Let a person change an object after the approval, now and then, and return what it has then."""
        moved: dict[Change, Value] = {}
        for each in plan.changes:
            change = each.change
            if change.field == "daily_budget" and self.draw.random() < 0.15:
                minor = 30_000 + self.draw.randrange(1_000)
                self.shop.platform.market.change(change.object_id, daily_budget_minor=minor)
                moved[change] = minor * MICROS_PER_MINOR
        return moved

    def _death(self) -> dict[str, Any]:
        if self.draw.random() < 0.5:
            return {"after_seconds": self.draw.uniform(0.001, self.seconds)}
        return {"killed_at": self.draw.randint(1, len(Step)), "occurrence": self.draw.randint(1, 3)}


@contextmanager
def shop_on(folder: Path, *, seed: int = 7, adsets: int = 6) -> Iterator[Shop]:
    """Make a practice platform with some ad sets, and a workspace whose client it is."""
    world = folder / "world.toml"
    sets = (ADSET.format(number=number, budget=40.0 + 10 * number) for number in range(adsets))
    world.write_text(WORLD + "".join(sets), encoding="utf-8")
    workspace = folder / "workspace"
    workspace.mkdir()
    with (
        Nursery(__name__) as nursery,
        start(world, seed=seed) as platform,
        httpx.Client(base_url=platform.control_url, verify=NO_CERTIFICATES) as control,
    ):
        account = AccountSection(id=platform.account_id, graph_url=platform.graph_url)
        add_client(workspace, "shop", ClientFile(name="Sample", clock="platform", accounts=(account,)))
        yield Shop(platform, workspace, nursery, control)


@contextmanager
def killed_applies(folder: Path, seed: int) -> Iterator[KilledApplies]:
    """Make a shop and measure how long an undisturbed run takes, so that kills come at any time of it."""
    with shop_on(folder, seed=seed) as shop:
        draw = random.Random(seed)  # noqa: S311 - a draw that comes out the same each time
        shop.approved(*(shop.change(each, "status", PAUSED) for each in shop.adsets[:3]))
        shop.apply_in_child()
        shop.approved(*(shop.change(each, "status", ACTIVE) for each in shop.adsets[:3]))
        seconds = shop.nursery.run(apply_once, shop.folder, shop.platform.access_token).seconds
        yield KilledApplies(shop, draw, seconds)
