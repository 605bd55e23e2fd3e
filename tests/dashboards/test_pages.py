"""The Panel app and the Voila page in a real browser: they open, answer a control, and show the warehouse's figures."""

import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from aibuyer_kit.core.i18n import format_count, format_day, format_metric, format_money
from aibuyer_kit.dashboards.serve import panel_command, voila_command
from aibuyer_kit.workspace import Client, open_workspace
from tests.pages import Visit, Visitor, free_port, served

CLIENT = "sample-shop"
HOSTS = {"evil.example": 403, "127.0.0.1": 200, "localhost": 200, "dash.example": 200}
SPEND = '[data-metric="spend"] .ab-value'
RESULTS = '[data-metric="results"] .ab-value'


@pytest.fixture
def shop(example_workspace: Path) -> Client:
    return open_workspace(example_workspace).client(CLIENT)


@pytest.fixture(scope="module", autouse=True)
def proxy_name() -> Iterator[None]:
    """The name of a proxy before these servers, as the setting dashboards.hosts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIBUYER_DASHBOARDS__HOSTS", '["dash.example"]')
        yield


@pytest.fixture(scope="module")
def panel_url(example_workspace: Path) -> Iterator[str]:
    with served(panel_command(example_workspace, port=free_port())) as url:
        yield url


@pytest.fixture(scope="module")
def voila_url(example_workspace: Path) -> Iterator[str]:
    with served(voila_command(example_workspace, CLIENT, port=free_port())) as url:
        yield url


def spent(shop: Client, days: int, level: str = "ad") -> str:
    return format_money(float(shop.insights(level, days=days)["spend"].sum()), "EUR", "en")


def counted(shop: Client, days: int) -> str:
    """The purchases, which stand before the leads."""
    frame = shop.insights("ad", days=days)
    return format_count(int(frame[frame["result_type"] == "purchase"]["results"].sum()), "en")


def choose(seen: Visit, label: str, option: str) -> None:
    seen.page.get_by_label(label, exact=True).select_option(label=option)


def test_the_explorer_shows_the_warehouses_figures_for_each_period(
    panel_url: str, visit: Visitor, shop: Client
) -> None:
    """A control changes, and every figure with it; nobody else is asked."""
    seen = visit(panel_url)
    seen.wait_for(SPEND, spent(shop, 28))
    seen.wait_for(RESULTS, counted(shop, 28))
    choose(seen, "Period", "Last 7 days")
    seen.wait_for(SPEND, spent(shop, 7))
    seen.wait_for(RESULTS, counted(shop, 7))
    assert (seen.asked_outside, seen.complaints) == ([], [])


def test_the_explorer_shows_each_level_and_sorts_by_the_metric(panel_url: str, visit: Visitor, shop: Client) -> None:
    """The table's rows are the level's entities, the largest first."""
    seen = visit(panel_url)
    seen.wait_for("h2", "Campaigns")
    choose(seen, "Level", "Ad set")
    seen.wait_for("h2", "Ad sets")
    choose(seen, "Metric", "Results")
    seen.wait_for("figcaption", "Purchases per day")
    seen.page.locator("figcaption", has_text="Leads per day").wait_for()

    by_set = shop.insights("adset", days=28).groupby("name")["results"].sum()
    assert seen.page.locator("tbody tr").count() == len(by_set)
    seen.wait_for("tbody tr", str(by_set.idxmax()))
    assert (seen.asked_outside, seen.complaints) == ([], [])


def test_the_explorer_shows_what_was_known_at_an_earlier_moment(panel_url: str, visit: Visitor, shop: Client) -> None:
    """Restated results are seen as they were first told."""
    seen = visit(panel_url)
    moments = seen.page.get_by_label("As known on", exact=True)
    moments.select_option(index=1)
    earlier = int(shop.loads().query("known_at_utc < known_at_utc.max()")["load_id"].max())
    seen.page.wait_for_selector(f'[data-as-of="{earlier}"]')
    then = shop.overview(days=28, as_of=earlier)
    purchases = next(each for each in then.by_result if each.kind.action_type == "purchase")
    seen.wait_for(RESULTS, format_metric("results", purchases.totals["results"], "EUR", "en"))


def test_the_explorer_takes_hostile_names_as_text(panel_url: str, visit: Visitor) -> None:
    """A name with markup stands in the table as it was written."""
    seen = visit(panel_url)
    seen.wait_for("h2", "Campaigns")
    seen.page.get_by_label("Search by name").fill("<b>")
    seen.page.get_by_label("Search by name").press("Enter")
    seen.wait_for("tbody tr:only-child th", "<b>Retargeting</b>")
    assert seen.page.locator("tbody th b").count() == 0


def test_the_explorer_fits_a_phone(panel_url: str, visit: Visitor) -> None:
    """An analyst on the way reads it too."""
    seen = visit(panel_url, width=390, height=844, dark=True)
    seen.wait_for("h2", "Campaigns")
    assert not seen.is_wider_than_the_window()
    assert seen.complaints == []


def test_the_clients_page_shows_the_warehouses_figures_for_each_period(
    voila_url: str, visit: Visitor, shop: Client
) -> None:
    """Plain words, a control that changes them, and nobody else is asked."""
    seen = visit(voila_url)
    seen.wait_for(SPEND, spent(shop, 28))
    seen.wait_for(".ab-lead", f"{spent(shop, 28)} was spent in 28 days")
    choose(seen, "Period", "Last 7 days")
    seen.wait_for(SPEND, spent(shop, 7))
    seen.wait_for(RESULTS, counted(shop, 7))
    seen.wait_for('[data-target="cpa"]', "the target")
    assert (seen.asked_outside, seen.complaints) == ([], [])


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_clients_page_is_readable_on_a_phone(voila_url: str, visit: Visitor, dark: bool) -> None:
    """Clients read it there first."""
    seen = visit(voila_url, width=390, height=844, dark=dark)
    seen.wait_for("h1", "Sample shop")
    assert not seen.is_wider_than_the_window()
    assert seen.page.evaluate("getComputedStyle(document.body).backgroundColor") == (
        "rgb(15, 18, 24)" if dark else "rgb(246, 247, 249)"
    )
    assert "aibuyer voila" not in seen.text("body")
    assert (seen.asked_outside, seen.complaints) == ([], [])


def test_no_template_of_ours_names_another_host(example_workspace: Path) -> None:
    """Voila's own pages, the one for errors too, ask a CDN for their icons."""
    templates = Path(voila_command(example_workspace).variables["JUPYTER_PATH"].split(os.pathsep)[0])
    texts = [path.read_text(encoding="utf-8") for path in templates.rglob("*.*")]
    assert len(texts) >= 5
    assert [text for text in texts if "://" in text] == []


