"""The account overview: the warehouse's figures on one page, from our runner and from stock papermill."""

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from aibuyer_kit.access.clients import open_client
from aibuyer_kit.core.errors import NotFoundError, ParameterError, PeriodError
from aibuyer_kit.core.i18n import format_count, format_money
from aibuyer_kit.reports.client_report import run_client_report
from aibuyer_kit.settings.content import content_folder
from aibuyer_kit.workspace import Client, open_workspace
from tests.pages import Visitor

CLIENT = "sample-shop"
TEMPLATE = content_folder("reports") / "account_overview.ipynb"


def shop(workspace: Path) -> Client:
    return open_workspace(workspace).client(CLIENT)


def report(workspace: Path, out: Path, **parameters: str) -> Path:
    return run_client_report(open_client(workspace, CLIENT), "account_overview", parameters, out)


@pytest.fixture(scope="module")
def page(example_workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of the last seven days."""
    return report(example_workspace, tmp_path_factory.mktemp("reports"), days="7")


def test_the_page_opens_alone_and_shows_the_warehouses_figures(
    page: Path, visit: Visitor, example_workspace: Path
) -> None:
    """No request, no complaint, and the sums of the warehouse's own rows."""
    rows = shop(example_workspace).insights("ad", days=7)
    seen = visit(page.as_uri())

    assert seen.text("h1") == "Sample shop"
    assert seen.text('[data-metric="spend"] .ab-value') == format_money(float(rows["spend"].sum()), "EUR", "en")
    by_type = rows.groupby("result_type")["results"].sum()
    shown = seen.page.locator('[data-metric="results"] .ab-value').all_text_contents()
    assert shown == [format_count(int(by_type[each]), "en") for each in ("purchase", "lead")]
    assert seen.page.locator("svg[role=img]").count() == 9
    assert (seen.asked_outside, seen.complaints) == ([], [])


def test_hostile_campaign_names_are_text_on_the_page(page: Path, visit: Visitor, example_workspace: Path) -> None:
    """The sample account has a campaign with markup in its name."""
    names = set(shop(example_workspace).insights("campaign", days=7)["name"])
    shown = visit(page.as_uri()).page.locator("tbody th").all_text_contents()

    assert any("<b>" in name for name in names)
    assert all(any(text.startswith(name) for text in shown) for name in names)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_page_is_readable_on_a_phone(page: Path, visit: Visitor, dark: bool) -> None:
    """Nothing is wider than the window, in light and in dark."""
    seen = visit(page.as_uri(), width=390, height=844, dark=dark)
    background = seen.page.evaluate("getComputedStyle(document.body).backgroundColor")

    assert not seen.is_wider_than_the_window()
    assert background == ("rgb(15, 18, 24)" if dark else "rgb(246, 247, 249)")
    assert seen.complaints == []


def test_the_page_is_small_and_says_how_fresh_it_is(page: Path, example_workspace: Path) -> None:
    """It is sent by mail, and read without us."""
    assert page.stat().st_size < 1_000_000
    assert f'data-as-of="{shop(example_workspace).freshness().load_id}"' in page.read_text(encoding="utf-8")


def test_a_report_of_an_earlier_moment_shows_what_was_known_then(example_workspace: Path, tmp_path: Path) -> None:
    """Restated results do not change a report of the past; it is in the language asked for."""
    loads = shop(example_workspace).loads()
    first = int(loads[loads["known_at_utc"] == loads["known_at_utc"].min()]["load_id"].max())
    then = shop(example_workspace).overview(days=7, as_of=first)
    made = report(example_workspace, tmp_path, days="7", as_of=str(first), locale="uk").read_text(encoding="utf-8")

    assert f'data-as-of="{first}"' in made
    assert format_money(float(then.totals["spend"] or 0), "EUR", "uk") in made
    assert '<html lang="uk">' in made


def test_a_period_is_given_by_its_ends(example_workspace: Path, tmp_path: Path) -> None:
    """Both days are of the period."""
    made = report(example_workspace, tmp_path, since="2026-05-04", until="2026-05-10").read_text(encoding="utf-8")
    assert "May 4, 2026 – May 10, 2026 · 7 days" in made


@pytest.mark.parametrize(
    ("period", "said"),
    [
        pytest.param({"since": "2026-05-04"}, "Give both ends", id="half"),
        pytest.param({"days": "0"}, "at least 1", id="no-days"),
        pytest.param({"days": "7", "since": "2026-05-04", "until": "2026-05-10"}, "not both", id="two-periods"),
    ],
)
def test_a_period_that_is_none_is_refused_before_anything_runs(
    example_workspace: Path, tmp_path: Path, period: dict[str, str], said: str
) -> None:
    """Each value is fine alone; no notebook is left behind."""
    with pytest.raises(PeriodError, match=said):
        report(example_workspace, tmp_path, **period)
    assert list(tmp_path.iterdir()) == []


def test_reports_of_two_periods_lie_beside_each_other(example_workspace: Path, page: Path) -> None:
    """Made on the same day, of the same data; the page of seven days names its period too."""
    other = report(example_workspace, page.parent, since="2026-05-01", until="2026-05-14", locale="uk")
    assert other.name == f"{page.name[:27]}-2026-05-01-to-2026-05-14-locale-uk.html"
    assert page.exists()
    assert page.name.startswith("account_overview-2026-06-0")
    assert page.name.endswith("-2026-05-27-to-2026-06-02.html")


def test_a_report_that_is_not_there_is_told_with_those_there_are(example_workspace: Path, tmp_path: Path) -> None:
    """A typing error in the name finds its way."""
    context = open_client(example_workspace, CLIENT)
    with pytest.raises(NotFoundError, match=r"no report 'overview' .* Reports: account_overview"):
        run_client_report(context, "overview", {}, tmp_path)


@pytest.mark.parametrize("name", ["client", "workspace"])
def test_a_report_cannot_be_turned_to_another_client(example_workspace: Path, tmp_path: Path, name: str) -> None:
    """Whose report it is comes from the client that was opened, and from nothing else."""
    with pytest.raises(ParameterError, match=f"'{name}' is set by --{name}"):
        run_client_report(open_client(example_workspace, CLIENT), "account_overview", {name: "other"}, tmp_path)


def papermill(out: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "papermill", str(TEMPLATE), str(out), "--no-progress-bar", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_stock_papermill_runs_the_template(example_workspace: Path, tmp_path: Path) -> None:
    """The template is an ordinary notebook; its defaults are offline."""
    out = tmp_path / "out.ipynb"
    done = papermill(out, "-p", "days", "7")
    assert done.returncode == 0, done.stderr
    assert "7 days" in out.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "value", "says"), [("days", "abc", "'days' is 'abc'"), ("dayz", "7", "no parameter 'dayz'")]
)
def test_under_stock_papermill_a_bad_parameter_fails_in_the_first_cell(
    tmp_path: Path, name: str, value: str, says: str
) -> None:
    """Papermill only warns; the notebook itself stops, before it opens anything."""
    out = tmp_path / "out.ipynb"
    done = papermill(out, "-p", name, value)
    ran = [cell for cell in nbformat.read(out, as_version=4).cells if cell.get("execution_count")]

    assert done.returncode != 0
    assert says in done.stderr
    assert len(ran) == 3  # the parameters, the injected ones, and the check
    assert "check_parameters" in ran[-1].source
