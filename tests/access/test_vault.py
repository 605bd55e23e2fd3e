"""The encrypted file of a client: what it keeps, for whom it opens, and how its keys are replaced."""

import stat
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr

from aibuyer_kit.access.client_file import ClientFile
from aibuyer_kit.access.clients import ClientContext, add_client, open_client
from aibuyer_kit.access.credentials import meta_access_token, meta_login
from aibuyer_kit.access.keys import Keys, keys_or_new, read_keys
from aibuyer_kit.access.rotation import rotate_credentials
from aibuyer_kit.access.vault import Secrets, change_secrets
from aibuyer_kit.core.errors import AuthorisationError, CredentialsError

SECRETS = Secrets(
    meta_access_token=SecretStr("canary-token"), meta_app_id="77", meta_app_secret=SecretStr("canary-secret")
)


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return {"AIBUYER_KEY_FILE": str(tmp_path / "own" / "key")}


@pytest.fixture
def keys(env: dict[str, str]) -> Keys:
    return keys_or_new(env)


@pytest.fixture
def acme(tmp_path: Path, keys: Keys) -> ClientContext:
    """A client whose credentials are kept."""
    context = add_client(tmp_path, "acme", ClientFile(name="Sample"))
    change_secrets(context, keys, lambda _: SECRETS)
    return context


def test_stored_secrets_come_back_and_are_unreadable_on_disk(acme: ClientContext, env: dict[str, str]) -> None:
    """The file is encrypted, and only its owner may read it."""
    login = meta_login(acme, env)
    assert (login.access_token.get_secret_value(), login.app_id) == ("canary-token", "77")
    assert login.app_secret == SecretStr("canary-secret")
    assert stat.S_IMODE(acme.credentials.stat().st_mode) == 0o600
    assert b"canary" not in b"".join(path.read_bytes() for path in acme.folder.rglob("*") if path.is_file())


def test_secrets_show_themselves_as_stars(acme: ClientContext, env: dict[str, str]) -> None:
    """Printing, formatting or dumping them as JSON gives nothing away."""
    shown = f"{SECRETS} {SECRETS!r} {SECRETS.model_dump()} {SECRETS.model_dump_json()} {meta_login(acme, env)!r}"
    assert "canary" not in shown


def test_the_environments_token_wins_and_takes_no_other_apps_secret_along(
    acme: ClientContext, env: dict[str, str]
) -> None:
    """A proof made with the stored app's secret would not fit a token of another app."""
    login = meta_login(acme, env | {"AIBUYER_ACME_META_ACCESS_TOKEN": "from-outside"})
    assert login.access_token == SecretStr("from-outside")
    assert (login.origin, login.app_secret) == ("AIBUYER_ACME_META_ACCESS_TOKEN", None)


def test_an_environments_token_needs_no_key(acme: ClientContext, tmp_path: Path) -> None:
    """A container with its token in the environment has no key file."""
    environment = {"AIBUYER_ACME_META_ACCESS_TOKEN": "x", "AIBUYER_KEY_FILE": str(tmp_path / "none")}
    assert meta_access_token(acme, environment) == SecretStr("x")


def test_without_a_token_the_command_that_gets_one_is_named(tmp_path: Path, env: dict[str, str]) -> None:
    """And the variable that stands in for it."""
    other = add_client(tmp_path, "other", ClientFile(name="Sample"))
    with pytest.raises(AuthorisationError, match=r"aibuyer connect meta.*AIBUYER_OTHER_META_ACCESS_TOKEN"):
        meta_access_token(other, env)


def test_a_file_copied_to_another_client_is_refused(acme: ClientContext, tmp_path: Path, env: dict[str, str]) -> None:
    """The key fits, but the file says whose it is."""
    other = add_client(tmp_path, "other", ClientFile(name="Sample"))
    other.credentials.write_bytes(acme.credentials.read_bytes())
    with pytest.raises(CredentialsError, match="made for another client") as caught:
        meta_access_token(other, env)
    assert "acme" not in str(caught.value)


