"""A sample account, read over HTTP from the practice platform: for the demo, the notebooks and the tests."""

import hashlib
import shutil
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import filelock
from pydantic import SecretStr

from aibuyer_kit.access.client_file import AccountSection, ClientFile
from aibuyer_kit.access.clients import ClientContext, add_client, open_client
from aibuyer_kit.access.result_sections import ObjectiveSection, ResultSection
from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import InputError, NotFoundError
from aibuyer_kit.core.money import units_from_micros
from aibuyer_kit.settings.content import FOLDERS, WORKSPACE_FILE, content_folder
from aibuyer_kit.settings.workspace_settings import Settings, read_settings
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.warehouse.schema import migrations, sql_text
from aibuyer_kit.workflows.apply import apply_approved
from aibuyer_kit.workflows.connect import client_connectors
from aibuyer_kit.workflows.decide import decide
from aibuyer_kit.workflows.proposals import approve
from aibuyer_kit.workflows.round import Progress
from aibuyer_kit.workflows.sync import SyncReport, sync_client
from aibuyer_kit.workflows.undo import undo
from aibuyer_kit.workflows.what_counts import result_setting
from aibuyer_kit.workflows.workspaces import init_workspace

if TYPE_CHECKING:
    from aibuyer_kit.connectors.meta import MetaConnector

CLIENT_ID = "sample-shop"
_WORLD, _SEED = "seasonal", 7
_DAY_SECONDS = 86_400
# A first sync, and two more on later days: results of earlier days are restated in between.
_SYNCS = 3
_SAMPLE = ClientFile(
    name="Sample shop",
    clock="platform",
    result=ResultSection(gross_margin=0.55),
    results={"OUTCOME_LEADS": ObjectiveSection(action_type="lead", value_per_result=45.0, targets={"cpa": 20.0})},
    targets={"cpa": 36.0, "roas": 2.0},
)


@dataclass(frozen=True)
class AccountTotals:
    """Sums over days of one account; money in micros."""

    spend_micros: int
    impressions: int
    clicks: int


@dataclass(frozen=True)
class Example:
    """A built example: where it is, what each sync did, and the figures of both sides over the same days."""

    workspace: Path
    syncs: tuple[SyncReport, ...]
    days: DateRange
    platform: AccountTotals
    warehouse: AccountTotals
    money_path: tuple[str, ...] = ()

    def summary(self) -> str:
        """Return a few lines for a terminal."""
        last, ours = self.syncs[-1], self.warehouse
        agree = (
            "equal to the platform's own account totals"
            if ours == self.platform
            else f"DIFFERENT from the platform's own {self.platform}"
        )
        return (
            f"workspace: {self.workspace}\n"
            f"syncs: {len(self.syncs)}; the last restated {last.total('restated')} rows of earlier days\n"
            f"{self.days}: spend {units_from_micros(ours.spend_micros):,.2f}, impressions {ours.impressions:,},"
            f" clicks {ours.clicks:,} ({agree})"
        )


def build_example(folder: Path, *, progress: Progress | None = None, money_path: bool = False) -> Example:
    """Make a workspace with one sample client, synced over HTTP from the practice platform at three moments.

    With `money_path` what the sample rules propose is applied to the platform and taken back before the last of them.
    In an earlier example the sample client is synced anew, with its file as it was edited but for the account's
    address. Raises InputError if the folder holds anything else, SettingsError if that file is wrong.
    """
    from aibuyer_kit.sandbox.serve import start

    sample = _prepare(folder)
    settings = read_settings(folder)
    with start(_WORLD, seed=_SEED) as platform:
        account = AccountSection(id=platform.account_id, graph_url=platform.graph_url)
        context = add_client(folder, CLIENT_ID, sample.model_copy(update={"accounts": (account,)}), replace=True)
        connectors = client_connectors(context, settings.meta, access_token=SecretStr(platform.access_token))
        syncs: list[SyncReport] = []
        said: tuple[str, ...] = ()
        for number in range(_SYNCS):
            if money_path and number == _SYNCS - 1:
                said = walk_money_path(context, connectors, settings)
            if number:
                platform.advance(_DAY_SECONDS)
            syncs.append(sync_client(context, connectors, settings.sync, progress=progress))
        days = _days_covered(Reader(context.warehouse))
        theirs = connectors[0].account_totals(days)
    platform_totals = AccountTotals(theirs.spend_micros, theirs.impressions, theirs.clicks)
    return Example(folder, tuple(syncs), days, platform_totals, warehouse_totals(context, days), said)


