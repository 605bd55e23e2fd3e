"""The official SDK with our seam beneath it: nothing that the SDK sends or receives goes around it."""

import hashlib
import hmac
import json
import logging
import sys
import traceback
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from facebook_business.adobjects.adaccount import AdAccount
from facebook_business.api import FacebookAdsApi
from pydantic import SecretStr

from aibuyer_kit.connectors.http import Seam
from aibuyer_kit.connectors.meta import MetaCredentials
from aibuyer_kit.connectors.meta.api import MetaApi
from aibuyer_kit.core.clock import ManualClock
from aibuyer_kit.core.errors import (
    AuthorisationError,
    PlatformError,
    RateLimitError,
    RefusedError,
    SettingsError,
    TransientError,
)

from .scripted_graph import Scripted, ScriptedGraph, good, graph_error

TOKEN, SECRET = "canary-token-5f1e", "canary-secret-77aa"
CREDENTIALS = MetaCredentials(SecretStr(TOKEN), "4242", SecretStr(SECRET))
CAMPAIGNS = good({"data": [{"id": "1", "name": "Sample"}], "paging": {"cursors": {"after": "x"}}})


@pytest.fixture
def api(graph: ScriptedGraph, clock: ManualClock) -> MetaApi:
    return MetaApi(CREDENTIALS, Seam(clock, redact=CREDENTIALS.redact), graph_url=graph.url, api_version="v26.0")


def campaign_ids(api: MetaApi) -> list[str]:
    """Read through the SDK's own objects, as a person would in a notebook."""
    return [campaign["id"] for campaign in AdAccount("act_1", api=api.sdk).get_campaigns(fields=["name"])]


@pytest.mark.parametrize(
    "broken",
    [
        graph_error(500, 1, 99, is_transient=True),
        Scripted(502, b"<html><h1>502 Bad Gateway</h1></html>", {"Content-Type": "text/html"}),
        Scripted(200, b'{"data": [{"id": "1"', {}),
        Scripted(200, b'{"data": [{"id": "1"', {}, cut_bytes=50),
        Scripted(200, b"", {}),
        Scripted(200, b"plainly not gzip", {"Content-Encoding": "gzip"}),
        graph_error(400, 17, 2446079),
    ],
    ids=["500", "HTML 502", "cut JSON", "connection cut", "empty", "damaged compression", "throttle"],
)
def test_the_sdk_gets_only_good_answers(
    api: MetaApi, graph: ScriptedGraph, clock: ManualClock, broken: Scripted
) -> None:
    """The SDK itself never retries, and takes some of these for objects."""
    graph.answers(broken, CAMPAIGNS)
    assert campaign_ids(api) == ["1"]
    assert len(graph.asked) == 2
    assert len(clock.slept) == 1


def test_an_answer_that_never_comes_is_asked_for_again(api: MetaApi, graph: ScriptedGraph) -> None:
    """The SDK alone would wait for ever."""
    graph.answers(Scripted(hang=True), CAMPAIGNS)
    api.session.timeout = (1.0, 0.2)
    assert campaign_ids(api) == ["1"]


def test_every_call_has_a_time_limit(api: MetaApi) -> None:
    """Ten seconds to connect, sixty between two bytes."""
    assert api.session.timeout == (10.0, 60.0)


def test_a_refusal_without_an_error_is_raised_and_not_returned(api: MetaApi, graph: ScriptedGraph) -> None:
    """The SDK returns HTTP 400 with JSON as if it were the object."""
    graph.answers(Scripted(400, b'{"data": [{"id": "1"}]}'))
    with pytest.raises(RefusedError, match=r"Meta GET /v26\.0/act_1/campaigns: .*HTTP 400"):
        campaign_ids(api)


def test_a_change_through_the_sdk_is_sent_once(api: MetaApi, graph: ScriptedGraph, clock: ManualClock) -> None:
    """It may have taken effect."""
    graph.answers(graph_error(500, 1, is_transient=True), good({"success": True}))
    with pytest.raises(TransientError, match="read the object back"):
        AdAccount("act_1", api=api.sdk).create_campaign(params={"name": "Sample"})
    assert [asked.method for asked in graph.asked] == ["POST"]


def test_a_redirect_is_not_followed(api: MetaApi, graph: ScriptedGraph) -> None:
    """The token must not travel to another address."""
    graph.answers(Scripted(302, b"", {"Location": f"{graph.url}/elsewhere?access_token={TOKEN}"}), CAMPAIGNS)
    with pytest.raises(RefusedError):
        campaign_ids(api)
    assert len(graph.asked) == 1


def test_a_missing_permission_is_an_authorisation_error(api: MetaApi, graph: ScriptedGraph) -> None:
    """Its exit code sends a person to the token and not to the request."""
    graph.answers(graph_error(403, 200, message="(#200) Requires ads_read permission"))
    with pytest.raises(AuthorisationError, match="ads_read"):
        api.read("act_1/ads", {})


def test_limits_keep_back_every_later_call(api: MetaApi, graph: ScriptedGraph, clock: ManualClock) -> None:
    """Twenty minutes of limit: one call, no matter which way the next one comes."""
    usage = {"17": [{"type": "ads_insights", "estimated_time_to_regain_access": 20}]}
    refused = graph_error(400, 80000)
    graph.answers(Scripted(400, refused.body, {"X-Business-Use-Case-Usage": json.dumps(usage)}))
    for ask in (lambda: api.read("act_1/insights", {}), lambda: campaign_ids(api)):
        with pytest.raises(RateLimitError) as caught:
            ask()
        assert caught.value.wait_seconds == 1200
    assert len(graph.asked) == 1


