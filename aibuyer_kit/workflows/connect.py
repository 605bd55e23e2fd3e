"""The connectors of a client: its accounts, its credentials, the workspace's settings."""

from typing import TYPE_CHECKING

from pydantic import SecretStr

from aibuyer_kit.access.clients import ClientContext
from aibuyer_kit.access.credentials import MetaLogin, meta_login
from aibuyer_kit.core.clock import Clock, SystemClock
from aibuyer_kit.core.errors import InputError
from aibuyer_kit.settings.workspace_settings import MetaSection

if TYPE_CHECKING:
    from aibuyer_kit.connectors.meta import MetaConnector


def client_connectors(
    context: ClientContext,
    settings: MetaSection,
    *,
    access_token: SecretStr | None = None,
    clock: Clock | None = None,
) -> "tuple[MetaConnector, ...]":
    """Return one connector per ad account of the client.

    Raises InputError if the client has no account, AuthorisationError if it has no access token.
    """
    from aibuyer_kit.connectors.budget import CallBudget
    from aibuyer_kit.connectors.holds import HoldFile
    from aibuyer_kit.connectors.meta import META_GRAPH_URL, MetaConnector, MetaCredentials

    if not context.settings.accounts:
        raise InputError(
            f"The client {context.id!r} has no ad account. Find its accounts:"
            f" aibuyer connect meta --client {context.id}"
        )
    login = MetaLogin(access_token, "the caller") if access_token else meta_login(context)
    app_id, app_secret = chosen_app(settings, login.app_id, login.app_secret)
    credentials = MetaCredentials(login.access_token, app_id, app_secret)
    # One app, one limit, and a wait that was ordered outlives the process that was told.
    budget = CallBudget(HoldFile(context.ordered_waits_of(app_id)), HoldFile(context.ordered_waits))
    return tuple(
        MetaConnector(
            account.id,
            credentials,
            graph_url=account.graph_url or context.settings.graph_url or META_GRAPH_URL,
            api_version=settings.api_version,
            clock=clock or SystemClock(),
            page_size=settings.page_rows,
            budget=budget,
        )
        for account in context.settings.accounts
    )


def chosen_app(
    settings: MetaSection, stored_id: str | None, stored_secret: SecretStr | None
) -> tuple[str | None, SecretStr | None]:
    """Return the id and secret of the app: the workspace's, unless the client was connected through another one."""
    if settings.app_secret is not None and stored_id in (None, settings.app_id):
        return settings.app_id, settings.app_secret
    if stored_secret is not None:
        return stored_id, stored_secret
    return settings.app_id, settings.app_secret
