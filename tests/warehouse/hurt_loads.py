"""Loads that run in children: on a disk that is full or read-only, and killed with a write-ahead log left."""

import contextlib
import io
import os
import resource
import signal
import sys
from pathlib import Path

from aibuyer_kit import cli
from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import AibuyerError
from aibuyer_kit.core.results import ResultSetting
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.warehouse.write import open_writer

from .rows import DAYS, action, at_noon, coverage, insight, insight_page

ADS = 1000
NOBODY = 65_534


def load_number(folder: Path, number: int, *, die: bool = False) -> None:
    """Load the `number`-th read, in which every ad has other figures than in the one before, and publish it."""
    rows = [insight(f"ad-{ad}", clicks=number * ad, actions=[action("purchase", ad + number)]) for ad in range(ADS)]
    with open_writer(folder) as writer:
        writer.load(coverage(), [insight_page(rows)], known_at=at_noon)
        if die:
            os.kill(os.getpid(), signal.SIGKILL)


def clicks(folder: Path, as_of: int | None = None, days: DateRange = DAYS) -> int:
    """Return the sum of what a reader is told."""
    reader = Reader(folder)
    try:
        return sum(row["clicks"] for row in reader.insights(Level.AD, days, result=ResultSetting(), as_of=as_of).rows())
    finally:
        reader.close()


def expected(number: int) -> int:
    return number * ADS * (ADS - 1) // 2


def load_and_die(folder: str, number: int) -> None:
    load_number(Path(folder), number, die=True)


def load_with_largest_file(folder: str, number: int, most_bytes: int) -> str:
    """Load where no file may grow beyond a size, and return the error's text; '' if there was none."""
    _limit_files(most_bytes)
    return _error_of(Path(folder), number)


def load_as_nobody(folder: str, number: int) -> str:
    """Load as a user whom mode bits hold, and return the error's text; '' if there was none."""
    _become_nobody()
    return _error_of(Path(folder), number)


def clicks_as_nobody(folder: str) -> int:
    _become_nobody()
    return clicks(Path(folder))


def command_as_nobody(*arguments: str) -> list[object]:
    """Run `aibuyer` and return its exit code and what it said on standard error."""
    _become_nobody()
    return _command(arguments)


def command_with_largest_file(most_bytes: int, *arguments: str) -> list[object]:
    """Run `aibuyer` where no file may grow beyond a size; the same as `command_as_nobody` otherwise."""
    _limit_files(most_bytes)
    return _command(arguments)


def _command(arguments: tuple[str, ...]) -> list[object]:
    said, printed = io.StringIO(), io.StringIO()
    sys.argv = ["aibuyer", *arguments]
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(printed):
        try:
            cli.main()
        except SystemExit as ended:
            return [ended.code or 0, said.getvalue()]
    return [0, said.getvalue()]


def _error_of(folder: Path, number: int) -> str:
    try:
        load_number(folder, number)
    except AibuyerError as error:
        return str(error)
    return ""


def _limit_files(most_bytes: int) -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, hard))


def _become_nobody() -> None:
    # Mode bits do not hold root; they hold anyone else as they are.
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