def test_read_speaks_as_the_sdk_does(api: MetaApi, graph: ScriptedGraph) -> None:
    """Same address, token, signature, compact JSON, and name of the client."""
    graph.answers(good({"data": []}), CAMPAIGNS)
    api.read("act_1/insights", {"fields": "spend", "time_range": {"since": "2026-05-01", "until": "2026-05-02"}})
    campaign_ids(api)
    ours, theirs = graph.asked
    assert ours.path == "/v26.0/act_1/insights"
    assert ours.query["time_range"] == '{"since":"2026-05-01","until":"2026-05-02"}'
    assert ours.query["appsecret_proof"] == hmac.new(SECRET.encode(), TOKEN.encode(), hashlib.sha256).hexdigest()
    for name in ("access_token", "appsecret_proof"):
        assert ours.query[name] == theirs.query[name]
    assert ours.headers["User-Agent"] == theirs.headers["User-Agent"]


def test_the_platforms_clock_is_taken_from_its_latest_answer(api: MetaApi, graph: ScriptedGraph) -> None:
    """Also from an answer that is an error; junk changes nothing."""
    assert api.platform_time is None
    graph.answers(Scripted(400, b"{}", {"Date": "Mon, 01 Jun 2026 06:31:00 GMT"}))
    with pytest.raises(RefusedError):
        api.read("1/", {})
    assert api.platform_time == datetime(2026, 6, 1, 6, 31, tzinfo=UTC)
    graph.answers(good({}, Date="soon"), good({}, Date=""))
    api.read("1/", {})
    api.read("1/", {})
    assert api.platform_time == datetime(2026, 6, 1, 6, 31, tzinfo=UTC)


def leaks(text: str) -> list[str]:
    return [secret for secret in (TOKEN, SECRET) if secret in text]


def whole_story(error: BaseException | None) -> str:
    """Return all that a log could show of an error: its chain, suppressed parts included."""
    told = []
    while error is not None:
        told += [repr(error), *traceback.format_exception(error)]
        error = error.__cause__ or error.__context__
    return "".join(told)


@pytest.mark.parametrize(
    "failure",
    [
        lambda graph: graph.answers(*[Scripted(200, b"{", cut_bytes=9)] * 5),
        lambda graph: graph.answers(graph_error(400, 100, message=f"Unknown path components: /{TOKEN}/{SECRET}")),
        lambda graph: graph.answers(graph_error(401, 190, message=f"Malformed access token {TOKEN}")),
        lambda graph: setattr(graph, "url", "http://127.0.0.1:9"),
    ],
    ids=["connection cut", "echoed in an error", "malformed token", "nobody listens"],
)
def test_no_error_tells_a_secret(
    graph: ScriptedGraph, clock: ManualClock, failure: Callable[[ScriptedGraph], None]
) -> None:
    """The HTTP library's exceptions quote the URL with the token, so they end in the adapter."""
    failure(graph)
    seam = Seam(clock, redact=CREDENTIALS.redact)
    api = MetaApi(CREDENTIALS, seam, graph_url=graph.url, api_version="v26.0")
    with pytest.raises(PlatformError) as caught:
        api.read("act_1/ads", {"fields": "id"})
    assert leaks(whole_story(caught.value)) == []


def test_the_logs_of_the_http_library_tell_no_secret(
    api: MetaApi, graph: ScriptedGraph, caplog: pytest.LogCaptureFixture
) -> None:
    """At level DEBUG it writes each address in full."""
    graph.answers(good({"data": []}))
    with caplog.at_level(logging.DEBUG):
        api.read("act_1/ads", {"fields": "id"})
    assert "/v26.0/act_1/ads" in caplog.text
    assert "access_token=***" in caplog.text
    assert leaks(caplog.text) == []


def test_credentials_are_masked_when_shown() -> None:
    """A notebook shows whatever stands last in a cell."""
    assert leaks(f"{CREDENTIALS!r} {CREDENTIALS}") == []


def test_nothing_global_is_changed(api: MetaApi) -> None:
    """No default account for other code, no crash reports to Meta, no other base URL for other sessions."""
    assert FacebookAdsApi.get_default_api() is None
    assert type(api.session).GRAPH == "https://graph.facebook.com"
    assert "facebook" not in (sys.excepthook.__module__ or "")


def test_a_proxy_of_the_environment_is_not_used_for_this_machine(
    graph: ScriptedGraph, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The practice platform is reached directly."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    graph.answers(CAMPAIGNS)
    api = MetaApi(CREDENTIALS, Seam(clock), graph_url=graph.url + "/", api_version="v26.0")
    assert campaign_ids(api) == ["1"]


@pytest.mark.parametrize("graph_url", ["http://graph.example.com", "https://", "https://u:p@graph.example.com", ""])
def test_an_address_where_the_token_could_be_read_is_refused(graph_url: str, clock: ManualClock) -> None:
    """Before anything is sent."""
    with pytest.raises(SettingsError, match="graph_url"):
        MetaApi(CREDENTIALS, Seam(clock), graph_url=graph_url, api_version="v26.0")


@pytest.mark.parametrize("version", ["26", "v26", "v26.0/../x", ""])
def test_a_malformed_api_version_is_refused(version: str, clock: ManualClock) -> None:
    """It is part of every address."""
    with pytest.raises(SettingsError, match="api_version"):
        MetaApi(CREDENTIALS, Seam(clock), graph_url="http://127.0.0.1:9", api_version=version)
