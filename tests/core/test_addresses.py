"""A platform's address: an access token travels there, so that nothing doubtful is taken."""

import pytest

from aibuyer_kit.core.addresses import safe_platform_url
from aibuyer_kit.core.errors import SettingsError


@pytest.mark.parametrize(
    ("url", "taken"),
    [
        ("https://graph.facebook.com", "https://graph.facebook.com"),
        ("https://graph.facebook.com//", "https://graph.facebook.com"),
        ("HTTPS://graph.example.com:8443/meta/", "HTTPS://graph.example.com:8443/meta"),
        ("http://127.0.0.1:4444", "http://127.0.0.1:4444"),
        ("http://localhost:4444/", "http://localhost:4444"),
        ("http://[::1]:4444", "http://[::1]:4444"),
    ],
)
def test_https_and_this_machine_are_taken(url: str, taken: str) -> None:
    """Only slashes at the end are left out."""
    assert safe_platform_url(url) == taken


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("https://", "names no host"),
        ("https:evil.com", "names no host"),
        ("https:///evil.com", "names no host"),
        ("https://:443", "names no host"),
        ("https://u:canary@host", "holds a user or a password"),
        ("https://canary@host", "holds a user or a password"),
        ("https://@host", "holds a user or a password"),
        ("https://h?x=canary", "holds a query or a fragment"),
        ("https://h?", "holds a query or a fragment"),
        ("https://h#canary", "holds a query or a fragment"),
        ("https://h#", "holds a query or a fragment"),
        ("http://graph.example.com", "must begin with https"),
        ("http://localhost.example.com", "must begin with https"),
        ("http://127.0.0.1@example.com", "must begin with https"),
        ("ftp://127.0.0.1", "must begin with https"),
        ("graph.example.com", "must begin with https"),
        ("", "must begin with https"),
        ("https://h:99999", "host or port is malformed"),
        ("https://[::1", "host or port is malformed"),
        ("https://good.example\\@evil.example", "backslash"),
        ("https://h\n.example", "does not print"),
        (" https://h", "a space"),
    ],
)
def test_any_other_address_is_refused_with_the_reason(url: str, said: str) -> None:
    """The message names the setting and the cure, and keeps what may be a password to itself."""
    with pytest.raises(SettingsError, match=rf"^graph_url .*{said}.* Write it as https://") as caught:
        safe_platform_url(url, name="graph_url")
    assert "canary" not in str(caught.value)
