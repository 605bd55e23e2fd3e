"""Making and finding workspaces: one folder on a laptop that holds everything."""

import json
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from aibuyer_kit.access.client_file import ClientFile
from aibuyer_kit.access.clients import ClientContext, client_ids, open_client
from aibuyer_kit.core.addresses import is_on_this_machine
from aibuyer_kit.core.errors import AibuyerError, InputError, NotFoundError
from aibuyer_kit.core.model_problems import first_problem
from aibuyer_kit.settings.content import FOLDERS, WORKSPACE_FILE, content_folder

_SETTINGS_TEXT = """\
# Settings of this workspace. `aibuyer config show --origin` tells where each value comes from;
# an environment variable such as AIBUYER_SYNC__BACKFILL_DAYS goes before this file.
kind = "{kind}"

[sync]
# backfill_days = 90    # how far the first sync reads back
# restated_days = 28    # how many days every sync reads again, because platforms restate results

[guardrails]
# most_increase_24h = 0.2   # how far a daily budget may rise within 24 hours, as a share of its lowest value in them
# most_decrease_24h = 0.5

[apply]
# expires_hours = 24        # until when a proposal is good
# own_approvals = false     # true: people who work alone may approve what they proposed (an undo)

[models]
# retrain_days = 28         # after how many days `aibuyer learn` trains a model again
# tracking_uri = ""         # another store of MLflow than each client's folder; passwords go into the environment

[meta]
# api_version = "v26.0"
# app_id = ""           # the app secret belongs into AIBUYER_META__APP_SECRET, not here
"""


# What a new client's settings are called where they are asked for.
_ASKED_AS = {"name": "--name", "locale": "--locale", "accounts": "--account", "graph_url": "--graph-url"}


def init_workspace(folder: Path, *, kind: str = "workspace") -> Path:
    """Make a workspace in `folder` with its own copies of the notebooks, dashboards, reports and rules.

    Raises InputError if there is a workspace already or the folder holds other things.
    """
    from aibuyer_kit.rules.schema import SCHEMA_FILE, rule_schema

    if (folder / WORKSPACE_FILE).exists():
        raise InputError(f"{folder} is a workspace already.")
    if folder.exists() and any(folder.iterdir()):
        raise InputError(f"{folder} is not empty. Choose a new folder, such as {folder / 'workspace'}.")
    folder.mkdir(parents=True, exist_ok=True)
    for name in FOLDERS:
        shutil.copytree(content_folder(name), folder / name, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    (folder / "rules" / SCHEMA_FILE).write_text(json.dumps(rule_schema(), indent=2) + "\n", encoding="utf-8")
    (folder / "clients").mkdir()
    # Last, so that a folder with this file is a whole workspace.
    (folder / WORKSPACE_FILE).write_text(_SETTINGS_TEXT.format(kind=kind), encoding="utf-8")
    return folder.resolve()


def find_workspace(
    folder: Path | str | None = None, *, start: Path | None = None, environment: Mapping[str, str] | None = None
) -> Path:
    """Return the workspace: the given folder, AIBUYER_WORKSPACE, or the nearest one from `start` upwards.

    Raises NotFoundError that says how to make one.
    """
    named = folder or (os.environ if environment is None else environment).get("AIBUYER_WORKSPACE")
    if named:
        path = Path(named).expanduser().resolve()
        if not (path / WORKSPACE_FILE).is_file():
            raise NotFoundError(
                f"{path} is not a workspace (it has no {WORKSPACE_FILE}). Make one: aibuyer init {path}"
            )
        return path
    here = (start or Path.cwd()).resolve()
    for candidate in (here, here / "workspace", *here.parents):
        if (candidate / WORKSPACE_FILE).is_file():
            return candidate
    raise NotFoundError("There is no workspace here. Make one with `aibuyer init`, or try `aibuyer demo`.")


def only_client(folder: Path, client_id: str | None) -> ClientContext:
    """Return the client asked for, or the only one that there is. Raises InputError if that is not clear."""
    contexts = some_clients(folder, client_id)
    if len(contexts) != 1:
        known = ", ".join(context.id for context in contexts)
        cure = f"Say which one with --client: {known}." if known else "Add one: aibuyer client add"
        raise InputError(f"The workspace {folder} has {len(contexts)} clients. {cure}")
    return contexts[0]


def some_clients(folder: Path, client_id: str | None) -> list[ClientContext]:
    """Return the client asked for, or all of them."""
    return [open_client(folder, each) for each in ((client_id,) if client_id else client_ids(folder))]


def syncable_clients(folder: Path) -> list[Callable[[], ClientContext]]:
    """Return what opens each client that has an ad account, or whose file is wrong, which opening it tells."""
    rows = client_rows(folder)
    return [partial(open_client, folder, row["client"]) for row in rows if row["accounts"] or row["problem"]]


def client_rows(folder: Path) -> list[dict[str, Any]]:
    """Return one row per client: its name, its ad accounts, and what is wrong with its file."""
    return [_client_row(folder, client_id) for client_id in client_ids(folder)]


def _client_row(folder: Path, client_id: str) -> dict[str, Any]:
    try:
        settings = open_client(folder, client_id).settings
    except AibuyerError as error:
        return {"client": client_id, "name": None, "accounts": None, "problem": str(error)}
    accounts = ", ".join(account.id for account in settings.accounts)
    return {"client": client_id, "name": settings.name, "accounts": accounts, "problem": None}


def new_client_file(
    name: str, *, locale: str = "en", accounts: Sequence[str] = (), graph_url: str | None = None
) -> ClientFile:
    """Return the content of a new client's file. Raises InputError that names what is wrong.

    An address on this machine means a practice platform, whose time is its own too.
    """
    try:
        return ClientFile.model_validate(
            {
                "name": name,
                "locale": locale,
                "clock": "platform" if graph_url and is_on_this_machine(graph_url) else "system",
                "graph_url": None if accounts else graph_url,
                "accounts": tuple({"id": account, "graph_url": graph_url} for account in accounts),
            }
        )
    except ValidationError as error:
        where, wrong = first_problem(error.errors(), ClientFile)
        option, inside = _ASKED_AS.get(where.partition(".")[0], where), f" ({where})" if "." in where else ""
        raise InputError(f"{option}{inside}: {wrong}.") from None
