"""Webhooks of a workspace's clients: received durably, then the objects that they hint at are read again."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from aibuyer_kit.access.clients import ClientContext, client_ids, open_client
from aibuyer_kit.access.credentials import meta_login, stored_secrets
from aibuyer_kit.connectors.base import Connector, EntityStream
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import AibuyerError, InputError, PlatformError
from aibuyer_kit.core.unreadable import UnreadableRow
from aibuyer_kit.settings.workspace_settings import MetaSection, Settings, read_settings
from aibuyer_kit.warehouse.coverage import Coverage
from aibuyer_kit.warehouse.load import LoadResult
from aibuyer_kit.warehouse.write import Writer, open_writer
from aibuyer_kit.webhooks.inbox import Delivery, Inbox
from aibuyer_kit.webhooks.receiver import Mailbox
from aibuyer_kit.workflows.connect import chosen_app, client_connectors
from aibuyer_kit.workflows.decide import decide_on_event

_WHAT_IS_NEEDED = (
    "No client can receive webhooks: it needs an ad account, the app's id and secret (AIBUYER_META__APP_ID and"
    " AIBUYER_META__APP_SECRET, or `aibuyer connect meta`) and a verify token of your choice"
    " (AIBUYER_META__WEBHOOK_VERIFY_TOKEN, or `aibuyer credentials set webhook-verify-token`)."
)


@dataclass(frozen=True)
class Drained:
    """What became of a client's waiting deliveries: reads that they led to, and accounts that could not be read.

    `decided` tells what rules that wait for events made of it.
    """

    client_id: str
    deliveries: int
    loads: tuple[LoadResult, ...]
    failures: tuple[PlatformError, ...]
    decided: str = ""

    def summary(self) -> str:
        """Return one line for a terminal."""
        changed = sum(load.inserted + load.restated + load.closed for load in self.loads)
        failed = "".join(f"\nFAILED {error}" for error in self.failures)
        return (
            f"{self.client_id}: {self.deliveries} deliveries, {len(self.loads)} reads, {changed} rows changed{failed}"
        ) + (f"\n{self.decided}" if self.decided else "")


def inbox_of(context: ClientContext) -> Inbox:
    """Return the client's inbox."""
    return Inbox(context.folder / "webhooks" / "inbox.sqlite3")


def refusals_of(workspace: Path) -> Inbox:
    """Return the file that counts what was refused, of which nobody knows whose it was."""
    return Inbox(workspace / ".webhooks" / "refused.sqlite3")


def drain_client(context: ClientContext, connectors: Callable[[], Sequence[Connector]]) -> Drained:
    """Read again what the waiting deliveries hint at, each account and level once, and publish.

    A delivery stays waiting until every account that it names has been read whole, so that a crash repeats reads and
    loses none. The order and the age of deliveries do not matter, for what counts is read afterwards.
    Raises WarehouseBusyError if a sync is running, AuthorisationError if there is no token.
    """
    inbox = inbox_of(context)
    waiting = inbox.waiting()
    if not waiting:
        return Drained(context.id, 0, (), ())
    levels = _levels_by_account(waiting)
    loads: list[LoadResult] = []
    failures: dict[str, PlatformError] = {}
    with open_writer(context.warehouse) as writer:
        for connector in connectors():
            try:
                loads.extend(_read_again(writer, connector, levels.get(connector.account_id, set())))
            except PlatformError as error:
                failures[connector.account_id] = error
    inbox.done(delivery for delivery in waiting if not any(hint.account_id in failures for hint in delivery.hints))
    return Drained(context.id, len(waiting), tuple(loads), tuple(failures.values()))


def _levels_by_account(deliveries: Sequence[Delivery]) -> dict[str, set[Level]]:
    """Return the levels to read by account; a hint that names no level may mean any of them."""
    levels: dict[str, set[Level]] = defaultdict(set)
    for delivery in deliveries:
        for hint in delivery.hints:
            levels[hint.account_id].update((hint.level,) if hint.level else Level)
    return levels


def _read_again(writer: Writer, connector: Connector, levels: Set[Level]) -> Iterator[LoadResult]:
    for level in sorted(levels, key=lambda each: each.depth):
        rejected: list[UnreadableRow] = []
        tables = connector.fetch(EntityStream(level), rejected=rejected.append)
        coverage = Coverage("entities", connector.platform, connector.account_id, level)
        yield writer.load(coverage, tables, known_at=connector.platform_time, rejected=rejected)


