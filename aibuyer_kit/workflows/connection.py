"""Connecting a client to Meta: the token made long-lived and looked at, its accounts found, and both kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from pydantic import SecretStr

from aibuyer_kit.access.client_file import AccountSection
from aibuyer_kit.access.client_file_edit import put_accounts
from aibuyer_kit.access.clients import ClientContext
from aibuyer_kit.access.credentials import meta_login, stored_secrets
from aibuyer_kit.access.vault import TokenRecord
from aibuyer_kit.core.clock import Clock, SystemClock
from aibuyer_kit.core.errors import AuthorisationError, InputError, PlatformError, RefusedError
from aibuyer_kit.workflows.credentials import store_secrets
from aibuyer_kit.workflows.token_health import READING, TokenHealth, token_health

if TYPE_CHECKING:
    from aibuyer_kit.connectors.meta.tokens import AccountFound, MetaTokens, TokenFacts
    from aibuyer_kit.settings.workspace_settings import MetaSection

SETTINGS_URL = "https://business.facebook.com/settings"
_ACCOUNT_TROUBLES = {
    2: "is disabled: see Account Quality in the business settings",
    3: "has unpaid bills: see Billing in Ads Manager",
    7: "is being reviewed by Meta: wait for the result",
    9: "is in a period of grace after a failed payment: see Billing in Ads Manager",
    100: "is being closed",
    101: "is closed",
}


@dataclass(frozen=True)
class MetaAccess:
    """What a person gives: a token, and the app that it belongs to; with the app's secret the token is made to last."""

    access_token: SecretStr
    app_id: str | None = None
    app_secret: SecretStr | None = None


@dataclass(frozen=True)
class Connection:
    """What was found: the token to keep, its facts, the accounts that it opens, and what is missing where."""

    access: MetaAccess
    facts: "TokenFacts"
    exchanged: bool
    checked_at: datetime
    accounts: "tuple[AccountFound, ...]"
    businesses: tuple[str, ...]
    missing: tuple[str, ...]

    @property
    def record(self) -> TokenRecord:
        return _record(self.facts, self.checked_at)

    @property
    def health(self) -> TokenHealth:
        return token_health(self.record, self.checked_at)

    def summary(self) -> str:
        """Return some lines for a terminal."""
        lines = [
            f"app: {self.facts.application or '?'} ({self.facts.app_id})",
            f"token: {self.facts.type.lower() or 'unknown kind'}, {self.health.text}"
            + (" (made long-lived)" if self.exchanged else ""),
            f"permissions: {', '.join(self.facts.scopes) or 'none'}",
            f"business: {', '.join(self.businesses) or 'not known'}",
            f"accounts: {len(self.accounts)}",
            *(f"  {each.id}  {each.name}  {each.currency}  {each.time_zone}" for each in self.accounts),
            *(f"missing: {each}" for each in self.missing),
        ]
        return "\n".join(lines)


def look_at(
    access: MetaAccess, settings: "MetaSection", *, graph_url: str | None = None, clock: Clock | None = None
) -> Connection:
    """Return what a token opens; one that expires is exchanged for a long-lived one if the app's secret is given.

    Raises AuthorisationError with the place to click if the token is not valid or belongs to another app.
    """
    clock = clock or SystemClock()
    tokens = _tokens(access, settings, graph_url, clock)
    facts = _valid_facts(tokens, access)
    exchanged = access.app_secret is not None and facts.expires_at is not None
    if exchanged:
        access = MetaAccess(tokens.exchange(), access.app_id, access.app_secret)
        tokens = _tokens(access, settings, graph_url, clock)
        facts = _valid_facts(tokens, access)
    readable = bool(READING & set(facts.scopes))
    accounts = tokens.accounts() if readable else ()
    businesses = _businesses(tokens, facts)
    checked_at = tokens.platform_time or clock.now()
    missing = tuple(_missing(access, facts, accounts))
    return Connection(access, facts, exchanged, checked_at, accounts, businesses, missing)


def look_again(
    context: ClientContext,
    access: MetaAccess,
    settings: "MetaSection",
    *,
    graph_url: str | None = None,
    clock: Clock | None = None,
) -> Connection:
    """Return what a token opens, as `look_at`, with the app that the client was connected through if none is given.

    A token of another app is looked at by itself. Raises AuthorisationError also for a kept secret that is no longer
    right, CredentialsError if what is kept does not open.
    """
    kept = stored_secrets(context)
    if access.app_secret or not kept.meta_app_secret or access.app_id not in (None, kept.meta_app_id):
        return look_at(access, settings, graph_url=graph_url, clock=clock)
    known = MetaAccess(access.access_token, kept.meta_app_id, kept.meta_app_secret)
    try:
        return look_at(known, settings, graph_url=graph_url, clock=clock)
    except (AuthorisationError, RefusedError):
        alone = look_at(access, settings, graph_url=graph_url, clock=clock)
        if alone.facts.app_id == kept.meta_app_id:
            raise
        return alone


def chosen_accounts(connection: Connection, asked: Sequence[str]) -> "tuple[AccountFound, ...]":
    """Return the accounts asked for, written with or without act_.

    Raises AuthorisationError that says where to assign an account that the token does not open.
    """
    found = {account.id: account for account in connection.accounts}
    wanted = [f"act_{each.strip().removeprefix('act_')}" for each in asked]
    strange = [each for each in wanted if each not in found]
    if strange:
        raise AuthorisationError(
            f"The token does not open {', '.join(strange)}. It opens: {', '.join(found) or 'no account'}."
            f" Assign the account to the token's user: {SETTINGS_URL} > Users > System users > Assign assets."
        )
    return tuple(found[each] for each in dict.fromkeys(wanted))


