"""From a real export to a client's page with the commands that a buyer types; the page shows the published figures."""

import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

pytestmark = pytest.mark.prove


class CampaignTable(HTMLParser):
    """The rows of a page's tables by their first cell: what stands under each label."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.rows: dict[str, dict[str, str]] = {}
        self._row: dict[str, str] = {}
        self._label: str | None = None
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "tr":
            self._row = {}
        elif tag in ("th", "td"):
            self._label = dict(attrs).get("data-label") or ("name" if tag == "th" else None)

    def handle_endtag(self, tag: str) -> None:
        if tag in ("th", "td"):
            self._label = None
        elif tag == "tr" and "name" in self._row:
            self.rows[self._row["name"]] = self._row

    def handle_data(self, data: str) -> None:
        # The first text of a cell is its figure or name; a note may follow.
        if self._label:
            self._row.setdefault(self._label, data)


def aibuyer(*arguments: str | Path) -> str:
    """Run a command as a buyer does, and return what it prints on stdout."""
    command = [str(Path(sys.executable).with_name("aibuyer")), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def report_rows(tmp_path: Path, file: Path, mapping: Path, since: str, until: str) -> dict[str, dict[str, str]]:
    workspace = tmp_path / "ws"
    here = ("--workspace", workspace, "--client", "sample")
    aibuyer("init", workspace)
    aibuyer("client", "add", "sample", "--name", "Sample client", "--workspace", workspace)
    aibuyer("import", file, "--mapping", mapping, *here)
    printed = aibuyer("report", "run", "account_overview", "-p", f"since={since}", "-p", f"until={until}", *here)
    return CampaignTable(Path(printed.strip()).read_text(encoding="utf-8")).rows


def shown(row: dict[str, str], *labels: str) -> tuple[str, ...]:
    return tuple(row.get(label, "") for label in labels)


def test_the_report_from_kag_shows_its_published_figures(tmp_path: Path, public_data: Path, mappings: Path) -> None:
    """Totals and the three campaigns, of the period that the mapping states."""
    rows = report_rows(
        tmp_path,
        public_data / "kag_conversion" / "KAG_conversion_data.csv",
        mappings / "kag_conversion.toml",
        *("2017-08-01", "2017-08-31"),
    )
    labels = ("Spend", "Impressions", "Clicks", "Results")
    assert {name: shown(rows[name], *labels) for name in ("916", "936", "1178", "Total")} == {
        "916": ("$149.71", "482,925", "113", "24"),
        "936": ("$2,893.37", "8,128,187", "1,984", "183"),
        "1178": ("$55,662.15", "204,823,716", "36,068", "872"),
        "Total": ("$58,705.23", "213,434,828", "38,165", "1,079"),
    }


def test_the_report_from_multichannel_shows_the_file_s_figures(
    tmp_path: Path, public_data: Path, mappings: Path
) -> None:
    """Spend and revenue of 28 days, and the best and the worst way to spend it."""
    rows = report_rows(
        tmp_path,
        public_data / "multichannel_daily" / "Marketing.csv",
        mappings / "multichannel_daily.toml",
        *("2021-02-01", "2021-02-28"),
    )
    assert shown(rows["Total"], "Spend", "Revenue") == ("$30,590,879.82", "$42,889,366.00")
    assert shown(rows["Youtube"], "Spend", "Revenue") == ("$4,057,936.51", "$15,311,433.00")
    assert shown(rows["Banner"], "Spend", "Revenue") == ("$5,026,674.76", "$6,152,960.00")
