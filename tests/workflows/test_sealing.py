"""Nights seal the months that they read no more; a lost one is told, and read again from the platform."""

from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import SecretStr

from aibuyer_kit.access.client_file import AccountSection, ClientFile
from aibuyer_kit.access.clients import ClientContext, add_client
from aibuyer_kit.connectors.base import REACH_WINDOWS_DAYS, InsightStream
from aibuyer_kit.connectors.meta import MetaConnector, MetaCredentials
from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.results import ResultSetting
from aibuyer_kit.sandbox.serve import start
from aibuyer_kit.settings.workspace_settings import MetaSection, SyncSection
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.warehouse.write import open_writer
from aibuyer_kit.workflows.cadence import lost_streams
from aibuyer_kit.workflows.connect import client_connectors
from aibuyer_kit.workflows.doctor import examine
from aibuyer_kit.workflows.status import workspace_status
from aibuyer_kit.workflows.sync import SyncReport, sync_client

from . import accounts
from .practice_shop import PLAIN, PracticeShop, practice_shop

# The practice account has lived through 60 days on 2026-06-01: all of April, which is settled by then, and May.
SETTINGS = SyncSection(backfill_days=70, breakdowns=[], hourly=False, reach=False)
APRIL = DateRange(date(2026, 4, 2), date(2026, 4, 30))


def ad_days(context: ClientContext) -> dict[tuple[str, date], tuple[float, int]]:
    days = DateRange(date(2026, 3, 1), date(2026, 12, 31))
    rows = Reader(context.warehouse).insights(Level.AD, days, result=ResultSetting()).rows()
    return {(row["entity_id"], row["date"]): (row["spend"], row["results"]) for row in rows}


def sealed(context: ClientContext) -> list[Path]:
    return sorted((context.warehouse / "sealed").glob("insight_version-*.duckdb"))


def sync(context: ClientContext, connector: MetaConnector) -> SyncReport:
    report = sync_client(context, [connector], SETTINGS)
    assert report.failures == ()
    assert report.disagreements == ()
    return report


def test_a_settled_month_is_sealed_and_what_is_lost_of_it_is_told_and_read_again(tmp_path: Path) -> None:
    """April goes into a file of its own; when that is deleted, the next sync says so and brings the same figures."""
    (tmp_path / "aibuyer.toml").write_text("", encoding="utf-8")
    with start("hill", seed=11) as platform:
        account = AccountSection(id=platform.account_id, graph_url=platform.graph_url)
        context = add_client(tmp_path, "shop", ClientFile(name="Sample", clock="platform", accounts=(account,)))
        (connector,) = client_connectors(context, MetaSection(), access_token=SecretStr(platform.access_token))
        assert sync(context, connector).losses == ()
        (april,) = sealed(context)
        assert april.name == "insight_version-2026-04-1.duckdb"
        known = ad_days(context)
        theirs = connector.account_totals(APRIL)
        spent = sum(spend for (_, day), (spend, _) in known.items() if day in APRIL)
        assert round(spent * 1e6) == theirs.spend_micros

        platform.advance(86_400)
        sync(context, connector)
        assert sealed(context) == [april]

        april.unlink()
        assert "insight_version-2026-04-1.duckdb" in failures(tmp_path)
        report = sync(context, connector)
        (lost,) = report.losses
        assert lost.sealed.title == f"insights of {platform.account_id} in 2026-04"
        assert f"LOST {lost}" in report.summary()
        after = ad_days(context)
        assert {key: after[key] for key in known if key[1] in APRIL} == {
            key: figures for key, figures in known.items() if key[1] in APRIL
        }
        assert sync(context, connector).losses == ()
        platform.advance(86_400)
        sync(context, connector)
        assert [path.name for path in sealed(context)] == ["insight_version-2026-04-2.duckdb"]
    (finding,) = (each for each in examine(tmp_path) if each.check == "shop: warehouse")
    assert finding.warning
    assert f"lost: {lost.sealed.title} as known before load" in finding.detail


def test_a_lost_month_of_reach_is_read_again_as_far_as_it_had_been_read(tmp_path: Path) -> None:
    """One night had read windows that end in May; their file is gone, and its days were never all read."""
    settings = PLAIN.model_copy(update={"backfill_days": 2, "restated_days": 1, "reach": True})
    may_31 = DateRange(date(2026, 5, 31), date(2026, 5, 31))
    with practice_shop(tmp_path) as shop:
        shop.sync(settings)
        known = windows(shop, may_31)
        for _ in range(2):
            shop.platform.advance(86_400)
            shop.sync(settings)
        (may,) = (shop.context.warehouse / "sealed").glob("reach_version-2026-05-*")
        may.unlink()
        report = shop.sync(settings)
        assert [str(load.coverage.days) for load in report.loads if load.coverage.facts == "reach"] == [
            str(may_31)
        ] * 12
        assert f"the history of reach of {shop.platform.account_id} in 2026-05" in report.summary()
        assert known
        assert windows(shop, may_31) == known
        assert not [load for load in shop.sync(settings).loads if load.coverage.facts == "reach"]


