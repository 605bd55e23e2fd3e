"""Connecting a client: the token is checked and made to last, what is missing is told, and both halves are kept."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from aibuyer_kit.access.client_file import ClientFile
from aibuyer_kit.access.clients import ClientContext, add_client, open_client
from aibuyer_kit.access.credentials import meta_login
from aibuyer_kit.access.vault import TokenRecord
from aibuyer_kit.core.errors import AuthorisationError, InputError
from aibuyer_kit.settings.workspace_settings import MetaSection
from aibuyer_kit.workflows.connection import (
    Connection,
    MetaAccess,
    check_connection,
    chosen_accounts,
    look_at,
    save_connection,
)
from aibuyer_kit.workflows.token_health import token_health
from tests.small_graph import NOW, SCOPES, SmallGraph, small_graph

APP = {"app_id": "77", "app_secret": SecretStr("canary-secret")}
MOMENT = datetime.fromtimestamp(NOW, UTC)


@pytest.fixture
def graph() -> Iterator[SmallGraph]:
    with small_graph() as running:
        yield running


@pytest.fixture
def acme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ClientContext:
    monkeypatch.setenv("AIBUYER_KEY_FILE", str(tmp_path / "own" / "key"))
    monkeypatch.delenv("AIBUYER_KEY", raising=False)
    return add_client(tmp_path, "acme", ClientFile(name="Sample"))


def look(graph: SmallGraph, **app: object) -> Connection:
    return look_at(MetaAccess(SecretStr("canary-short-token"), **app), MetaSection(), graph_url=graph.url)


def test_a_token_that_expires_is_made_long_lived(acme: ClientContext, graph: SmallGraph) -> None:
    """With the app's id and secret; the new token, its end and its permissions are kept."""
    connection = look(graph, **APP)
    save_connection(acme, connection, connection.accounts[:1], graph_url=graph.url)
    login = meta_login(acme, {"AIBUYER_KEY_FILE": str(acme.folder.parent.parent / "own" / "key")})
    assert login.access_token == SecretStr("canary-long-token")
    assert (login.app_id, login.app_secret) == ("77", SecretStr("canary-secret"))
    assert login.record == TokenRecord(checked_at=MOMENT, expires_at=MOMENT + timedelta(days=60), scopes=SCOPES)
    assert [account.id for account in open_client(acme.folder.parent.parent, "acme").settings.accounts] == ["act_1"]
    (asked,) = (query for _, path, query in graph.asked if path.endswith("oauth/access_token"))
    assert (asked["grant_type"], asked["fb_exchange_token"]) == ("fb_exchange_token", "canary-short-token")


def test_a_token_that_never_expires_is_kept_as_it_is(acme: ClientContext, graph: SmallGraph) -> None:
    """A system user's token is not exchanged."""
    graph.expires_at = 0
    connection = look(graph, **APP)
    assert (connection.exchanged, connection.access.access_token) == (False, SecretStr("canary-short-token"))
    assert connection.health.text == "never expires"


def test_without_the_apps_secret_the_token_is_looked_at_with_itself(acme: ClientContext, graph: SmallGraph) -> None:
    """And the summary says where to find the secret."""
    connection = look(graph)
    assert not connection.exchanged
    assert any("App settings > Basic" in each for each in connection.missing)
    assert "canary" not in connection.summary() + repr(connection)


@pytest.mark.parametrize(
    ("scopes", "named"),
    [
        pytest.param(("ads_management", "business_management"), [], id="writing-includes-reading"),
        pytest.param(("ads_read",), ["ads_management", "business_management"], id="reading-only"),
        pytest.param((), ["ads_read", "ads_management", "business_management"], id="none"),
    ],
)
def test_each_missing_permission_is_named_with_the_place_to_click(
    acme: ClientContext, graph: SmallGraph, scopes: tuple[str, ...], named: list[str]
) -> None:
    """In plain words, in the order of their weight."""
    graph.scopes = scopes
    missing = look(graph, **APP).missing
    assert [each.split(";")[0].removeprefix("the permission ") for each in missing] == named
    assert all("business.facebook.com/settings" in each for each in missing)


