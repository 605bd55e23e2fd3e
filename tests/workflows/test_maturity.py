"""Maturity learnt from a practice account, beside the curve by which that account really restates."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from aibuyer_kit.access.client_file import AccountSection, ClientFile
from aibuyer_kit.access.clients import add_client
from aibuyer_kit.sandbox.market.response import known_share
from aibuyer_kit.sandbox.serve import start
from aibuyer_kit.settings.workspace_settings import MetaSection, SyncSection
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.workflows.connect import client_connectors
from aibuyer_kit.workflows.maturity import client_maturity
from aibuyer_kit.workflows.sync import sync_client

_SYNCS = 8
# The platform's day is 9.5 hours old when the account is read each morning.
_MORNING = 9.5 / 24


def test_the_learnt_curve_is_the_platforms_own_and_was_unknown_before_it_could_be_learnt(tmp_path: Path) -> None:
    """Eight daily syncs over 35 days show each age several times; after the first one nothing is known."""
    with start("hill", seed=3) as platform:
        account = AccountSection(id=platform.account_id, graph_url=platform.graph_url)
        context = add_client(tmp_path, "shop", ClientFile(name="Sample", clock="platform", accounts=(account,)))
        connectors = client_connectors(context, MetaSection(), access_token=SecretStr(platform.access_token))
        loads = []
        for _ in range(_SYNCS):
            loads.append(sync_client(context, connectors, SyncSection(backfill_days=35)).loads[-1].load_id)
            platform.advance(86_400)
    reader = Reader(context.warehouse)
    (curve,) = client_maturity(context, reader).values()
    expected = [known_share(age + _MORNING) for age in range(1, 29)]
    assert [point.share_known for point in curve[1:]] == pytest.approx(expected, abs=0.02)
    (first,) = client_maturity(context, reader, as_of=loads[0]).values()
    assert {point.share_known for point in first} == {None, 1.0}
