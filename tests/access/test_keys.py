"""Keys: where they are found, which files are refused, and what to do when there is none."""

import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr

from aibuyer_kit.access.keys import add_key, forget_keys, keys_or_new, read_keys
from aibuyer_kit.core.errors import CredentialsError

KEYRING = """
import json, pathlib
STORE = pathlib.Path(__file__).with_name("store.json")
def get_password(service, user):
    return json.loads(STORE.read_text()).get(service + user) if STORE.exists() else None
def set_password(service, user, text):
    STORE.write_text(json.dumps({service + user: text}))
"""


@pytest.fixture
def keyring_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The optional library, as installed for this test alone."""
    folder = tmp_path / "library"
    folder.mkdir()
    (folder / "keyring.py").write_text(KEYRING, encoding="utf-8")
    monkeypatch.syspath_prepend(str(folder))
    yield
    sys.modules.pop("keyring", None)


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return {"AIBUYER_KEY_FILE": str(tmp_path / "own" / "key")}


def plain(keys: tuple[SecretStr, ...]) -> list[str]:
    return [key.get_secret_value() for key in keys]


def test_without_a_key_the_command_that_makes_one_is_named(env: dict[str, str]) -> None:
    """And the places that were looked at."""
    with pytest.raises(CredentialsError, match=r"AIBUYER_KEY is not set.*aibuyer credentials create-key"):
        read_keys(env)


def test_a_first_key_is_made_where_only_its_owner_may_read(env: dict[str, str]) -> None:
    """Mode 600 in a folder of mode 700, and it is found again."""
    made = keys_or_new(env)
    path = Path(env["AIBUYER_KEY_FILE"])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert plain(keys_or_new(env).keys) == plain(made.keys) == plain(read_keys(env).keys)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o622])
def test_a_key_file_that_others_may_read_or_change_is_refused(env: dict[str, str], mode: int) -> None:
    """The message gives the command that mends it."""
    keys_or_new(env)
    Path(env["AIBUYER_KEY_FILE"]).chmod(mode)
    with pytest.raises(CredentialsError, match="chmod 600"):
        read_keys(env)


def test_the_environment_goes_first_and_may_hold_several_keys(env: dict[str, str]) -> None:
    """Newest first, with commas; unless a source is named."""
    keys_or_new(env)
    new, old = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    assert plain(read_keys(env | {"AIBUYER_KEY": f"{new}, {old}"}).keys) == [new, old]
    named = read_keys(env | {"AIBUYER_KEY": new, "AIBUYER_KEY_SOURCE": "file"})
    assert plain(named.keys) == plain(read_keys(env).keys)


def test_a_malformed_key_is_refused_without_being_shown(env: dict[str, str]) -> None:
    """A typing mistake does not put the key on the screen."""
    with pytest.raises(CredentialsError, match="malformed") as caught:
        read_keys(env | {"AIBUYER_KEY": "canary-not-a-key"}).fernet()
    assert "canary" not in str(caught.value) + repr(caught.value)


def test_an_unknown_source_is_told_which_ones_there_are(env: dict[str, str]) -> None:
    """A typing mistake in the variable is not read as "none"."""
    with pytest.raises(CredentialsError, match="environment, file, keyring"):
        read_keys(env | {"AIBUYER_KEY_SOURCE": "keyrings"})


def test_keys_show_themselves_as_stars(env: dict[str, str]) -> None:
    """Printing, logging or formatting them gives nothing away."""
    keys = keys_or_new(env)
    assert plain(keys.keys)[0] not in f"{keys} {keys!r}"


def test_a_missing_keyring_library_is_an_error_with_its_cure(env: dict[str, str]) -> None:
    """Asked for by name; otherwise its absence is no matter."""
    with pytest.raises(CredentialsError, match=r"pip install 'aibuyer-kit\[keyring\]'"):
        read_keys(env | {"AIBUYER_KEY_SOURCE": "keyring"})
    with pytest.raises(CredentialsError, match=r"aibuyer-kit\[keyring\]"):
        add_key("keyring", env)


def test_keys_live_in_the_systems_keyring(keyring_library: None, env: dict[str, str]) -> None:
    """With the library installed a key is added in front, found without being named, and forgotten."""
    (first,) = plain(add_key("keyring", env).keys)
    both = add_key("keyring", env)
    assert plain(both.keys)[1] == first
    assert read_keys(env).source == "keyring"
    forget_keys("keyring", both.keys[1:], env)
    assert plain(read_keys(env).keys) == plain(both.keys[:1])


def test_the_environment_is_not_changed_behind_its_owners_back(env: dict[str, str]) -> None:
    """A key that only this process knew would be lost with it."""
    with pytest.raises(CredentialsError, match="put a new key in front"):
        add_key("environment", env)
