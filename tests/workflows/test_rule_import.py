"""Rules of an account's own, read from the practice platform, carried over, written and posted back."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from aibuyer_kit.access.client_file import AccountSection, ClientFile
from aibuyer_kit.access.clients import ClientContext, add_client
from aibuyer_kit.access.result_sections import ResultSection
from aibuyer_kit.connectors.meta import MetaConnector, MetaCredentials
from aibuyer_kit.sandbox.serve import RunningSandbox, start
from aibuyer_kit.workflows.rule_files import read_rules
from aibuyer_kit.workflows.rule_import import export_rules, import_rules
from tests.rules.meta_rules import BOTH, PIXEL, REFUSED, SPEND, SPENT, meta_rule, one, ours
from tests.rules.test_meta import said

Shop = tuple[ClientContext, MetaConnector, httpx.Client, str]


@pytest.fixture(scope="module")
def platform() -> Iterator[RunningSandbox]:
    """One account of the euro, for all tests."""
    with start("hill", seed=3) as running:
        yield running


@pytest.fixture
def shop(platform: RunningSandbox, tmp_path: Path) -> Iterator[Shop]:
    """A client of that account, which has no rules yet, in a workspace without any."""
    account = AccountSection(id=platform.account_id, graph_url=platform.graph_url)
    result = ResultSection(action_type=PIXEL)
    context = add_client(
        tmp_path, "shop", ClientFile(name="Sample", clock="platform", accounts=(account,), result=result)
    )
    connector = MetaConnector(
        platform.account_id,
        MetaCredentials(SecretStr(platform.access_token)),
        graph_url=platform.graph_url,
        page_size=25,
    )
    address = f"{platform.graph_url}/v26.0"
    with httpx.Client(base_url=address, params={"access_token": platform.access_token}, timeout=20) as graph:
        yield context, connector, graph, f"{platform.account_id}/adrules_library"
        for rule in connector.ad_rules():
            graph.delete(rule["id"]).raise_for_status()


def post(shop: Shop, spec: Mapping[str, Any]) -> str:
    """Put a rule into the account's library, and return its number."""
    answer = shop[2].post(shop[3], json=dict(spec))
    assert answer.status_code == 200, (spec, answer.text)
    return str(answer.json()["id"])


def documents(context: ClientContext) -> dict[str, dict[str, Any]]:
    """Return what the files hold, by the names of the rules."""
    found = [json.loads(path.read_text()) for path in sorted(context.rules.glob("*.json"))]
    return {each["name"]: said(each) for each in found}


def test_every_rule_that_both_sides_have_comes_over_and_goes_back(shop: Shop) -> None:
    """Posted, read by pages, written as files, read as rules, written for Meta, posted, and read again: the same."""
    context, connector, graph, _ = shop
    for name, (spec, _) in BOTH.items():
        post(shop, {**spec, "name": name})
    report = import_rules(context, [connector])
    first = documents(context)
    expected = {name: said(document) for name, (_, document) in BOTH.items()}

    assert first == expected
    assert [each.outcome for each in report.rules if each.path is None] == []

    written = export_rules(context, connector, read_rules(context.rules))
    for rule in connector.ad_rules():
        graph.delete(rule["id"]).raise_for_status()
    for _, out in written:
        assert out.spec is not None
        post(shop, {**out.spec, "status": "ENABLED"})
    for path in context.rules.glob("*.json"):
        path.unlink()
    import_rules(context, [connector])

    assert documents(context) == expected


def test_what_cannot_be_carried_is_told_and_no_file_is_written(shop: Shop) -> None:
    """Each with its place; the platform takes all of these rules."""
    context, connector, _, _ = shop
    for name, (spec, _, _) in REFUSED.items():
        post(shop, {**spec, "name": name})
    report = import_rules(context, [connector])

    assert {each.name: (each.path, each.outcome) for each in report.rules} == dict.fromkeys(
        REFUSED, (None, "not usable here")
    )
    for each in report.rules:
        _, place, without = REFUSED[each.name]
        assert (place, without) in [(lost.place, lost.without_it) for lost in each.lost]
    assert not context.rules.exists()


def test_a_second_import_changes_nothing_and_never_overwrites(shop: Shop) -> None:
    """What a buyer has edited stays; a rule of another file with the same id is not doubled."""
    context, connector, _, _ = shop
    post(shop, meta_rule(SPENT, name="one"))
    post(shop, meta_rule(SPENT, name="two"))
    post(shop, meta_rule(SPENT, name="three"))
    paths = [each.path for each in import_rules(context, [connector]).rules if each.path]
    paths[1].write_text(paths[1].read_text().replace('"value": 80', '"value": 90'))
    paths[2].rename(context.rules / "mine.json")
    report = import_rules(context, [connector])

    assert [each.outcome.partition(":")[0] for each in report.rules] == ["there already", "not written", "not written"]
    assert '"value": 90' in paths[1].read_text()
    assert len(read_rules(context.rules)) == 3


def test_a_rule_that_is_switched_off_is_not_in_force(shop: Shop) -> None:
    """It is kept in a folder of its own."""
    context, connector, _, _ = shop
    post(shop, {**meta_rule(SPENT), "status": "DISABLED"})
    (found,) = import_rules(context, [connector]).rules

    assert found.path is not None
    assert found.path.parent == context.rules / "off"
    assert read_rules(context.rules) == ()


def test_a_rule_of_one_account_is_not_in_force_for_others(shop: Shop) -> None:
    """A workspace's rules are about all of its accounts: only a rule that lists objects stays about its own."""
    context, connector, _, _ = shop
    other = ClientFile(name="Other", accounts=(AccountSection(id="act_2"),))
    add_client(context.folder.parent.parent, "other", other)
    post(shop, meta_rule(SPENT, name="all"))
    post(shop, meta_rule(SPENT, one("id", "IN", ["11"]), name="some"))
    found = {each.name: each.path for each in import_rules(context, [connector]).rules if each.path}

    assert (found["all"].parent.name, found["some"].parent.name) == ("off", "rules")


@pytest.mark.parametrize("name", ["../../../tmp/evil", "x" * 500, "\x1b[31mred\x07", "a\u202eb", "nul\x00"])
def test_hostile_names_stay_within_the_folder(shop: Shop, name: str) -> None:
    """The file lies in the folder of rules, and nothing in the report steers a terminal."""
    context, connector, _, _ = shop
    number = post(shop, meta_rule(SPENT, name=name))
    report = import_rules(context, [connector])
    (path,) = [each.path for each in report.rules]

    assert path is not None
    assert path.resolve().parent == context.rules.resolve()
    assert path.stem.endswith(number)
    assert all(line.isprintable() for line in report.summary().splitlines())
    assert list(documents(context).values()) == [said(ours(SPEND))]


def test_a_link_in_the_folder_is_not_followed(shop: Shop, tmp_path: Path) -> None:
    """A file of that name that is a link elsewhere is left alone, as is what it leads to."""
    context, connector, _, _ = shop
    number = post(shop, meta_rule(SPENT, name="linked"))
    context.rules.mkdir()
    (context.rules / f"linked-{number}.json").symlink_to(tmp_path / "elsewhere")
    (found,) = import_rules(context, [connector]).rules

    assert found.path is None
    assert not (tmp_path / "elsewhere").exists()
