"""Clients of a workspace: each is one folder, and everything of a client is opened through its context."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from aibuyer_kit.access.client_file import ClientFile, client_file_text, read_client_file
from aibuyer_kit.access.ids import checked_id, is_client_id
from aibuyer_kit.core.errors import InputError, InvalidIdError, NotFoundError


@dataclass(frozen=True)
class ClientContext:
    """The handle of one client: what it is and where its things lie. Nothing of another client is reachable from it."""

    id: str
    folder: Path
    settings: ClientFile

    @property
    def warehouse(self) -> Path:
        return self.folder / "warehouse"

    @property
    def ledger(self) -> Path:
        """The folder with this client's proposals, approvals and outcomes."""
        return self.folder / "ledger"

    @property
    def stop_file(self) -> Path:
        """The workspace's kill switch: while this file is there, nothing but pauses goes to a platform."""
        return self.folder.parent.parent / "STOP"

    @property
    def rules(self) -> Path:
        """The workspace's folder of rules."""
        return self.folder.parent.parent / "rules"

    @property
    def reports(self) -> Path:
        return self.folder / "reports"

    @property
    def models(self) -> Path:
        """The folder with this client's models."""
        return self.folder / "models"

    @property
    def credentials(self) -> Path:
        """The encrypted file with this client's secrets."""
        return self.folder / "credentials.enc"

    @property
    def graph_url(self) -> str | None:
        """The address of the Graph API that the client's accounts agree on, or else the client's own; None: Meta's."""
        named = {account.graph_url or self.settings.graph_url for account in self.settings.accounts}
        return named.pop() if len(named) == 1 else self.settings.graph_url

    @property
    def ordered_waits(self) -> Path:
        """The file that keeps until when the platform wants no calls to this client's accounts."""
        return self.folder / "waits.json"

    @property
    def sync_log(self) -> Path:
        """The file that keeps what the syncs of the last days asked of the platform, and how it served them."""
        return self.folder / "syncs.jsonl"

    def ordered_waits_of(self, app_id: str | None) -> Path:
        """Return the file that keeps an app's waits: for all clients of the workspace that are read through it."""
        if app_id and app_id.isascii() and app_id.isdigit():
            return self.folder.parent.parent / ".waits" / f"{app_id}.json"
        return self.ordered_waits

    @property
    def token_variable(self) -> str:
        """The environment variable that holds this client's Meta access token."""
        return f"AIBUYER_{self.id.upper().replace('-', '_')}_META_ACCESS_TOKEN"


def open_client(workspace: Path, client_id: str) -> ClientContext:
    """Return the context of a client.

    Raises NotFoundError if there is none, InvalidIdError for an id or a link that leads out of the workspace,
    SettingsError if its file is wrong.
    """
    folder = _folder(workspace, client_id)
    path = folder / "client.toml"
    if not path.is_file():
        known = ", ".join(client_ids(workspace)) or "none yet"
        raise NotFoundError(
            f"There is no client {client_id!r} in {workspace}. Clients: {known}. Add one: aibuyer client add"
        )
    return ClientContext(client_id, folder, read_client_file(path))


def add_client(workspace: Path, client_id: str, content: ClientFile, *, replace: bool = False) -> ClientContext:
    """Create the client's folder and file. Raises InputError if the client is there already, unless `replace`."""
    folder = _folder(workspace, client_id)
    try:
        folder.mkdir(parents=True, exist_ok=replace)
    except FileExistsError:
        raise InputError(f"The client {client_id!r} is there already; edit {folder / 'client.toml'}.") from None
    (folder / "client.toml").write_text(client_file_text(content), encoding="utf-8")
    return open_client(workspace, client_id)


def client_ids(workspace: Path) -> Iterator[str]:
    """Yield the ids of all clients, sorted; a folder whose name is no id, such as a copy, is not a client's."""
    for path in sorted((workspace / "clients").glob("*/client.toml")):
        if is_client_id(path.parent.name):
            yield path.parent.name


def _folder(workspace: Path, client_id: str) -> Path:
    clients = (workspace / "clients").resolve()
    folder = clients / checked_id(client_id)
    if folder.resolve() != folder:
        raise InvalidIdError(
            f"The folder of the client {client_id!r} is a link that leads elsewhere. Use a real folder."
        )
    _refuse_links_out_of(folder)
    return folder


def _refuse_links_out_of(folder: Path) -> None:
    for name in ("client.toml", "warehouse", "ledger", "models"):
        # Path.resolve raises where a link leads to itself.
        if not Path(os.path.realpath(folder / name)).is_relative_to(folder):
            raise InvalidIdError(f"{folder / name} is a link that leads out of the client's folder. Use a real one.")
