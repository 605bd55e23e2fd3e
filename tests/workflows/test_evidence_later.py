"""What a decision looked at stays as it was: through later syncs, thinning and sealing, to the byte."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from aibuyer_kit.access.client_file import AccountSection, ClientFile
from aibuyer_kit.access.clients import ClientContext, add_client
from aibuyer_kit.core.changes import Change
from aibuyer_kit.core.entities import Level
from aibuyer_kit.ledger.ledger import Ledger
from aibuyer_kit.ledger.records import Draft
from aibuyer_kit.rules.conditions import Of
from aibuyer_kit.rules.fields import NUMBERS
from aibuyer_kit.rules.table import ARRIVED, Column
from aibuyer_kit.rules.windows import Window
from aibuyer_kit.sandbox.serve import start
from aibuyer_kit.settings.workspace_settings import MetaSection, SyncSection
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.workflows.connect import client_connectors
from aibuyer_kit.workflows.evidence import Evidence
from aibuyer_kit.workflows.sync import sync_client
from tests.workflows.looked_at import TO_TODAY, TO_YESTERDAY, bytes_of, hours, lifetime, this_month

SETTINGS = SyncSection(backfill_days=5, restated_days=3, breakdowns=[], hourly=True, reach=False)
_WINDOWS: tuple[Window, ...] = (TO_YESTERDAY, TO_TODAY, this_month("today"), lifetime(), hours(3))
_OF: tuple[Of, ...] = ("self", "parent", "account")
COLUMNS = [
    *(Column(name, window, of) for name in ("spend", "results", "revenue") for window in _WINDOWS for of in _OF),
    *(Column("results", window, matured=True) for window in (TO_YESTERDAY, TO_TODAY)),
    *(Column(name, None) for name in NUMBERS),
    Column(ARRIVED, TO_TODAY),
]


def looked_at(context: ClientContext, load_id: int, moment: datetime) -> list[object]:
    reader = Reader(context.warehouse)
    try:
        evidence = Evidence(context, reader, moment, load_id)
        return [bytes_of(evidence.tables(level, COLUMNS)) for level in (Level.CAMPAIGN, Level.ADSET, Level.AD)]
    finally:
        reader.close()


def decide_on(context: ClientContext, load_id: int, moment: datetime) -> None:
    change = Change("meta", "act_1", Level.ADSET, "7", "status", "ACTIVE", "PAUSED")
    with Ledger(context.ledger) as ledger:
        ledger.propose(
            [Draft(change, "a test", "Sample")],
            proposed_by="rules",
            by_person=False,
            made_at=moment,
            expires_at=moment + timedelta(days=1),
            load_id=load_id,
        )


@pytest.mark.prove
def test_what_a_decision_looked_at_stays_through_syncs_and_thinning(tmp_path: Path) -> None:
    """Four syncs a day; a decision between two of them is read again after its day has been thinned."""
    with start("hill", seed=3) as platform:
        account = AccountSection(id=platform.account_id, graph_url=platform.graph_url)
        context = add_client(tmp_path, "shop", ClientFile(name="Sample", clock="platform", accounts=(account,)))
        connectors = client_connectors(context, MetaSection(), access_token=SecretStr(platform.access_token))
        seen = []
        for number in range(6):
            loads = sync_client(context, connectors, SETTINGS).loads
            moment = connectors[0].platform_time().astimezone(UTC)
            seen.append((loads[-1].load_id, moment, looked_at(context, loads[-1].load_id, moment)))
            if number == 3:
                decide_on(context, loads[-1].load_id, moment)
            platform.advance(3 * 3600)
        platform.advance(9 * 86_400)
        sync_client(context, connectors, SETTINGS)
    load_id, moment, told = seen[3]
    assert looked_at(context, load_id, moment) == told
    thinned = [looked_at(context, load_id, moment) != told for load_id, moment, told in seen]
    assert any(thinned), "what nobody decided on was thinned"
