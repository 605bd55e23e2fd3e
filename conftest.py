"""Tests keep to themselves: the sample account and other caches go into a folder of this run, and away with it."""

import atexit
import os
import shutil
import tempfile

import pytest

_MOST_WORKERS = 8
collect_ignore = ["aibuyer_kit/ledger/migrations/env.py"]  # it runs inside Alembic alone


def pytest_configure(config: pytest.Config) -> None:
    atexit.register(_silence)
    # Workers of xdist inherit the folder, so the sample account is built once for all of them.
    if not hasattr(config, "workerinput"):
        os.environ["XDG_CACHE_HOME"] = tempfile.mkdtemp(prefix="aibuyer-tests-")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One worker more than there are processors: many tests wait for servers, browsers and other processes."""
    return min(_MOST_WORKERS, (os.cpu_count() or 1) + 1)


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        shutil.rmtree(os.environ["XDG_CACHE_HOME"], ignore_errors=True)


def _silence() -> None:
    # In a process where Playwright ran too, DuckDB's module is not unloaded at the end, and a hundred lines on stderr
    # call its types and functions leaked. By now the tests' report is out.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