def test_a_wrong_key_and_a_damaged_file_are_told_without_a_chain(acme: ClientContext, env: dict[str, str]) -> None:
    """The cure is named, and no exception of the cipher hangs on the error."""
    with pytest.raises(CredentialsError, match="does not open") as caught:
        meta_access_token(acme, env | {"AIBUYER_KEY": Fernet.generate_key().decode()})
    assert caught.value.__cause__ is None
    sealed = bytearray(acme.credentials.read_bytes())
    sealed[40] ^= 1
    acme.credentials.write_bytes(bytes(sealed))
    with pytest.raises(CredentialsError, match="does not open"):
        meta_access_token(acme, env)


def test_a_key_from_the_environment_is_replaced_without_a_gap(acme: ClientContext, tmp_path: Path) -> None:
    """New key in front, rotate, old key away: at each step the token can be read."""
    old = read_keys({"AIBUYER_KEY_FILE": str(tmp_path / "own" / "key")}).keys[0].get_secret_value()
    new = Fernet.generate_key().decode()
    both = {"AIBUYER_KEY": f"{new},{old}"}
    assert meta_access_token(acme, both) == SecretStr("canary-token")
    assert rotate_credentials(tmp_path, environment=both).client_ids == ("acme",)
    assert meta_access_token(acme, {"AIBUYER_KEY": new}) == SecretStr("canary-token")
    with pytest.raises(CredentialsError, match="does not open"):
        meta_access_token(acme, {"AIBUYER_KEY": old})


def test_rotating_makes_a_new_key_seals_every_client_and_forgets_the_old_one(
    acme: ClientContext, keys: Keys, tmp_path: Path, env: dict[str, str]
) -> None:
    """A client without credentials is left as it is."""
    other = add_client(tmp_path, "other", ClientFile(name="Sample"))
    change_secrets(other, keys, lambda _: Secrets(meta_access_token=SecretStr("another")))
    add_client(tmp_path, "third", ClientFile(name="Sample"))
    done = rotate_credentials(tmp_path, new_key=True, forget_old=True, environment=env)
    assert done.client_ids == ("acme", "other")
    assert len(read_keys(env).keys) == 1
    assert read_keys(env).keys != keys.keys
    assert meta_access_token(acme, env) == SecretStr("canary-token")
    assert meta_access_token(other, env) == SecretStr("another")


def test_an_old_key_is_kept_while_a_file_still_needs_it(
    acme: ClientContext, keys: Keys, tmp_path: Path, env: dict[str, str]
) -> None:
    """One client's file does not open, so that nothing is forgotten."""
    broken = add_client(tmp_path, "broken", ClientFile(name="Sample"))
    broken.credentials.write_bytes(b"not a token")
    with pytest.raises(CredentialsError, match="broken"):
        rotate_credentials(tmp_path, new_key=True, forget_old=True, environment=env)
    assert read_keys(env).keys[1:] == keys.keys
    assert meta_access_token(open_client(tmp_path, "acme"), env) == SecretStr("canary-token")


def test_an_old_key_is_kept_while_another_workspace_needs_it(
    acme: ClientContext, keys: Keys, tmp_path: Path, env: dict[str, str]
) -> None:
    """Refused before anything is changed; in the order that the error names, the key goes and all files open."""
    elsewhere = tmp_path.with_name(f"{tmp_path.name}-other")
    other = add_client(elsewhere, "tea", ClientFile(name="Sample"))
    change_secrets(other, keys, lambda _: Secrets(meta_access_token=SecretStr("another")))
    with pytest.raises(CredentialsError, match=rf"rotate -w {elsewhere}"):
        rotate_credentials(tmp_path, new_key=True, forget_old=True, environment=env)
    assert read_keys(env).keys == keys.keys
    rotate_credentials(tmp_path, new_key=True, environment=env)
    with pytest.raises(CredentialsError, match=rf"rotate -w {elsewhere}"):
        rotate_credentials(tmp_path, forget_old=True, environment=env)
    rotate_credentials(elsewhere, environment=env)
    rotate_credentials(tmp_path, forget_old=True, environment=env)
    assert len(read_keys(env).keys) == 1
    assert meta_access_token(acme, env) == SecretStr("canary-token")
    assert meta_access_token(other, env) == SecretStr("another")
