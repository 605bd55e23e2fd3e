"""What is kept for each client, told by name and never shown."""

from pathlib import Path
from typing import Any

from pydantic import SecretStr

from aibuyer_kit.access.clients import ClientContext, client_ids, open_client
from aibuyer_kit.access.credentials import stored_secrets
from aibuyer_kit.access.keys import keys_or_new, read_keys
from aibuyer_kit.access.vault import Secrets, change_secrets
from aibuyer_kit.core.errors import AibuyerError, InputError

_NAMES = ("meta-access-token", "meta-app-secret", "webhook-verify-token")


def checked_name(name: str) -> str:
    """Return the field of a secret. Raises InputError that lists the names there are."""
    if name not in _NAMES:
        raise InputError(f"There is no secret called {name!r}. Known: {', '.join(_NAMES)}.")
    return name.replace("-", "_")


def keep_secret(context: ClientContext, field: str, secret: str | None) -> None:
    """Store one secret of a client, or forget it. A token's expiry is not known until `aibuyer connect meta`."""
    new: dict[str, object] = {field: SecretStr(secret) if secret else None}
    if field == "meta_access_token":
        new["meta_token"] = None
    store_secrets(context, new)


def store_secrets(context: ClientContext, new: dict[str, object]) -> Secrets:
    """Replace some of a client's secrets, with a first key where there is none yet. Raises CredentialsError."""
    keys = read_keys() if context.credentials.exists() else keys_or_new()
    return change_secrets(context, keys, lambda old: old.model_copy(update=new))


def credential_rows(workspace: Path) -> list[dict[str, Any]]:
    """Return one row per client: the names of what is kept, how long its Meta token works, and what is wrong."""
    return [_row(workspace, client_id) for client_id in client_ids(workspace)]


def _row(workspace: Path, client_id: str) -> dict[str, Any]:
    try:
        stored, problem = stored_secrets(open_client(workspace, client_id)), None
    except AibuyerError as error:
        stored, problem = Secrets(), str(error)
    kept = [name for name in _NAMES if getattr(stored, name.replace("-", "_"))]
    return {
        "client": client_id,
        "kept": None if problem else ", ".join(kept) or "nothing",
        "meta_app_id": stored.meta_app_id,
        **_ends(stored),
        "problem": problem,
    }


def _ends(stored: Secrets) -> dict[str, str | None]:
    """Return both ends of a Meta token as days in UTC, and which comes first: Meta ends access to data apart.

    A token that was never checked has an end that nobody knows.
    """
    names = ("token_expires", "data_access_ends", "works_until")
    if stored.meta_access_token is None:
        return dict.fromkeys(names)
    if (record := stored.meta_token) is None:
        return dict.fromkeys(names, "unknown")
    ends = (record.expires_at, record.data_access_expires_at, record.ends)
    return {name: end.date().isoformat() if end else "never" for name, end in zip(names, ends, strict=True)}
