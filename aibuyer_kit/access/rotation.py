"""Replacing the keys: every client's credentials are sealed anew before an old key is forgotten."""

from dataclasses import dataclass
from pathlib import Path

from aibuyer_kit.access.clients import client_ids, open_client
from aibuyer_kit.access.key_register import files_of_keys
from aibuyer_kit.access.keys import Environment, Keys, add_key, forget_keys, read_keys
from aibuyer_kit.access.vault import change_secrets, opens
from aibuyer_kit.core.errors import CredentialsError


@dataclass(frozen=True)
class Rotation:
    """The clients whose credentials were sealed anew, and the keys that there are now."""

    client_ids: tuple[str, ...]
    keys: Keys

    def summary(self) -> str:
        """Return one line for a terminal."""
        count = len(self.keys.keys)
        return f"sealed anew: {', '.join(self.client_ids) or 'nothing'}; {count} key(s) in {self.keys.place}"


def rotate_credentials(
    workspace: Path, *, new_key: bool = False, forget_old: bool = False, environment: Environment | None = None
) -> Rotation:
    """Seal the credentials of all clients with the newest key, which `new_key` makes first.

    `forget_old` then drops the older keys. Broken off at any point, every file opens with the keys that are kept.
    Raises CredentialsError, changing nothing, if credentials of another workspace would not open without the old ones.
    """
    keys = read_keys(environment)
    if forget_old:
        _refuse_to_lock_out(workspace, keys, new_key=new_key)
    if new_key:
        keys = add_key(keys.source, environment)
    sealed = []
    for client_id in client_ids(workspace):
        context = open_client(workspace, client_id)
        if context.credentials.exists():
            change_secrets(context, keys, lambda secrets: secrets)
            sealed.append(client_id)
    if forget_old:
        keys = forget_keys(keys.source, keys.keys[1:], environment)
    return Rotation(tuple(sealed), keys)


def _refuse_to_lock_out(workspace: Path, keys: Keys, *, new_key: bool) -> None:
    others = [
        path
        for path in (files_of_keys(keys.register) if keys.register else ())
        if not path.is_relative_to(workspace.resolve()) and (new_key or not opens(path, keys.keys[0]))
    ]
    if others:
        folders = sorted({str(path.parent.parent.parent) for path in others})
        each = "".join(f"\n  aibuyer credentials rotate -w {folder}" for folder in folders)
        raise CredentialsError(
            f"Nothing was changed: {', '.join(map(str, others))} would not open without the older keys."
            f" First `aibuyer credentials rotate{' --new-key' * new_key} -w {workspace}`, then each of the others, and"
            f" `aibuyer credentials rotate --forget-old -w {workspace}` at the end:{each}\n"
            f"A workspace that is gone for good: take its lines out of {keys.register}."
        )
