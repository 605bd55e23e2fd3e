"""Proofs on public data: they run only with `-m prove`, and then a missing folder is a failure, not a skip."""

import os
from pathlib import Path

import pytest


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the proofs out where no `-m` decides about them."""
    if config.getoption("markexpr"):
        return
    proofs = [item for item in items if item.get_closest_marker("prove")]
    if proofs:
        config.hook.pytest_deselected(items=proofs)
        items[:] = [item for item in items if item not in proofs]


@pytest.fixture(scope="session")
def public_data() -> Path:
    """Return the folder of public data sets that AIBUYER_DATA names."""
    stated = os.environ.get("AIBUYER_DATA")
    if not stated:
        pytest.fail("AIBUYER_DATA is not set. Point it at the folder of the public data sets.", pytrace=False)
    folder = Path(stated)
    if not folder.is_dir():
        pytest.fail(f"AIBUYER_DATA is {stated!r}, and there is no such folder.", pytrace=False)
    return folder


@pytest.fixture(scope="session")
def mappings() -> Path:
    """Return the folder of the mapping files for the public data sets."""
    return Path(__file__).parent / "mappings"
