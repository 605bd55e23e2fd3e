"""Curves of the sample account, from its warehouse to the command."""

import json
import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from aibuyer_kit.core.errors import InputError
from aibuyer_kit.workspace import Client, open_workspace
from tests.aibuyer import aibuyer


@pytest.fixture(scope="module")
def folder(example_workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the sample workspace, so that it may get lift tests."""
    copy = tmp_path_factory.mktemp("curves") / "workspace"
    shutil.copytree(example_workspace, copy)
    return copy


@pytest.fixture
def shop(folder: Path) -> Client:
    return open_workspace(folder).client("sample-shop")


def test_budgets_that_never_moved_tell_nothing_and_the_account_hears_so(shop: Client) -> None:
    """Every ad set has a curve and none is told by the past; without tests it is what is reported."""
    response = shop.curves()
    assert len(response.arms) == 20
    assert set(response.curves.identified) == {"no"}
    assert response.curves.basis == "reported"
    assert response.curves.currency == "EUR"
    assert (response.curves.spend_now > 0).all()


def test_lift_tests_of_the_client_make_the_curves_incremental(shop: Client, folder: Path) -> None:
    """They are read from experiments.csv; one on something else is told not to count."""
    days, arm = shop.curves().days, shop.curves().arms[0]
    since, until = days.until - timedelta(days=60), days.until - timedelta(days=47)
    path = folder / "clients/sample-shop/experiments.csv"
    head = "object_id,since,until,spend,results,standard_error\n"
    rows = "".join(f"{one},{since},{until},3780,60,12\n" for one in (arm.id, "nobody"))
    path.write_text(head + rows, encoding="utf-8")
    response = shop.curves()
    path.unlink()
    assert response.curves.basis == "incremental"
    assert response.arms[0].incremental_share is not None
    assert any("1 experiment is of an object" in note for note in response.notes("en"))


def test_levels_and_values_that_are_not_there_are_refused(shop: Client) -> None:
    """With those there are."""
    with pytest.raises(InputError, match="budget, campaign, adset, ad"):
        shop.curves(level="pixel")
    with pytest.raises(InputError, match="days is 0"):
        shop.curves(days=0)


def test_campaigns_are_arms_when_asked_for(shop: Client) -> None:
    """Four of them, in results."""
    response = shop.curves(level="campaign", value_of="results")
    assert len(response.arms) == 4
    assert response.curves.value_of == "results"


def test_the_command_prints_a_table_or_json(folder: Path) -> None:
    """One arm a row; a value that is not known is wrong input."""
    command = ["curves", "-w", str(folder), "--days", "60"]
    table, told, wrong = (aibuyer(*command, *more) for more in ([], ["--json"], ["--value-of", "clicks"]))
    assert table.returncode == told.returncode == 0, table.stderr + told.stderr
    assert "Sample Broad 18 34" in table.stdout
    assert len(json.loads(told.stdout)["arms"]) == 20
    assert (wrong.returncode, "gross_profit, revenue, results" in wrong.stderr) == (2, True)