def drain_workspace(workspace: Path, client_id: str | None = None) -> Iterator[Drained]:
    """Yield what became of each client's deliveries, clients without any left out.

    Rules that wait for events are evaluated after what was read.
    """
    settings = read_settings(workspace)
    for each in (client_id,) if client_id else client_ids(workspace):
        context = open_client(workspace, each)
        drained = drain_client(context, lambda: client_connectors(context, settings.meta))  # noqa: B023 - called at once
        if drained.deliveries:
            yield replace(drained, decided=_decided(context, settings)) if drained.loads else drained


def _decided(context: ClientContext, settings: Settings) -> str:
    """Return what rules that wait for events decided, or why they could not: what was read is kept all the same."""
    try:
        decision = decide_on_event(context, settings)
    except AibuyerError as error:
        return f"{context.id}: nothing was decided: {error}"
    return decision.summary() if decision else ""


def mailboxes(workspace: Path) -> tuple[Mailbox, ...]:
    """Return one mailbox per client that has an account, an app secret and a verify token.

    Raises InputError that says what to set if there is none.
    """
    settings = read_settings(workspace).meta
    contexts = [open_client(workspace, client_id) for client_id in client_ids(workspace)]
    found = tuple(box for context in contexts if (box := _mailbox(context, settings)))
    if not found:
        raise InputError(_WHAT_IS_NEEDED)
    return found


def _mailbox(context: ClientContext, settings: MetaSection) -> Mailbox | None:
    stored = stored_secrets(context)
    _, app_secret = chosen_app(settings, stored.meta_app_id, stored.meta_app_secret)
    verify_token = settings.webhook_verify_token or stored.webhook_verify_token
    if not (context.settings.accounts and app_secret and verify_token):
        return None
    accounts = frozenset(account.id for account in context.settings.accounts)
    return Mailbox(context.id, accounts, app_secret, verify_token, inbox_of(context).path)


def subscribe_client(context: ClientContext, settings: MetaSection, callback_url: str) -> tuple[str, ...]:
    """Ask Meta to send what changes in the client's accounts to `callback_url`, and return their ids.

    The receiver must be reachable there by then: Meta shakes hands before it agrees. Raises InputError for an address
    that is not https (http:// only for this machine) or if a secret is missing, PlatformError in its kinds.
    """
    from aibuyer_kit.connectors.meta import META_GRAPH_URL, MetaCredentials
    from aibuyer_kit.connectors.meta.subscriptions import connect_account, subscribe_app

    url = urlsplit(callback_url)
    if url.scheme != "https" and url.hostname not in ("127.0.0.1", "localhost", "::1"):
        raise InputError(f"The address {callback_url!r} must begin with https://: put a proxy with TLS before us.")
    mailbox, login = _mailbox(context, settings), meta_login(context)
    app_id, app_secret = chosen_app(settings, login.app_id, login.app_secret)
    if mailbox is None or not app_id:
        raise InputError(_WHAT_IS_NEEDED)
    credentials = MetaCredentials(login.access_token, app_id, app_secret)
    graph_url = context.graph_url or META_GRAPH_URL
    subscribe_app(
        credentials,
        callback_url=callback_url,
        verify_token=mailbox.verify_token,
        graph_url=graph_url,
        api_version=settings.api_version,
    )
    for account in context.settings.accounts:
        connect_account(credentials, account.id, graph_url=graph_url, api_version=settings.api_version)
    return tuple(account.id for account in context.settings.accounts)


def webhook_rows(workspace: Path) -> list[dict[str, Any]]:
    """Return one row per client with its counts, and one with what was refused."""
    rows: list[dict[str, Any]] = []
    for client_id in client_ids(workspace):
        counts = inbox_of(open_client(workspace, client_id)).counts()
        rows.append({"client": client_id, **vars(counts), "refused": None})
    refused = refusals_of(workspace).refused()
    said = ", ".join(f"{times} {reason}" for reason, times in sorted(refused.items())) or "nothing"
    rows.append({"client": "(refused)", "deliveries": None, "repeats": None, "waiting": None, "refused": said})
    return rows