def test_a_link_cannot_bring_back_voilas_own_template(voila_url: str, visit: Visitor) -> None:
    """Its pages ask a CDN; ours stays whatever the address says."""
    seen = visit(f"{voila_url}?template=lab&theme=dark")
    seen.wait_for("h1", "Sample shop")
    assert seen.asked_outside == []


@pytest.mark.parametrize("server", ["panel_url", "voila_url"])
def test_a_page_is_not_given_in_another_sites_name(server: str, request: pytest.FixtureRequest) -> None:
    """A name of somebody else's that leads here would show the client's figures to that site."""
    url = request.getfixturevalue(server)
    port = urlsplit(url).port
    answers = {host: httpx.get(url, headers={"Host": f"{host}:{port}"}, timeout=60).status_code for host in HOSTS}
    assert answers == HOSTS


def test_a_page_that_is_closed_can_end_its_kernel(voila_url: str) -> None:
    """The browser's last word carries no token against forged requests; a kernel that is not there is not found."""
    nobody = "00000000-0000-4000-8000-000000000000"
    assert httpx.post(f"{voila_url}voila/api/shutdown/{nobody}", timeout=60).status_code == 404


def own_period(seen: Visit, since: str, until: str) -> None:
    seen.page.get_by_label("From").fill(since)
    seen.page.get_by_label("To", exact=True).fill(until)


@pytest.mark.parametrize("server", ["panel_url", "voila_url"])
def test_a_period_of_ones_own_is_shown_and_compared_with_the_one_before(
    server: str, request: pytest.FixtureRequest, visit: Visitor, shop: Client
) -> None:
    """Two days are chosen; a period that cannot be is refused in words, and what was shown stays."""
    seen = visit(request.getfixturevalue(server))
    seen.wait_for(SPEND, spent(shop, 28))
    choose(seen, "Period", "Own period")
    own_period(seen, "2026-04-20", "2026-04-26")
    week = shop.overview(since="2026-04-20", until="2026-04-26")
    seen.wait_for(SPEND, format_money(week.totals["spend"], "EUR", "en"))
    seen.page.get_by_text("Compared with Apr 13, 2026 – Apr 19, 2026.").wait_for()
    held = shop.freshness()
    for since, until, why in (
        ("2026-04-20", "2027-01-01", "lies ahead"),
        ("2017-01-01", "2026-04-26", f"Only {format_day(held.first_day, 'en')}"),
        ("2026-04-28", "2026-04-26", "before it begins"),
    ):
        own_period(seen, since, until)
        seen.page.locator('[role="alert"]', has_text=why).wait_for()
        assert seen.text(SPEND) == format_money(week.totals["spend"], "EUR", "en").replace("\xa0", " ")
    choose(seen, "Period", "Last 7 days")
    seen.wait_for(SPEND, spent(shop, 7))
    assert seen.page.locator('[role="alert"]').count() == 0
    assert (seen.asked_outside, seen.complaints) == ([], [])
