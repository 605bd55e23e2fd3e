"""World files: what they may say, and how a mistake is named."""

from pathlib import Path

import pytest

from aibuyer_kit.core.errors import SettingsError
from aibuyer_kit.sandbox.market import Market

GOOD = """
preset = "hill"
history_days = 90
currency = "UAH"
time_zone = "America/New_York"
today_split = "as_is"

[[campaign]]
name = "Prospecting"
objective = "OUTCOME_LEADS"

  [[campaign.adset]]
  name = "Lookalike"
  daily_budget = 120.55

  [[campaign.adset]]
  name = "Broad"
  daily_budget = 80
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "world.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_world_file_replaces_the_presets_campaigns(tmp_path: Path) -> None:
    """Currency, zone, history and arms are the file's; decimals are exact."""
    market = Market.open(written(tmp_path, GOOD), seed=1)
    account = market.account

    assert (account.currency, account.zone.key) == ("UAH", "America/New_York")
    assert (market.today - market.first_day).days == 90
    assert [adset.name for adset in account.adsets] == ["Lookalike", "Broad"]
    assert [market.setting(adset.id).daily_budget_minor for adset in account.adsets] == [12055, 8000]


def test_a_world_file_without_campaigns_keeps_the_presets(tmp_path: Path) -> None:
    """What is not said stays as the preset has it."""
    market = Market.open(str(written(tmp_path, "history_days = 7")), seed=1)

    assert len(market.account.adsets) == 20
    assert (market.today - market.first_day).days == 7


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("history_days", "history_day", "the key 'history_day'. Known: preset, history_days,"),
        ('objective = "OUTCOME_LEADS"', "goal = 1", r"\[\[campaign\]\] 1 uses the key 'goal'. Known: name, objective"),
        ("daily_budget = 80", "budget = 80", r"\[\[campaign.adset\]\] 2 uses the key 'budget'"),
        ("daily_budget = 80", "audience_size = 1000", "'audience_size', which no preset supports yet"),
        ('today_split = "as_is"', "lift_tests = 4", "'lift_tests', which no preset supports yet"),
        ('"as_is"', '"equal"', "only 'as_is' is supported yet"),
        ('"hill"', '"hil"', "preset is 'hil'. Known: hill"),
        ("history_days = 90", "history_days = 0", "from 1 to 1123"),
        ("history_days = 90", "history_days = true", "from 1 to 1123"),
        ('"UAH"', '"UA"', "Unknown currency 'UA'"),
        ('"America/New_York"', '"Kyiv"', "no time zone 'Kyiv'"),
        ("OUTCOME_LEADS", "OUTCOME_SALE", "Known: OUTCOME_SALES, OUTCOME_LEADS"),
        ("daily_budget = 80", "", "daily_budget is None"),
        ("daily_budget = 80", "daily_budget = nan", "not a finite amount"),
        ("daily_budget = 80", "daily_budget = 0.99", "the least is 1 UAH"),
        ("daily_budget = 80", "daily_budget = 80.005", "finer than the platform's smallest unit"),
        ('name = "Broad"', 'name = "Lookalike"', "two ad sets .* are called 'Lookalike'"),
        ('name = "Broad"', 'name = " "', "give a text"),
        ("[[campaign]]", "[campaign]", "cannot be read as TOML|needs at least one"),
        ("history_days = 90", "history_days = ", "cannot be read as TOML"),
    ],
)
def test_a_mistake_is_named_with_its_place(tmp_path: Path, before: str, after: str, message: str) -> None:
    """Nothing that is not understood is passed over."""
    path = written(tmp_path, GOOD.replace(before, after))
    with pytest.raises(SettingsError, match=message) as caught:
        Market.open(path, seed=1)

    assert str(path) in str(caught.value)


def test_a_world_that_is_not_there_names_the_presets() -> None:
    """Neither preset nor file."""
    with pytest.raises(SettingsError, match="Presets: hill"):
        Market.open("seasonal", seed=1)


def test_the_rule_of_learning_can_be_set(tmp_path: Path) -> None:
    """What is not named keeps its usual value; nonsense is refused."""
    path = written(tmp_path, GOOD.replace("[[campaign]]", "[learning]\nbudget_change_share = 0.5\n\n[[campaign]]", 1))
    rule = Market.open(path).learning

    assert (rule.results, rule.days, rule.budget_change_share) == (50, 7, 0.5)
    with pytest.raises(SettingsError, match="days is 0"):
        Market.open(written(tmp_path, "[learning]\ndays = 0"))
    with pytest.raises(SettingsError, match="'weeks'"):
        Market.open(written(tmp_path, "[learning]\nweeks = 1"))