def test_a_token_that_cannot_read_is_not_kept(acme: ClientContext, graph: SmallGraph) -> None:
    """Neither the token nor an account is written."""
    graph.scopes = ("pages_show_list",)
    connection = look(graph, **APP)
    with pytest.raises(AuthorisationError, match="ads_read"):
        save_connection(acme, connection, connection.accounts)
    assert not acme.credentials.exists()


def test_no_accounts_are_told_with_the_place_to_assign_them(acme: ClientContext, graph: SmallGraph) -> None:
    """The commonest trouble: a good token whose user has no assets."""
    graph.accounts = ()
    connection = look(graph, **APP)
    assert any("Assign assets" in each for each in connection.missing)
    with pytest.raises(InputError, match="No account"):
        save_connection(acme, connection, ())


def test_an_account_that_the_token_does_not_open_is_refused(graph: SmallGraph) -> None:
    """With those that it opens."""
    connection = look(graph, **APP)
    assert [each.id for each in chosen_accounts(connection, ["2", "act_1", "act_2"])] == ["act_2", "act_1"]
    with pytest.raises(AuthorisationError, match=r"does not open act_9.*act_1, act_2"):
        chosen_accounts(connection, ["act_9"])


def test_an_invalid_token_and_one_of_another_app_are_told_apart(graph: SmallGraph) -> None:
    """Each with what to do."""
    with pytest.raises(AuthorisationError, match="belongs to the app 77, not to 78"):
        look(graph, app_id="78", app_secret=SecretStr("s"))
    graph.valid = False
    with pytest.raises(AuthorisationError, match="not valid"):
        look(graph, **APP)


def test_a_check_asks_again_and_keeps_the_answer(acme: ClientContext, graph: SmallGraph) -> None:
    """A permission that was taken away meanwhile is seen."""
    connection = look(graph, **APP)
    save_connection(acme, connection, connection.accounts, graph_url=graph.url)
    context = open_client(acme.folder.parent.parent, "acme")
    assert check_connection(context, MetaSection()).state == "ok"
    graph.scopes = ("business_management",)
    assert check_connection(context, MetaSection()).state == "failed"
    record = meta_login(context).record
    assert record
    assert record.scopes == ("business_management",)


@pytest.mark.parametrize(
    ("days", "data_days", "state"),
    [
        pytest.param(None, None, "ok", id="never"),
        pytest.param(31, None, "ok", id="31-days"),
        pytest.param(30, None, "warning", id="30-days"),
        pytest.param(8, None, "warning", id="8-days"),
        pytest.param(7, None, "failed", id="7-days"),
        pytest.param(-1, None, "failed", id="expired"),
        pytest.param(None, 20, "warning", id="access-to-data-ends"),
        pytest.param(90, 5, "failed", id="the-nearer-end-counts"),
    ],
)
def test_the_end_of_a_token_is_seen_weeks_ahead(days: int | None, data_days: int | None, state: str) -> None:
    """30 days before it warns, 7 days before it fails."""
    ends = [MOMENT + timedelta(days=each) if each is not None else None for each in (days, data_days)]
    record = TokenRecord(checked_at=MOMENT, expires_at=ends[0], data_access_expires_at=ends[1], scopes=("ads_read",))
    assert token_health(record, MOMENT).state == state


def test_a_token_that_never_expires_is_not_said_to_have_expired() -> None:
    """Only its access to data ends, and that is what is said."""
    record = TokenRecord(checked_at=MOMENT, data_access_expires_at=MOMENT - timedelta(days=1), scopes=("ads_read",))
    assert token_health(record, MOMENT).text.startswith("its access to data expired on ")
