"""Replacing the keys: every client's credentials are sealed anew before an old key is forgotten."""

from dataclasses import dataclass
from pathlib import Path

from aibuyer_kit.access.clients import client_ids, open_client
from aibuyer_kit.access.keys import Environment, Keys, add_key, forget_keys, read_keys
from aibuyer_kit.access.vault import change_secrets


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

    `forget_old` then drops the older keys: credentials of other workspaces that still need them will not open.
    Broken off at any point, every file opens with the keys that are kept. Raises CredentialsError.
    """
    keys = read_keys(environment)
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
