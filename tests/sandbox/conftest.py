"""A running practice platform, the unmodified SDK beside it, and a plain HTTP client."""

import ssl
from collections.abc import Iterator

import httpx
import pytest
from facebook_business.adobjects.adaccount import AdAccount
from facebook_business.api import FacebookAdsApi
from facebook_business.session import FacebookSession

from aibuyer_kit.sandbox.market import Market
from aibuyer_kit.sandbox.serve import RunningSandbox, start

# Reading the machine's certificates takes longer than most of these tests, and none of them uses TLS.
NO_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


@pytest.fixture
def market() -> Market:
    return Market.open("hill", seed=7)


@pytest.fixture
def sandbox() -> Iterator[RunningSandbox]:
    with start("hill", seed=7) as running:
        yield running


@pytest.fixture
def graph(sandbox: RunningSandbox) -> Iterator[httpx.Client]:
    """A client whose every call carries the right token."""
    headers = {"Authorization": f"Bearer {sandbox.access_token}"}
    with httpx.Client(base_url=f"{sandbox.graph_url}/v26.0/", headers=headers, verify=NO_CERTIFICATES) as client:
        yield client


@pytest.fixture
def control(sandbox: RunningSandbox) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=sandbox.control_url, verify=NO_CERTIFICATES) as client:
        yield client


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    """A client that carries nothing by itself."""
    with httpx.Client(verify=NO_CERTIFICATES) as client:
        yield client


@pytest.fixture
def api(sandbox: RunningSandbox) -> Iterator[FacebookAdsApi]:
    """The official SDK, told only where the platform is."""
    session = FacebookSession(sandbox.app_id, sandbox.app_secret, sandbox.access_token, timeout=10)
    session.GRAPH = sandbox.graph_url
    yield FacebookAdsApi(session, api_version="v26.0")
    session.requests.close()


@pytest.fixture
def account(sandbox: RunningSandbox, api: FacebookAdsApi) -> AdAccount:
    return AdAccount(sandbox.account_id, api=api)
