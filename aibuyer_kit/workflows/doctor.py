"""Checking an installation and a workspace: every failure names its cure."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from aibuyer_kit.access.clients import ClientContext, client_ids, open_client
from aibuyer_kit.access.credentials import meta_login
from aibuyer_kit.core.clock import SystemClock
from aibuyer_kit.core.errors import AibuyerError, WarehouseError
from aibuyer_kit.settings.content import FOLDERS, content_folder
from aibuyer_kit.settings.workspace_settings import read_settings
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.workflows.reconcile import known_reconciliation
from aibuyer_kit.workflows.token_health import TokenHealth, token_health
from aibuyer_kit.workflows.workspaces import find_workspace

_PACKAGES = (
    "jupyterlab",
    "voila",
    "ipywidgets",
    "panel",
    "duckdb",
    "pandas",
    "facebook-business",
    "prophet",
    "lightgbm",
    "shap",
    "optuna",
    "papermill",
)


@dataclass(frozen=True)
class Finding:
    """One check: what was looked at, whether it is well, and the figure or the cure."""

    check: str
    ok: bool
    detail: str
    warning: bool = False

    @property
    def state(self) -> str:
        return "FAILED" if not self.ok else "warning" if self.warning else "ok"


@dataclass(frozen=True)
class Warned:
    """What a check found that is no failure, but should be looked at."""

    text: str


def examine(workspace: Path | None) -> list[Finding]:
    """Return all findings, about the installation first; a check that fails does not stop the others."""
    return [_finding(check, look) for check, look in _checks(workspace)]


def _checks(workspace: Path | None) -> Iterator[tuple[str, Callable[[], str | TokenHealth | Warned]]]:
    yield "Python", lambda: f"{sys.version_info.major}.{sys.version_info.minor}.{sys.version_info.micro}"
    yield "packages", _packages
    yield "content", lambda: ", ".join(content_folder(name).name for name in FOLDERS)
    yield "workspace", lambda: str(find_workspace(workspace))
    try:
        folder = find_workspace(workspace)
    except AibuyerError:
        return
    yield "writable", lambda: _writable(folder)
    yield "settings", lambda: f"{len(list(read_settings(folder)))} sections"
    for client_id in client_ids(folder):
        yield f"{client_id}: settings", partial(_client_name, folder, client_id)
        try:
            context = open_client(folder, client_id)
        except AibuyerError:
            continue
        if context.settings.accounts and context.settings.clock == "system":
            yield f"{client_id}: access token", partial(_token, context)
        yield f"{client_id}: warehouse", partial(_warehouse, context)
        if Reader(context.warehouse).is_published:
            yield f"{client_id}: quarantine", partial(_quarantine, context)
            yield f"{client_id}: reconciliation", partial(_reconciled, context)


def _finding(check: str, look: Callable[[], str | TokenHealth | Warned]) -> Finding:
    try:
        found = look()
        if isinstance(found, Warned):
            return Finding(check, True, found.text, warning=True)
        if isinstance(found, TokenHealth):
            return Finding(check, found.state != "failed", found.text, warning=found.state == "warning")
        return Finding(check, True, found)
    except AibuyerError as error:
        return Finding(check, False, str(error))


def _packages() -> str:
    missing = []
    for name in _PACKAGES:
        try:
            version(name)
        except PackageNotFoundError:
            missing.append(name)
    if missing:
        raise AibuyerError(f"Missing: {', '.join(missing)}. Install again: pip install aibuyer-kit")
    return f"{len(_PACKAGES)} of {len(_PACKAGES)}"


def _writable(folder: Path) -> str:
    probe = folder / ".doctor"
    try:
        probe.write_text("", encoding="utf-8")
        probe.unlink()
    except OSError as error:
        raise WarehouseError(f"{folder} cannot be written ({error.strerror}). Check its owner and mode.") from None
    return "yes"


def _client_name(folder: Path, client_id: str) -> str:
    return open_client(folder, client_id).settings.name


def _token(context: ClientContext) -> TokenHealth:
    """Return what is known without asking the platform; `aibuyer connect check` asks."""
    login = meta_login(context)
    if login.record is None:
        return TokenHealth("ok", f"from {login.origin}; its expiry is not known here: aibuyer connect check")
    return token_health(login.record, SystemClock().now())


def _warehouse(context: ClientContext) -> str:
    fresh = Reader(context.warehouse).freshness()
    return f"load {fresh.load_id}, data as of {fresh.known_at.isoformat(timespec='minutes')}"


def _quarantine(context: ClientContext) -> str | Warned:
    rows = Reader(context.warehouse).quarantine().rows()
    if not rows:
        return "every row could be read"
    fields = ", ".join(sorted({row["field"] for row in rows}))
    return Warned(f"{len(rows)} rows could not be read ({fields}): aibuyer quarantine list --client {context.id}")


def _reconciled(context: ClientContext) -> str | Warned:
    found = known_reconciliation(context, Reader(context.warehouse))
    return Warned(f"{found}; the next nightly sync reads them again") if found.state == "differs" else str(found)
