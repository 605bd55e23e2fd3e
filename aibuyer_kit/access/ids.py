"""Client ids become folder names, so that only harmless ones are taken."""

import re

from aibuyer_kit.core.errors import InvalidIdError

# Windows gives these names to devices, whatever the folder or the ending.
_DEVICES = frozenset({"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))})
_SAFE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*", re.ASCII)
LONGEST = 63


def checked_id(text: str) -> str:
    """Return `text` if it is a client id: small Latin letters, digits and single hyphens, at most 63 characters.

    Raises InvalidIdError that shows what is wrong without repeating control characters.

    >>> checked_id("acme-2")
    'acme-2'
    """
    if len(text) > LONGEST:
        raise InvalidIdError(f"The client id is {len(text)} characters long; at most {LONGEST} are allowed.")
    if not _SAFE.fullmatch(text):
        raise InvalidIdError(
            f"{text!r} is not a client id. Use small Latin letters, digits and single hyphens, such as 'acme-2'."
        )
    if text in _DEVICES:
        raise InvalidIdError(f"{text!r} is the name of a device on Windows. Choose another client id.")
    return text


def is_client_id(text: str) -> bool:
    """Return whether `text` is a client id."""
    try:
        return checked_id(text) == text
    except InvalidIdError:
        return False