def test_a_damaged_block_is_told_by_status_and_mended_by_the_next_sync_whatever_its_depth(tmp_path: Path) -> None:
    """The night is over; a page of April's file no longer holds what was written, and the file opens."""
    settings = PLAIN.model_copy(update={"backfill_days": 36, "restated_days": 2})
    (tmp_path / "aibuyer.toml").write_text("", encoding="utf-8")
    with practice_shop(tmp_path) as shop:
        shop.sync(settings, page_rows=500)
        known, (april,) = shop.known(), sealed(shop.context)
        april.chmod(0o644)
        whole, told = april.read_bytes(), ""
        for offset in range(13_000, len(whole), 16_384):
            april.write_bytes(whole[:offset] + bytes([whole[offset] ^ 0xFF]) + whole[offset + 1 :])
            told = str(workspace_status(tmp_path)[0]["problem"])
            if "or a sealed month that it names, is damaged" in told:
                break
        assert "Run `aibuyer sync`" in told
        assert f"{april} is damaged" in failures(tmp_path)
        report = shop.sync(settings, page_rows=500)
        assert [lost.sealed.file_name for lost in report.losses] == [april.name]
        assert report.failures == ()
        assert workspace_status(tmp_path)[0]["problem"] is None
        assert shop.known() == known


def windows(shop: PracticeShop, ends: DateRange) -> set[tuple[object, ...]]:
    reader, names = Reader(shop.context.warehouse), ("entity_id", "date_stop", "reach", "impressions")
    lengths = ((level, length) for level in Level for length in REACH_WINDOWS_DAYS)
    return {
        (length, *(row[name] for name in names))
        for level, length in lengths
        for row in reader.reach(level, length, ends).rows()
    }


def test_only_lost_days_within_reach_are_read_again_and_broken_down_too() -> None:
    """Two runs of days, one of which has begun before the 70 days that are read back; ads have been read since."""
    lost = [date(2026, 3, day) for day in (20, 23, 24, 25)] + [date(2026, 4, 1)]
    run, day = "2026-03-24 to 2026-03-25", "2026-04-01"
    assert asked({"account insights": lost, "ad insights by age, gender": lost}) == [
        ("account", run, ()), ("account", day, ()), ("ad", run, ("age", "gender")), ("ad", day, ("age", "gender")),
    ]  # fmt: skip
    assert asked({"ad insights": lost[-1:]}) == [("ad", day, ())]


def asked(lost: dict[str, list[date]]) -> list[tuple[str, str, tuple[str, ...]]]:
    """Return the reads of lost days, which are told by level and label of their kind."""
    settings = SyncSection(backfill_days=70, breakdowns=["age,gender"], hourly=False, reach=False)
    connector = MetaConnector("act_1", MetaCredentials(SecretStr("never sent")))
    found = lost_streams(connector, lambda kind: lost.get(f"{kind.level} {kind.label}", []), date(2026, 6, 1), settings)
    streams = (each for each in found if isinstance(each, InsightStream))
    return [(str(stream.level), str(stream.days), stream.breakdowns) for stream in streams]


def failures(workspace: Path) -> str:
    return " ".join(each.detail for each in examine(workspace) if not each.ok)


def test_doctor_reads_every_byte_of_the_sealed_months(tmp_path: Path) -> None:
    """A flipped byte in the middle of a file is found before anyone asks for that month."""
    (tmp_path / "aibuyer.toml").write_text("", encoding="utf-8")
    context = accounts.client(tmp_path)
    accounts.load_days(context, {"2026-01-05": 10.0}, known_at="2026-03-01T12:00+00:00")
    with open_writer(context.warehouse) as writer:
        writer.seal("meta", "act_1", ZoneInfo("Europe/Kyiv"), before=date(2026, 2, 1))
    assert failures(tmp_path) == ""
    (path,) = sealed(context)
    content = bytearray(path.read_bytes())
    content[-2000] ^= 0xFF
    path.chmod(0o644)
    path.write_bytes(content)
    assert f"{path} is damaged" in failures(tmp_path)
