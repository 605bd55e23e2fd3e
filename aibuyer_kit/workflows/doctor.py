"""Checking an installation and a workspace: every failure names its cure."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
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
from aibuyer_kit.workflows.counting_health import counting_problems
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
    for client_id in client_ids(folder):
        yield f"{client_id}: settings", partial(_client_name, folder, client_id)
        try:
            context = open_client(folder, client_id)
        except AibuyerError:
            continue
        if context.settings.accounts and context.settings.clock == "system":
            yield f"{client_id}: access token", partial(_token, context)
        yield f"{client_id}: warehouse", partial(_warehouse, context)
        yield f"{client_id}: what counts", partial(_what_counts, context)


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
    return token_health(login.record, SystemClock().now())


def _what_counts(context: ClientContext) -> Finding:
    problems = tuple(counting_problems(context))
    rules = context.settings.rules
    settled = ", ".join(dict.fromkeys(f"{each.action_type} ({each.window})" for each in rules.settings()))
    return Finding("", True, "; ".join(problems) or settled, warning=bool(problems))


def _warehouse(context: ClientContext) -> Finding:
    """Read how fresh the facts are and every byte of the sealed months; history that was lost stays a warning."""
    reader = Reader(context.warehouse)
    fresh = reader.freshness()
    if damage := reader.damage():
        raise WarehouseError(
            f"{'; '.join(damage)}. Put it back from a backup; otherwise the next nightly `aibuyer sync` goes on without"
            " the history of that month and reads its days again."
        )
    said = f"load {fresh.load_id}, data as of {fresh.known_at.isoformat(timespec='minutes')}"
    if months := len(reader.sealed()):
        said += f", {months} sealed months"
    lost = reader.losses()
    return Finding("", True, f"{said}; lost: {', '.join(lost)}" if lost else said, warning=bool(lost))
