"""Checking an installation and a workspace: every failure names its cure."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from aibuyer_kit.access.clients import ClientContext, client_ids, open_client
from aibuyer_kit.access.credentials import meta_login
from aibuyer_kit.access.vault import TokenRecord
from aibuyer_kit.core.clock import SystemClock
from aibuyer_kit.core.errors import AibuyerError, NotFoundError, WarehouseError
from aibuyer_kit.ledger.database import FILE_NAME
from aibuyer_kit.settings.content import FOLDERS, content_folder
from aibuyer_kit.settings.workspace_settings import read_settings
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.warehouse.write import damaged_files
from aibuyer_kit.workflows.counting_health import counting_problems
from aibuyer_kit.workflows.period import in_account_time
from aibuyer_kit.workflows.proposals import in_doubt
from aibuyer_kit.workflows.reconcile import known_reconciliation
from aibuyer_kit.workflows.status import models_text
from aibuyer_kit.workflows.sync_log import SyncLog
from aibuyer_kit.workflows.token_health import TokenHealth, token_health
from aibuyer_kit.workflows.upkeep_log import UpkeepLog
from aibuyer_kit.workflows.webhooks import inbox_of
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


def examine(workspace: Path | None) -> list[Finding]:
    """Return all findings, about the installation first; a check that fails does not stop the others."""
    return [_finding(check, look) for check, look in _checks(workspace)]


def _checks(workspace: Path | None) -> Iterator[tuple[str, Callable[[], str | TokenHealth | Finding]]]:
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
    is_example = _is_example(folder)
    for client_id in client_ids(folder):
        yield f"{client_id}: settings", partial(_client_name, folder, client_id)
        try:
            context = open_client(folder, client_id)
        except AibuyerError:
            continue
        if context.settings.accounts and not is_example:
            yield f"{client_id}: access token", partial(_token, context)
        if SyncLog(context.sync_log).lines:
            yield f"{client_id}: last sync", partial(_last_sync, context)
        yield f"{client_id}: warehouse", partial(_warehouse, context)
        if Reader(context.warehouse).is_published:
            yield f"{client_id}: quarantine", partial(_quarantine, context)
            yield f"{client_id}: reconciliation", partial(_reconciled, context)
        yield f"{client_id}: what counts", partial(_what_counts, context)
        if (context.ledger / FILE_NAME).exists():
            yield f"{client_id}: changes", partial(_changes, context)
        if UpkeepLog(context.models).path.exists():
            yield f"{client_id}: models", partial(_models, context)
        if inbox_of(context).path.exists():
            yield f"{client_id}: inbox", partial(_inbox, context)


def _finding(check: str, look: Callable[[], str | TokenHealth | Finding]) -> Finding:
    try:
        found = look()
        if isinstance(found, Finding):
            return replace(found, check=check)
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
    return token_health(login.record, _now(context, login.record))


def _now(context: ClientContext, record: TokenRecord) -> datetime:
    """Return the moment on the client's clock; the platform's own has told it when it last spoke."""
    if context.settings.clock == "system":
        return SystemClock().now()
    try:
        return max(record.checked_at, Reader(context.warehouse).freshness().known_at)
    except (NotFoundError, WarehouseError):
        return record.checked_at


def _is_example(folder: Path) -> bool:
    """Return whether this is the sample workspace, whose token was never kept; wrong settings are told elsewhere."""
    try:
        return read_settings(folder).kind == "example"
    except AibuyerError:
        return False


def _what_counts(context: ClientContext) -> Finding:
    problems = tuple(counting_problems(context))
    rules = context.settings.rules
    settled = ", ".join(dict.fromkeys(f"{each.action_type} ({each.window})" for each in rules.settings()))
    return Finding("", True, "; ".join(problems) or settled, warning=bool(problems))


def _warehouse(context: ClientContext) -> Finding:
    """Read every block, sealed months too: a damaged one is else found only when something is read from it.

    History that was lost stays a warning.
    """
    reader = Reader(context.warehouse)
    fresh = reader.freshness()
    if damage := reader.damage():
        raise WarehouseError(
            f"{'; '.join(damage)}. Put it back from a backup; otherwise the next `aibuyer sync` goes on without the"
            " history of that month and reads its days again."
        )
    if damaged := damaged_files(context.warehouse):
        raise WarehouseError(
            f"{', '.join(map(str, damaged))}: damaged. Run `aibuyer sync`, or import a file again: either publishes"
            " anew from what is whole."
        )
    said = f"load {fresh.load_id}, data as of {in_account_time(reader, fresh.known_at)} (account time)"
    if months := len(reader.sealed()):
        said += f", {months} sealed months"
    lost = reader.losses()
    return Finding("", True, f"{said}; lost: {', '.join(lost)}" if lost else said, warning=bool(lost))


def _last_sync(context: ClientContext) -> Finding:
    """A sync that read something is a warning; one that read nothing has failed."""
    log = SyncLog(context.sync_log)
    if log.problem is None:
        return Finding("", True, "read all that was due")
    read_something = (log.lines[-1].service.summary()["reads_success_share"] or 0) > 0
    return Finding("", read_something, log.problem, warning=True)


def _inbox(context: ClientContext) -> str:
    inbox = inbox_of(context)
    inbox.check()
    return f"{inbox.counts().waiting} deliveries to be read again"


def _changes(context: ClientContext) -> Finding:
    found = in_doubt(context)
    if not found:
        return Finding("", True, "none in doubt")
    cure = f"aibuyer apply --client {context.id} reads them back; what stays unknown is to be looked at on the platform"
    return Finding("", True, f"{len(found)} in doubt ({'; '.join(found[:5])}): {cure}", warning=True)


def _models(context: ClientContext) -> Finding:
    said = models_text(context, Reader(context.warehouse)) or "none yet"
    if said in ("well", "none yet"):
        return Finding("", True, said)
    return Finding("", True, f"{said}: aibuyer learn --client {context.id}", warning=True)


def _quarantine(context: ClientContext) -> Finding:
    rows = Reader(context.warehouse).quarantine().rows()
    if not rows:
        return Finding("", True, "every row could be read")
    fields = ", ".join(sorted({row["field"] for row in rows}))
    said = f"{len(rows)} rows could not be read ({fields}): aibuyer quarantine list --client {context.id}"
    return Finding("", True, said, warning=True)


def _reconciled(context: ClientContext) -> Finding:
    found = known_reconciliation(context, Reader(context.warehouse))
    differs = found.state == "differs"
    return Finding("", True, f"{found}; the next night reads them again" if differs else str(found), warning=differs)
