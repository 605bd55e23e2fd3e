"""Tokens: exchanged, looked into, expired, narrowed and revoked; proofs; businesses."""

import hashlib
import hmac
from typing import Any

import httpx
import pytest
from facebook_business.adobjects.user import User
from facebook_business.api import FacebookAdsApi

from aibuyer_kit.sandbox.serve import RunningSandbox


def error(answer: httpx.Response) -> tuple[int, int | None]:
    found = answer.json()["error"]
    return found["code"], found.get("error_subcode")


def issue(control: httpx.Client, **asked: Any) -> dict[str, str]:
    """Return the headers of a caller with a new token."""
    return {"Authorization": f"Bearer {control.post('/tokens', json=asked).json()['access_token']}"}


def exchange(sandbox: RunningSandbox, http: httpx.Client, **params: str) -> httpx.Response:
    given = {
        "grant_type": "fb_exchange_token",
        "client_id": sandbox.app_id,
        "client_secret": sandbox.app_secret,
        "fb_exchange_token": sandbox.access_token,
    }
    return http.get(f"{sandbox.graph_url}/v26.0/oauth/access_token", params={**given, **params})


def debug(sandbox: RunningSandbox, http: httpx.Client, token: str) -> dict[str, Any]:
    params = {"input_token": token, "access_token": f"{sandbox.app_id}|{sandbox.app_secret}"}
    return dict(http.get(f"{sandbox.graph_url}/v26.0/debug_token", params=params).json()["data"])


def test_a_token_is_exchanged_for_one_of_sixty_days(sandbox: RunningSandbox, http: httpx.Client) -> None:
    """It works until then, and not a second longer: 190/463."""
    new = exchange(sandbox, http).json()
    url, params = f"{sandbox.graph_url}/v26.0/me", {"access_token": new["access_token"]}
    sandbox.advance(5_184_000 - 1)
    before = http.get(url, params=params).status_code
    sandbox.advance(1)

    assert (new["token_type"], new["expires_in"]) == ("bearer", 5_184_000)
    assert new["access_token"] != sandbox.access_token
    assert before == 200
    assert error(http.get(url, params=params)) == (190, 463)
    assert debug(sandbox, http, new["access_token"])["is_valid"] is False


@pytest.mark.parametrize(
    ("params", "code"),
    [({"client_secret": "x"}, 101), ({"fb_exchange_token": "x"}, 190), ({"grant_type": "password"}, 100)],
)
def test_a_wrong_exchange_is_refused(
    sandbox: RunningSandbox, http: httpx.Client, params: dict[str, str], code: int
) -> None:
    """Wrong app, wrong token, wrong grant."""
    assert error(exchange(sandbox, http, **params))[0] == code


def test_a_token_can_be_looked_into(sandbox: RunningSandbox, http: httpx.Client, control: httpx.Client) -> None:
    """As documented; a token that there is not is not valid."""
    found = debug(sandbox, http, sandbox.access_token)
    issued = control.post("/tokens", json={"scopes": ["ads_read"], "expires_in_seconds": 60}).json()["access_token"]
    short = debug(sandbox, http, issued)

    assert (found["app_id"], found["is_valid"], found["expires_at"]) == (sandbox.app_id, True, 0)
    assert found["scopes"] == ["ads_read", "ads_management", "business_management"]
    assert {"type", "application", "data_access_expires_at", "user_id"} <= set(found)
    assert (short["scopes"], short["expires_at"]) == (["ads_read"], int(sandbox.market.now.timestamp()) + 60)
    assert debug(sandbox, http, "x")["is_valid"] is False


def test_scopes_decide_what_a_token_may_do(sandbox: RunningSandbox, graph: httpx.Client, control: httpx.Client) -> None:
    """Reading with ads_read, changing with ads_management only, businesses with business_management."""
    reader, manager = issue(control, scopes=["ads_read"]), issue(control, scopes=["business_management"])
    adset_id = sandbox.market.account.adsets[0].id

    assert graph.get(adset_id, headers=reader).status_code == 200
    assert error(graph.post(adset_id, data={"status": "PAUSED"}, headers=reader))[0] == 200
    assert error(graph.delete(adset_id, headers=reader))[0] == 200
    assert error(graph.get("me/businesses", headers=reader))[0] == 200
    assert error(graph.get(adset_id, headers=manager))[0] == 200
    assert graph.get("me/permissions", headers=reader).json()["data"] == [
        {"permission": "ads_read", "status": "granted"}
    ]


@pytest.mark.parametrize("subcode", [458, 459, 460, 463, 467])
def test_a_token_can_be_revoked_for_every_reason(
    sandbox: RunningSandbox, graph: httpx.Client, control: httpx.Client, subcode: int
) -> None:
    """All of them or one; the others go on."""
    one = issue(control)
    control.post("/tokens/revoke", json={"access_token": sandbox.access_token, "subcode": subcode})

    assert error(graph.get("me")) == (190, subcode)
    assert graph.get("me", headers=one).status_code == 200
    assert control.post("/tokens/revoke", json={}).json() == {"revoked": 2}
    assert error(graph.get("me", headers=one)) == (190, 460)


def test_no_text_of_a_token_is_shown(sandbox: RunningSandbox, control: httpx.Client) -> None:
    """The list of tokens has names instead."""
    assert sandbox.access_token not in control.get("/tokens").text
    assert sandbox.app_secret not in control.get("/tokens").text


def test_a_proof_may_be_demanded(sandbox: RunningSandbox, graph: httpx.Client, control: httpx.Client) -> None:
    """Then a call without it, or with another token's, is refused; the SDK sends it by itself."""
    control.post("/settings", json={"require_appsecret_proof": True})
    right = hmac.new(sandbox.app_secret.encode(), sandbox.access_token.encode(), hashlib.sha256).hexdigest()

    assert error(graph.get("me"))[0] == 100
    assert graph.get("me", params={"appsecret_proof": right}).status_code == 200
    other = issue(control)
    assert error(graph.get("me", params={"appsecret_proof": right}, headers=other))[0] == 100


def test_the_sdk_finds_businesses_and_their_accounts(sandbox: RunningSandbox, api: FacebookAdsApi) -> None:
    """One business that owns the one account, and no client accounts."""
    (business,) = User("me", api=api).get_businesses()

    assert [one["id"] for one in business.get_owned_ad_accounts()] == [sandbox.account_id]
    assert list(business.get_client_ad_accounts()) == []
    assert business.api_get(fields=["name"])["name"] == "Sample business"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/tokens", {"scopes": ["everything"]}),
        ("/tokens", {"scopes": "ads_read"}),
        ("/tokens", {"expires_in_seconds": -1}),
        ("/tokens/revoke", {"subcode": 1}),
        ("/tokens/revoke", {"access_token": "x"}),
        ("/settings", {"tier": "gold"}),
        ("/settings", {"colour": 1}),
        ("/verdicts", {"id": "55", "verdict": ""}),
        ("/webhooks", {"repeat": 0}),
        ("/clock", {"seconds_per_second": -1}),
    ],
)
def test_a_wrong_order_is_refused(control: httpx.Client, path: str, body: dict[str, Any]) -> None:
    """HTTP 400 with a sentence."""
    answer = control.post(path, json=body)

    assert (answer.status_code, len(answer.json()["error"]) > 10) == (400, True)