def walk_money_path(
    context: ClientContext, connectors: "Sequence[MetaConnector]", settings: Settings
) -> tuple[str, ...]:
    """Decide, approve and apply, then take all of it back in the same way; return what happened, in a few lines.

    Raises LedgerError and what the steps raise. The two people are made up.
    """
    decision = decide(context, settings)
    lines = [decision.summary()]
    if decision.proposal:
        number = approve(context, settings, decision.proposal.proposal_id, approved_by="sample buyer").proposal_id
        lines.append(apply_approved(context, connectors, settings).summary())
        taking_back = undo(context, settings, number, asked_by="sample buyer")
        approve(context, settings, taking_back.proposal_id, approved_by="sample lead")
        undone = apply_approved(context, connectors, settings)
        done = sum(each.state == "done" for each in undone.applied)
        lines.append(f"proposal {taking_back.proposal_id} took it back: {done} of {len(undone.applied)} changes done")
    return tuple(lines)


def example_workspace(*, progress: Callable[[str, int, int], None] | None = None) -> Path:
    """Return the example that is kept in the user's cache folder, building it when it is first asked for."""
    import platformdirs

    from aibuyer_kit import __version__

    folder = platformdirs.user_cache_path("aibuyer-kit", appauthor=False) / f"example-{__version__}-{_form()}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(folder.with_suffix(".lock")):
        if not (folder / WORKSPACE_FILE).is_file():
            partial = folder.with_name(f"{folder.name}-{uuid.uuid4().hex}")
            build_example(partial, progress=progress)
            shutil.rmtree(folder, ignore_errors=True)
            partial.replace(folder)
    return folder


def _form() -> str:
    """Return a digest of what an example is made of: one that an earlier state of this version built is not read."""
    schema = "".join(sql_text(f"migrations/{name}") for name in migrations())
    found = hashlib.sha256(f"{schema}{_SAMPLE!r}{_WORLD}{_SEED}{_SYNCS}".encode())
    for name in FOLDERS:
        folder = content_folder(name)
        for path in sorted(each for each in folder.rglob("*") if each.is_file() and not _is_left_over(each, folder)):
            found.update(str(path.relative_to(folder)).encode() + path.read_bytes())
    return found.hexdigest()[:8]


def _is_left_over(path: Path, folder: Path) -> bool:
    """Return whether a file is what running leaves behind, such as checkpoints of notebooks."""
    return any(part.startswith((".", "__")) for part in path.relative_to(folder).parts)


def warehouse_totals(context: ClientContext, days: DateRange) -> AccountTotals:
    """Return the account's sums as the published warehouse holds them."""
    rows = Reader(context.warehouse).insights(Level.ACCOUNT, days, result=result_setting(context)).rows()
    return AccountTotals(
        sum(round(row["spend"] * 1_000_000) for row in rows),
        sum(row["impressions"] for row in rows),
        sum(row["clicks"] for row in rows),
    )


def _days_covered(reader: Reader) -> DateRange:
    fresh = reader.freshness()
    if fresh.first_day is None or fresh.last_day is None:
        raise NotFoundError("The practice platform returned no insights.")
    return DateRange(fresh.first_day, fresh.last_day)


def _prepare(folder: Path) -> ClientFile:
    """Make the workspace, or empty an earlier one of warehouse and ledger; return the client's file so far."""
    if not (folder / WORKSPACE_FILE).is_file():
        init_workspace(folder, kind="example")
        return _SAMPLE
    if read_settings(folder).kind != "example":
        raise InputError(f"{folder} is a workspace of yours, not an example; it is left alone. Choose another folder.")
    try:
        earlier = open_client(folder, CLIENT_ID)
    except NotFoundError:
        return _SAMPLE
    for own in (earlier.warehouse, earlier.ledger):
        shutil.rmtree(own, ignore_errors=True)
    return earlier.settings
