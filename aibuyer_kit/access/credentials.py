"""A client's secrets, where they are looked for: the environment first, then its encrypted file."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import SecretStr

from aibuyer_kit.access.clients import ClientContext
from aibuyer_kit.access.keys import read_keys
from aibuyer_kit.access.vault import Secrets, TokenRecord, read_secrets
from aibuyer_kit.core.errors import AuthorisationError


@dataclass(frozen=True)
class MetaLogin:
    """What opens the client's accounts on Meta; `origin` names where the token is from, `record` what is known of it.

    The app's id and secret come with a stored token only: a token of the environment may be another app's.
    """

    access_token: SecretStr
    origin: str
    app_id: str | None = None
    app_secret: SecretStr | None = None
    record: TokenRecord | None = None


def meta_login(context: ClientContext, environment: Mapping[str, str] | None = None) -> MetaLogin:
    """Return the client's way into Meta. Raises AuthorisationError if it has none, CredentialsError for a bad key."""
    env = os.environ if environment is None else environment
    token = env.get(context.token_variable, "")
    if token:
        return MetaLogin(SecretStr(token), context.token_variable)
    stored = stored_secrets(context, env)
    if stored.meta_access_token is None:
        raise AuthorisationError(
            f"There is no Meta access token for the client {context.id!r}. Connect it:"
            f" aibuyer connect meta --client {context.id}"
            f" (or set the environment variable {context.token_variable})."
        )
    return MetaLogin(
        stored.meta_access_token,
        str(context.credentials),
        stored.meta_app_id,
        stored.meta_app_secret,
        stored.meta_token,
    )


def meta_access_token(context: ClientContext, environment: Mapping[str, str] | None = None) -> SecretStr:
    """Return the client's Meta access token. Raises AuthorisationError that names the cure."""
    return meta_login(context, environment).access_token


def stored_secrets(context: ClientContext, environment: Mapping[str, str] | None = None) -> Secrets:
    """Return what the client's encrypted file holds. Raises CredentialsError if it does not open."""
    return read_secrets(context, lambda: read_keys(environment))
