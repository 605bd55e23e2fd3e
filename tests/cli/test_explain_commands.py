"""`--explain` of forecasts, creatives and plans: the parts add up to what the command says without it."""

import json
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from aibuyer_kit.cli import app


def run(folder: Path, *words: str) -> Result:
    return CliRunner().invoke(app, [*words, "-w", str(folder)])


def whole(found: Result) -> float:
    """Return what the explanation explains, once its parts have been added up."""
    told = json.loads(found.stdout)
    start = told["baseline"]["amount"] if told["baseline"] else 0.0
    assert start + sum(each["amount"] for each in told["parts"]) == pytest.approx(told["whole"]["amount"])
    return float(told["whole"]["amount"])


def test_a_forecast_is_explained_in_all_and_object_by_object(example_workspace: Path, tmp_path: Path) -> None:
    """By id or by name, as text, JSON and a page; a name that is not there is refused with those there are."""
    words = ("forecast", "revenue", "--horizon-days", "7", "--level", "account")
    rows = json.loads(run(example_workspace, *words, "--json").stdout)
    assert whole(run(example_workspace, *words, "--explain", "all", "--json")) == pytest.approx(rows[-1]["expected"])
    page = tmp_path / "why.html"
    text = run(example_workspace, *words, "--explain", rows[0]["id"], "--html", str(page))
    assert "Why Revenue is forecast as it is" in text.stdout
    assert "<svg" in page.read_text(encoding="utf-8")
    refused = run(example_workspace, *words, "--explain", "nobody")
    assert refused.exit_code != 0
    assert f"no 'nobody' in this forecast. Known: {rows[0]['id']}" in str(refused.exception or refused.stderr)


def test_a_page_of_no_explanation_is_refused(example_workspace: Path, tmp_path: Path) -> None:
    refused = run(example_workspace, "creatives", "--html", str(tmp_path / "why.html"))
    assert refused.exit_code != 0
    assert "--explain" in str(refused.exception or refused.stderr)


def test_a_forecast_without_explanation_writes_its_own_page(example_workspace: Path, tmp_path: Path) -> None:
    page = tmp_path / "forecast.html"
    found = run(
        example_workspace, "forecast", "spend", "--level", "account", "--horizon-days", "7", "--html", str(page)
    )
    assert found.exit_code == 0
    assert f"wrote {page}" in found.stderr
    text = page.read_text(encoding="utf-8")
    assert text.startswith("<!")
    assert "<svg" in text


def test_what_cannot_be_explained_is_refused_before_the_work(
    example_workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A way that there is not, a way without anything to explain, and an object that is not there."""
    monkeypatch.setattr("aibuyer_kit.workflows.forecast.panel_forecast", None)  # whoever calls it fails otherwise
    asked = (("--explain", "all", "--by", "xyz"), ("--by", "prophet"), ("--explain", "nosuch"))
    for words, said in zip(asked, ("not explained by 'xyz'", "--by says how", "no 'nosuch'"), strict=True):
        refused = run(example_workspace, "forecast", *words)
        assert refused.exit_code != 0
        assert said in str(refused.exception or refused.stderr)


def test_creatives_are_explained(example_workspace: Path) -> None:
    rows = json.loads(run(example_workspace, "creatives", "--metric", "ctr", "--json").stdout)
    told = run(example_workspace, "creatives", "--metric", "ctr", "--explain", rows[0]["id"], "--json")
    whole(told)
    assert rows[0]["name"] in json.loads(told.stdout)["title"]
    assert "What creatives show" in run(example_workspace, "creatives", "--explain", "all").stdout


def test_a_plan_is_explained(example_workspace: Path) -> None:
    plan = json.loads(run(example_workspace, "plan", "--json").stdout)
    assert whole(run(example_workspace, "plan", "--explain", "all", "--json")) == pytest.approx(
        plan["expected"]["mean"]
    )
