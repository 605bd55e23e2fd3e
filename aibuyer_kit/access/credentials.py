"""A client's secrets, found in the environment and never written down."""

import os
from collections.abc import Mapping

from pydantic import SecretStr

from aibuyer_kit.access.clients import ClientContext
from aibuyer_kit.core.errors import AuthorisationError


def meta_access_token(context: ClientContext, environment: Mapping[str, str] | None = None) -> SecretStr:
    """Return the client's Meta access token. Raises AuthorisationError that names the variable to set."""
    token = (os.environ if environment is None else environment).get(context.token_variable, "")
    if not token:
        raise AuthorisationError(
            f"There is no Meta access token for the client {context.id!r}."
            f" Set the environment variable {context.token_variable}."
        )
    return SecretStr(token)
