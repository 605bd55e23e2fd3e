"""Files in and out on the command line: what an import would do, choices, and exports for spreadsheets."""

import csv
import subprocess
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook

from tests.aibuyer import aibuyer

HEADER = "Campaign name,Day,Amount spent (EUR),Impressions,Clicks (all)\n"


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return aibuyer(*arguments, cwd=folder)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """Return a folder with a workspace of one client and an export whose days and money leave a choice."""
    assert run(tmp_path, "init").returncode == 0
    assert run(tmp_path, "client", "add", "shop", "--name", "Sample shop").returncode == 0
    (tmp_path / "export.csv").write_text(f'{HEADER}=SUM(1),1/2/2026,"1,234",10,1\n', encoding="utf-8")
    return tmp_path


def test_a_choice_is_asked_for_shown_and_taken(shop: Path) -> None:
    """The error names the option, a dry run shows what it does, and the import takes it."""
    asked = run(shop, "import", "export.csv", "--dry-run")
    assert asked.returncode == 2
    assert '--date-format "%d/%m/%Y"' in asked.stderr
    choice = ("--date-format", "%d/%m/%Y", "--decimal", ".")
    shown = " ".join(run(shop, "import", "export.csv", "--dry-run", *choice).stdout.split())
    assert "Day day %d/%m/%Y 1/2/2026 2026-02-01" in shown
    assert "decimal ., thousands , 1,234 1234" in shown
    assert "Nothing was loaded." in shown
    assert "No clients" not in run(shop, "status").stdout
    assert run(shop, "insights").returncode == 1
    assert "1 new rows" in run(shop, "import", "export.csv", *choice).stdout


def test_a_dry_run_needs_no_workspace(tmp_path: Path) -> None:
    """A file can be looked at before anything is set up."""
    (tmp_path / "export.csv").write_text(f"{HEADER}Boots,2026-02-01,5,10,1\n", encoding="utf-8")
    done = run(tmp_path, "import", "export.csv", "--dry-run")
    assert (done.returncode, "1 of 1 rows kept" in done.stdout) == (0, True)


def test_a_workbook_with_several_sheets_is_imported_by_name(shop: Path) -> None:
    """The way of an Ads Manager workbook."""
    book = Workbook()
    for name, cost in (("Formatted Report", 1), ("Raw Data Report", 5)):
        sheet = book.create_sheet(name)
        sheet.append(HEADER.strip().split(","))
        sheet.append(["Boots", "2026-02-01", cost, 10, 1])
    book.save(shop / "export.xlsx")
    asked = run(shop, "import", "export.xlsx")
    assert (asked.returncode, '--sheet "Raw Data Report"' in asked.stderr) == (2, True)
    assert "spend 5" in run(shop, "import", "export.xlsx", "--sheet", "Raw Data Report").stdout


def test_insights_are_written_for_spreadsheets(shop: Path) -> None:
    """Both files at once, figures as numbers, and the name of a campaign as a text that nothing runs."""
    run(shop, "import", "export.csv", "--date-format", "%d/%m/%Y", "--decimal", ".")
    period = ("--since", "2026-02-01", "--until", "2026-02-01", "--metrics", "spend,cpc")
    done = run(shop, "insights", *period, "--csv", "out.csv", "--xlsx", "out.xlsx")
    assert (done.returncode, done.stdout) == (0, "")
    assert "out.csv: 1 rows" in done.stderr
    with (shop / "out.csv").open(encoding="utf-8-sig", newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["name"], float(row["spend"])) == ("'=SUM(1)", 1234.0)
    head, cells = load_workbook(shop / "out.xlsx").worksheets[0].iter_rows()
    assert "f" not in {cell.data_type for cell in (*head, *cells)}
    assert 1234 in [cell.value for cell in cells]


def test_figures_are_grouped_by_dimensions_of_names_and_written(shop: Path) -> None:
    """Two campaigns of one market are one row of the file; a name of another form is told."""
    with (shop / "workspace" / "clients" / "shop" / "client.toml").open("a", encoding="utf-8") as settings:
        settings.write('[naming]\ncampaign = ["market", "product"]\n')
    rows = "UA_boots,2026-02-01,5,10,1\nUA_shoes,2026-02-01,7.5,10,1\nboots,2026-02-01,1,10,1\n"
    (shop / "export.csv").write_text(HEADER + rows, encoding="utf-8")
    assert run(shop, "import", "export.csv").returncode == 0
    period = ("--since", "2026-02-01", "--until", "2026-02-01")
    done = run(shop, "insights", *period, "--by", "market", "--metrics", "spend", "--csv", "out.csv")
    assert "warning: 1 campaign name does not follow the convention" in done.stderr
    with (shop / "out.csv").open(encoding="utf-8-sig") as file:
        assert list(csv.reader(file)) == [
            ["date", "market", "currency", "spend"],
            ["2026-02-01", "UA", "EUR", "12.5"],
            ["2026-02-01", "", "EUR", "1.0"],
        ]
    asked = run(shop, "insights", *period, "--metrics", "spend,omni_purchase")
    assert (asked.returncode, "is an action type, not a metric" in asked.stderr) == (2, True)
    assert "No actions are reported" in run(shop, "actions", *period).stdout
