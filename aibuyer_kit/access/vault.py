"""A client's secrets in one encrypted file, `credentials.enc`, which opens for that client alone."""

import contextlib
import json
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import filelock
from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError

from aibuyer_kit.access.clients import ClientContext
from aibuyer_kit.access.key_register import note_file
from aibuyer_kit.access.keys import Keys
from aibuyer_kit.access.private_file import write_private
from aibuyer_kit.core.errors import CredentialsError

_PURPOSE = "aibuyer credentials 1"
_LOCK_SECONDS = 10.0


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class TokenRecord(_Record):
    """What the platform said about a token when it was last checked; times in UTC, None where it never expires."""

    checked_at: datetime
    expires_at: datetime | None = None
    data_access_expires_at: datetime | None = None
    scopes: tuple[str, ...] = ()

    @property
    def ends(self) -> datetime | None:
        """When it stops to be of use: its own end, or that of its access to data, whichever comes first."""
        return min((each for each in (self.expires_at, self.data_access_expires_at) if each), default=None)


class Secrets(_Record):
    """Everything that the file holds; shown, the secrets are stars."""

    meta_access_token: SecretStr | None = None
    meta_app_id: str | None = None
    meta_app_secret: SecretStr | None = None
    meta_token: TokenRecord | None = None
    webhook_verify_token: SecretStr | None = None


def read_secrets(context: ClientContext, keys: Callable[[], Keys]) -> Secrets:
    """Return the client's secrets, all empty if it has no file; `keys` is asked only if there is one.

    Raises CredentialsError for a wrong key, a damaged file, or a file that was made for another client.
    """
    path = context.credentials
    try:
        sealed = path.read_bytes()
    except FileNotFoundError:
        return Secrets()
    except OSError as error:
        raise CredentialsError(f"{path} cannot be read ({error.strerror}). Check its owner and mode.") from None
    return _opened(context, sealed, keys())


def change_secrets(context: ClientContext, keys: Keys, change: Callable[[Secrets], Secrets]) -> Secrets:
    """Replace the client's secrets by what `change` makes of them, sealed with the newest key, and return them."""
    with _only_writer(context):
        secrets = change(read_secrets(context, lambda: keys))
        if keys.register:
            note_file(keys.register, context.credentials)
        document = {"purpose": _PURPOSE, "client": context.id, "secrets": _plain(secrets)}
        write_private(context.credentials, keys.fernet().encrypt(json.dumps(document).encode()))
    return secrets


@contextlib.contextmanager
def _only_writer(context: ClientContext) -> Iterator[None]:
    lock = filelock.FileLock(context.folder / "credentials.lock", timeout=_LOCK_SECONDS, mode=0o600)
    try:
        with lock:
            yield
    except filelock.Timeout:
        raise CredentialsError(f"Another process is changing {context.credentials}. Try again.") from None


def opens(path: Path, key: SecretStr) -> bool:
    """Return whether one key alone opens a sealed file; a file that cannot be read does not."""
    from cryptography.fernet import Fernet, InvalidToken

    try:
        Fernet(key.get_secret_value()).decrypt(path.read_bytes())
    except (OSError, InvalidToken):
        return False
    return True


def _opened(context: ClientContext, sealed: bytes, keys: Keys) -> Secrets:
    from cryptography.fernet import InvalidToken

    try:
        document = json.loads(keys.fernet().decrypt(sealed))
    except InvalidToken:
        raise CredentialsError(
            f"{context.credentials} does not open with the keys of {keys.place}: the key is another one or the file is"
            f" damaged. Give the right key, or remove the file and connect again: aibuyer connect meta"
        ) from None
    # Who wrote the file had the key, so that the client's name inside is as trustworthy as the secrets.
    if document.get("purpose") != _PURPOSE or document.get("client") != context.id:
        raise CredentialsError(
            f"{context.credentials} was made for another client and is not used."
            f" Remove it and connect this client: aibuyer connect meta --client {context.id}"
        )
    try:
        return Secrets.model_validate(document["secrets"])
    except ValidationError as error:
        unknown = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise CredentialsError(
            f"{context.credentials} was written by another version of aibuyer-kit ({unknown}). Connect again."
        ) from None


def _plain(secrets: Secrets) -> dict[str, object]:
    """Return the content with its secrets readable, for the encrypted file and nothing else."""
    content = secrets.model_dump(mode="json", exclude_none=True)
    readable = {name: each.get_secret_value() for name, each in secrets if isinstance(each, SecretStr)}
    return content | readable
