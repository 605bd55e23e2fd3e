"""The keys that open clients' credentials: from the environment, a private file, or the system's keyring.

The newest key stands first and encrypts; all of them decrypt, so that a key can be replaced without a gap.
"""

import contextlib
import importlib
import os
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import filelock
from pydantic import SecretStr

from aibuyer_kit.access.private_file import read_private, write_private
from aibuyer_kit.core.errors import CredentialsError

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet

KEY_VARIABLE = "AIBUYER_KEY"
KEY_FILE_VARIABLE = "AIBUYER_KEY_FILE"
KEY_SOURCE_VARIABLE = "AIBUYER_KEY_SOURCE"
_KEYRING_SERVICE, _KEYRING_USER = "aibuyer-kit", "credentials-key"

Source = Literal["environment", "file", "keyring"]
SOURCES: tuple[Source, ...] = ("environment", "file", "keyring")
Environment = Mapping[str, str]


@dataclass(frozen=True)
class Keys:
    """Keys of one origin, the newest first; `place` names it for messages.

    `register` lists the files that they have sealed, in whichever workspace; the environment's are their owner's care.
    """

    source: Source
    place: str
    keys: tuple[SecretStr, ...]
    register: Path | None = None

    def fernet(self) -> "MultiFernet":
        """Return what encrypts with the newest key and decrypts with any. Raises CredentialsError for a bad key."""
        from cryptography.fernet import Fernet, MultiFernet

        try:
            return MultiFernet([Fernet(key.get_secret_value()) for key in self.keys])
        except ValueError:
            raise CredentialsError(
                f"A key in {self.place} is malformed: a key is 44 letters and digits that end in '='."
                f" Make a good one: aibuyer credentials create-key"
            ) from None


def read_keys(environment: Environment | None = None) -> Keys:
    """Return the keys of AIBUYER_KEY, of the key file, or of the keyring, in this order.

    AIBUYER_KEY_SOURCE names one of them and leaves out the others. Raises CredentialsError that says how to mend it.
    """
    env = os.environ if environment is None else environment
    named = env.get(KEY_SOURCE_VARIABLE, "")
    if named and named not in SOURCES:
        raise CredentialsError(f"{KEY_SOURCE_VARIABLE} is {named!r}; choose one of {', '.join(SOURCES)}.")
    for source in SOURCES:
        if named == source or (not named and _is_there(source, env)):
            return keys_of(source, env)
    raise CredentialsError(
        f"There is no key to open credentials with: {KEY_VARIABLE} is not set and {key_file(env)} does not exist."
        " Make one: aibuyer credentials create-key"
    )


def keys_of(source: Source, environment: Environment | None = None) -> Keys:
    """Return the keys of one source. Raises CredentialsError if there are none or they may be read by others."""
    env = os.environ if environment is None else environment
    place, read = _places(env)[source]
    keys = tuple(SecretStr(key) for part in read().replace(",", "\n").splitlines() if (key := part.strip()))
    if not keys:
        raise CredentialsError(f"There is no key in {place}. Make one: aibuyer credentials create-key")
    return Keys(source, place, keys, _register(source, env))


def keys_or_new(environment: Environment | None = None) -> Keys:
    """Return the keys, or a first one in the key file where there is none yet. Raises CredentialsError."""
    env = os.environ if environment is None else environment
    if env.get(KEY_SOURCE_VARIABLE) or any(_is_there(source, env) for source in SOURCES):
        return read_keys(env)
    return add_key("file", env)


def add_key(source: Source, environment: Environment | None = None) -> Keys:
    """Make a new key, put it in front of those that are there, and return them all.

    Raises CredentialsError for the environment, which only its owner can change.
    """
    from cryptography.fernet import Fernet

    env = os.environ if environment is None else environment
    new = SecretStr(Fernet.generate_key().decode())
    with _only_changer(source, env):
        older = keys_of(source, env).keys if _is_there(source, env, forgiving=False) else ()
        return _keep(source, (new, *older), env)


def forget_keys(source: Source, old: Collection[SecretStr], environment: Environment | None = None) -> Keys:
    """Drop these keys and return those that are left. Raises CredentialsError for the environment."""
    env = os.environ if environment is None else environment
    with _only_changer(source, env):
        return _keep(source, tuple(key for key in keys_of(source, env).keys if key not in old), env)


@contextlib.contextmanager
def _only_changer(source: Source, env: Environment) -> Iterator[None]:
    """Keep other processes from changing the keys meanwhile: a key that is lost takes its credentials along."""
    if source == "environment":
        raise CredentialsError(
            f"{KEY_VARIABLE} can only be changed where it is set: put a new key in front of the old one, with a comma"
            " between them, rotate, and then take the old one away."
        )
    lock = key_file(env).with_suffix(".lock")
    try:
        lock.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with filelock.FileLock(lock, timeout=10, mode=0o600):
            yield
    except filelock.Timeout:
        raise CredentialsError(f"Another process is changing the keys ({lock}). Try again.") from None
    except OSError as error:
        raise CredentialsError(f"{lock} cannot be written ({error.strerror}). Check its owner and mode.") from None


def _keep(source: Source, keys: tuple[SecretStr, ...], env: Environment) -> Keys:
    text = "".join(f"{key.get_secret_value()}\n" for key in keys)
    if source == "file":
        write_private(key_file(env), text.encode())
    else:
        _keyring_call("set_password", text)
    return Keys(source, _places(env)[source][0], keys, _register(source, env))


def _register(source: Source, env: Environment) -> Path | None:
    file = key_file(env)
    return None if source == "environment" else file.with_name(f"{file.name}.sealed")


def key_file(environment: Environment) -> Path:
    """Return where the key file is: AIBUYER_KEY_FILE, or the user's own folder of settings."""
    named = environment.get(KEY_FILE_VARIABLE)
    if named:
        return Path(named).expanduser()
    import platformdirs

    return platformdirs.user_config_path("aibuyer-kit", appauthor=False) / "credentials.key"


def _places(env: Environment) -> dict[Source, tuple[str, Callable[[], str]]]:
    return {
        "environment": (KEY_VARIABLE, lambda: env.get(KEY_VARIABLE, "")),
        "file": (str(key_file(env)), lambda: read_private(key_file(env)).decode("utf-8", "replace")),
        "keyring": ("the system's keyring", lambda: _keyring_call("get_password") or ""),
    }


def _is_there(source: Source, env: Environment, *, forgiving: bool = True) -> bool:
    """Return whether the source has anything; a keyring that nobody asked for may be missing (`forgiving`)."""
    if source == "environment":
        return bool(env.get(KEY_VARIABLE))
    if source == "file":
        return key_file(env).exists()
    try:
        return bool(_keyring_call("get_password"))
    except CredentialsError:
        if not forgiving:
            raise
        return False


def _keyring_call(function: str, *secret: str) -> Any:
    try:
        keyring = importlib.import_module("keyring")
    except ImportError:
        raise CredentialsError(
            "The system's keyring needs an optional library. Install it: pip install 'aibuyer-kit[keyring]'"
        ) from None
    try:
        return getattr(keyring, function)(_KEYRING_SERVICE, _KEYRING_USER, *secret)
    except Exception as error:  # noqa: BLE001 - each of its backends raises errors of its own
        raise CredentialsError(
            f"The system's keyring cannot be used here ({type(error).__name__})."
            f" Use a key file instead: aibuyer credentials create-key"
        ) from None
