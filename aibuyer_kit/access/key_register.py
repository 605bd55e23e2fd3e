"""Which files the user's own keys have sealed, over all workspaces: an old key may go when none of them needs it."""

import os
from pathlib import Path

from aibuyer_kit.core.errors import CredentialsError


def note_file(register: Path, sealed: Path) -> None:
    """Add a file to the register, once. Raises CredentialsError if the register cannot be written."""
    path = sealed.resolve()
    if path in files_of_keys(register):
        return
    try:
        register.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(register, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "a", encoding="utf-8") as file:
            file.write(f"{path}\n")
    except OSError as error:
        raise CredentialsError(f"{register} cannot be written ({error.strerror}). Check its owner and mode.") from None


def files_of_keys(register: Path) -> tuple[Path, ...]:
    """Return the files of the register, each once. Raises CredentialsError if it cannot be read."""
    try:
        lines = register.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise CredentialsError(f"{register} cannot be read ({error.strerror}). Check its owner and mode.") from None
    return tuple(Path(line) for line in dict.fromkeys(lines) if line)
