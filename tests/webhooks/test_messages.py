"""What a delivery hints at, whatever its form."""

import json

import pytest

from aibuyer_kit.core.entities import Level
from aibuyer_kit.webhooks.messages import Hint, hints_of

ISSUE = Hint("act_1", "with_issues_ad_objects", Level.ADSET, "22")
ENTRY = {
    "id": "1",
    "time": 1,
    "changes": [{"field": "with_issues_ad_objects", "value": {"id": "22", "level": "AD_SET", "error_message": "x"}}],
}


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({"object": "ad_account", "entry": [ENTRY]}, id="object"),
        pytest.param([{"object": "ad_account", "entry": [ENTRY]}], id="list"),
        pytest.param({"object": "ad_account", "entry": [{**ENTRY, "id": "act_1"}]}, id="prefixed-account"),
        pytest.param({"object": "ad_account", "entry": [{**ENTRY, "id": 1}]}, id="number"),
    ],
)
def test_both_forms_of_the_envelope_give_the_same_hint(body: object) -> None:
    """An object, or a list of them as older deliveries were; ids as text or number."""
    assert hints_of(json.dumps(body).encode()) == (ISSUE,)


@pytest.mark.parametrize(
    ("change", "hint"),
    [
        pytest.param(
            {"field": "creative_fatigue", "value": {"ad_id": "5"}}, Hint("act_1", "creative_fatigue"), id="no-level"
        ),
        pytest.param({"field": "product_set_issue"}, Hint("act_1", "product_set_issue"), id="no-value"),
        pytest.param({"field": "f", "value": {"level": "BLIMP", "id": "x"}}, Hint("act_1", "f"), id="unknown-level"),
        pytest.param({"field": "f", "value": "text"}, Hint("act_1", "f"), id="text"),
        pytest.param("text", Hint("act_1", ""), id="no-change"),
    ],
)
def test_what_a_delivery_does_not_say_stays_open(change: object, hint: Hint) -> None:
    """An unknown field or level still says that something in the account changed."""
    body = {"object": "ad_account", "entry": [{"id": "1", "changes": [change]}]}
    assert hints_of(json.dumps(body).encode()) == (hint,)


def test_several_objects_in_one_change_are_several_hints() -> None:
    """A list as the value names each object."""
    value = [{"id": "1", "level": "AD"}, {"id": "2", "level": "CAMPAIGN"}]
    body = {"object": "ad_account", "entry": [{"id": "1", "changes": [{"field": "f", "value": value}]}]}
    assert [hint.level for hint in hints_of(json.dumps(body).encode())] == [Level.AD, Level.CAMPAIGN]


def test_other_objects_than_ad_accounts_give_nothing() -> None:
    """The app may be subscribed to pages too."""
    assert hints_of(json.dumps({"object": "page", "entry": [ENTRY]}).encode()) == ()


@pytest.mark.parametrize(
    "body",
    [b"", b"not json", b"\xff\xfe", b"5", b"null", b"[5]", b"{}", b'{"object": "ad_account"}', b"[" * 100_000,
     b'{"object": "ad_account", "entry": [5]}'],
    ids=lambda body: ascii(body[:20]),
)  # fmt: skip
def test_what_is_no_envelope_is_an_error(body: bytes) -> None:
    """Junk and deep nesting included, and never another exception."""
    with pytest.raises(ValueError, match="the body"):
        hints_of(body)
