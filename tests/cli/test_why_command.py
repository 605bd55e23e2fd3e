"""`aibuyer why` over the sample account."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.aibuyer import aibuyer


def why(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return aibuyer("why", "-w", str(folder), *arguments)


def test_a_change_is_told_in_words_and_figures(example_workspace: Path) -> None:
    """Leads and purchases one by one, and the parts of each add up to its change."""
    done = why(example_workspace, "cpa", "--period", "last week", "--against", "the week before", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert {kind["kind"] for kind in found["kinds"]} == {"Purchases", "Leads"}
    assert any(sentence.startswith("Purchases: Cost per result") for sentence in found["sentences"])
    for kind in found["kinds"]:
        assert sum(line["part"] for line in kind["parts"]) == kind["change"] == kind["after"] - kind["before"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("cpaa",), "Did you mean 'cpa'"),
        (("reach",), "people are not added up"),
        (("cpa", "--period", "some day"), "Understood: yesterday"),
        (("cpa", "--level", "creative"), "Known: account, campaign, adset, ad"),
    ],
)
def test_a_mistake_is_one_line(example_workspace: Path, arguments: tuple[str, ...], words: str) -> None:
    """Wrong input ends with 2."""
    done = why(example_workspace, *arguments)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert words in done.stderr
