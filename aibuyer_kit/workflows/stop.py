"""The kill switch: a file in the workspace, or AIBUYER_STOP. One that cannot be read is on."""

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from aibuyer_kit.access.clients import ClientContext
from aibuyer_kit.core.errors import InputError
from aibuyer_kit.guardrails.picture import Stop

STOP_FILE = "STOP"
STOP_VARIABLE = "AIBUYER_STOP"
_OFF = ("", "0", "no", "off", "false")


def read_stop(context: ClientContext, environment: Mapping[str, str] | None = None) -> Stop:
    """Return whether changes are stopped. Whatever cannot be told apart from a stop is one."""
    stated = (os.environ if environment is None else environment).get(STOP_VARIABLE, "")
    if stated.strip().lower() not in _OFF:
        return Stop(True, f"{STOP_VARIABLE} is {stated[:40]!r}")
    path = context.stop_file
    try:
        os.lstat(path.parent)
        os.lstat(path)
    except FileNotFoundError as error:
        gone = Path(str(error.filename)) != path
        return Stop(gone, f"{path.parent} is not there" if gone else "")
    except OSError as error:
        return Stop(True, f"{path} cannot be looked for ({error.strerror})")
    except ValueError:
        return Stop(True, f"{path} cannot be looked for")
    return Stop(True, f"{path} is there")


def stop(workspace: Path, reason: str) -> Path:
    """Put the stop file into a workspace and return its path; one that is there stays."""
    path = workspace / STOP_FILE
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC {reason}\n".replace("\0", ""))
    except FileExistsError:
        pass
    return path


def resume(workspace: Path) -> None:
    """Take the stop file away. Raises InputError if there is none, or while the variable stops all the same."""
    path = workspace / STOP_FILE
    stated = os.environ.get(STOP_VARIABLE, "")
    try:
        path.unlink()
    except FileNotFoundError:
        if stated.strip().lower() in _OFF:
            raise InputError(f"Nothing is stopped: there is no {path}.") from None
    if stated.strip().lower() not in _OFF:
        raise InputError(f"{STOP_VARIABLE} is {stated[:40]!r} and stops all the same. Unset it.")