def save_connection(
    context: ClientContext,
    connection: Connection,
    accounts: "Sequence[AccountFound]",
    *,
    graph_url: str | None = None,
) -> tuple[str, ...]:
    """Keep the secrets encrypted, put the accounts into client.toml, and return the ids that are new or changed there.

    The app's secret that is kept already stays if none is given and the app is the same. A practice platform on this
    machine brings its own time: the client's clock becomes the platform's, if all its accounts lie there.
    Raises AuthorisationError if the token cannot read, InputError if no account is chosen, CredentialsError,
    SettingsError if client.toml cannot be extended safely (the secrets are kept by then).
    """
    if not READING & set(connection.facts.scopes):
        raise AuthorisationError(f"Nothing was kept: {connection.missing[0]}")
    if not accounts:
        raise InputError("No account was chosen; nothing was kept. Choose with --account act_… or --all-accounts.")
    access, kept = connection.access, stored_secrets(context)
    app_id = access.app_id or connection.facts.app_id
    store_secrets(
        context,
        {
            "meta_access_token": access.access_token,
            "meta_app_id": app_id,
            "meta_app_secret": access.app_secret or (kept.meta_app_secret if kept.meta_app_id == app_id else None),
            "meta_token": connection.record,
        },
    )
    sections = [AccountSection(id=account.id, graph_url=graph_url) for account in accounts]
    return put_accounts(context.folder / "client.toml", sections)


def check_connection(context: ClientContext, settings: "MetaSection", *, clock: Clock | None = None) -> TokenHealth:
    """Ask Meta again about the client's token and keep the answer, unless the token is the environment's.

    Raises AuthorisationError if there is no token, or if it is no longer valid.
    """
    clock = clock or SystemClock()
    login = meta_login(context)
    access = MetaAccess(login.access_token, login.app_id, login.app_secret)
    tokens = _tokens(access, settings, context.graph_url, clock)
    record = _record(_valid_facts(tokens, access), tokens.platform_time or clock.now())
    if login.origin == str(context.credentials):
        store_secrets(context, {"meta_token": record})
    return token_health(record, record.checked_at)


def _tokens(access: MetaAccess, settings: "MetaSection", graph_url: str | None, clock: Clock) -> "MetaTokens":
    from aibuyer_kit.connectors.meta import META_GRAPH_URL, MetaCredentials
    from aibuyer_kit.connectors.meta.tokens import MetaTokens

    if access.app_secret is not None and not access.app_id:
        raise InputError("The app's secret was given without its id. Give it too: --app-id 1234567890")
    credentials = MetaCredentials(access.access_token, access.app_id, access.app_secret)
    return MetaTokens(credentials, graph_url=graph_url or META_GRAPH_URL, api_version=settings.api_version, clock=clock)


def _valid_facts(tokens: "MetaTokens", access: MetaAccess) -> "TokenFacts":
    facts = tokens.facts()
    if not facts.is_valid:
        raise AuthorisationError(
            "Meta says that the token is not valid: it was withdrawn, it expired, or a part of it is missing."
            f" Make a new one: {SETTINGS_URL} > Users > System users > Generate token."
        )
    if access.app_id and facts.app_id and facts.app_id != access.app_id:
        raise AuthorisationError(
            f"The token belongs to the app {facts.app_id}, not to {access.app_id}: choose that app when you generate"
            " the token, or give the other app's id and secret."
        )
    return facts


def _businesses(tokens: "MetaTokens", facts: "TokenFacts") -> tuple[str, ...]:
    if "business_management" not in facts.scopes:
        return ()
    try:
        return tokens.businesses()
    except PlatformError:
        return ()  # it is only told, nothing rests on it


def _missing(access: MetaAccess, facts: "TokenFacts", accounts: "Sequence[AccountFound]") -> Sequence[str]:
    again = f"{SETTINGS_URL} > Users > System users > Generate token, and tick it"
    missing = []
    if not READING & set(facts.scopes):
        missing.append(f"the permission ads_read; without it nothing can be read: {again}")
    if "ads_management" not in facts.scopes:
        missing.append(f"the permission ads_management; needed only to change budgets and statuses: {again}")
    if "business_management" not in facts.scopes:
        missing.append(f"the permission business_management; needed only to see the business's own assets: {again}")
    if access.app_secret is None:
        missing.append(
            "the app's secret; without it calls are not signed and a short-lived token stays short-lived:"
            " https://developers.facebook.com/apps > your app > App settings > Basic"
        )
    if READING & set(facts.scopes) and not accounts:
        missing.append(f"ad accounts: {SETTINGS_URL} > Users > System users > Assign assets > Ad accounts")
    return missing + [
        f"{each.id} {_ACCOUNT_TROUBLES[each.account_status]}"
        for each in accounts
        if each.account_status in _ACCOUNT_TROUBLES
    ]


def _record(facts: "TokenFacts", checked_at: datetime) -> TokenRecord:
    return TokenRecord(
        checked_at=checked_at,
        expires_at=facts.expires_at,
        data_access_expires_at=facts.data_access_expires_at,
        scopes=facts.scopes,
    )
