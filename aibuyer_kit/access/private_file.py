"""Files that only their owner may read."""

import contextlib
import os
import stat
import uuid
from pathlib import Path

from aibuyer_kit.core.errors import CredentialsError

_OWNER_ONLY = 0o600


def write_private(path: Path, content: bytes) -> None:
    """Write the file whole or not at all, with mode 600 from its first byte. Raises CredentialsError if it cannot."""
    partial = path.with_name(f".{path.name}-{uuid.uuid4().hex}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            partial.unlink()
        raise CredentialsError(f"{path} cannot be written ({error.strerror}). Check its owner and mode.") from None


def read_private(path: Path) -> bytes:
    """Return the file's content. Raises CredentialsError if others may read it, or if it cannot be read."""
    try:
        with path.open("rb") as file:
            _check_owner(path, os.fstat(file.fileno()))
            return file.read()
    except OSError as error:
        raise CredentialsError(f"{path} cannot be read ({error.strerror}). Check its owner and mode.") from None


def _check_owner(path: Path, facts: os.stat_result) -> None:
    if os.name == "nt":  # Windows has lists of rights instead of mode bits
        return
    if stat.S_IMODE(facts.st_mode) & 0o077:
        raise CredentialsError(
            f"{path} has mode {stat.S_IMODE(facts.st_mode):o}, so that others may read or change it;"
            f" it is not used. Mend it: chmod 600 {path}"
        )
    if facts.st_uid not in (os.geteuid(), 0):
        raise CredentialsError(f"{path} belongs to another user; it is not used. Use a file of your own.")
