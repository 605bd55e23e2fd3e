"""Who a request is for, and whether it is refused: everything that a delivery must pass before it is kept."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pydantic import SecretStr

from aibuyer_kit.webhooks.inbox import Delivery
from aibuyer_kit.webhooks.messages import Hint, hints_of
from aibuyer_kit.webhooks.signature import is_signed, is_token

MAX_BODY_BYTES = 1_000_000
_LONGEST_CHALLENGE = 256

Reason = Literal[
    "unsigned", "bad signature", "too large", "malformed", "unknown account", "wrong verify token", "not kept"
]


@dataclass(frozen=True)
class Mailbox:
    """Where a client's deliveries go, and the secrets that show that they are from the client's app."""

    client_id: str
    account_ids: frozenset[str]
    app_secret: SecretStr
    verify_token: SecretStr
    inbox: Path


class RefusedDelivery(Exception):  # noqa: N818 - it is an answer, not a failure
    """A request that is not taken; `reason` is counted, the sender learns the HTTP status alone."""

    def __init__(self, reason: Reason, status: int) -> None:
        super().__init__(reason)
        self.reason: Reason = reason
        self.status = status


@dataclass
class Receiver:
    """Judges requests for the clients of a workspace; `refused` counts by reason since it was last taken."""

    mailboxes: Sequence[Mailbox]
    refused: Counter[str] = field(default_factory=Counter)

    def challenge(self, mode: str, verify_token: str, challenge: str) -> str:
        """Return the handshake's challenge. Raises RefusedDelivery."""
        # Every token is compared, so that the time does not tell which client's was nearly right.
        known = [is_token(verify_token, mailbox.verify_token) for mailbox in self.mailboxes]
        if mode != "subscribe" or not any(known):
            raise RefusedDelivery("wrong verify token", 403)
        if len(challenge) > _LONGEST_CHALLENGE or not (challenge.isascii() and challenge.isprintable()):
            raise RefusedDelivery("malformed", 400)
        return challenge

    def deliveries(self, raw_body: bytes, signature: str | None) -> Mapping[Path, Delivery]:
        """Return what is to be kept in which inbox: to each client the hints about its own accounts.

        Raises RefusedDelivery. Hints about accounts that nobody has are left out and counted.
        """
        if not signature:
            raise RefusedDelivery("unsigned", 403)
        signed = [mailbox for mailbox in self.mailboxes if is_signed(raw_body, signature, mailbox.app_secret)]
        if not signed:
            raise RefusedDelivery("bad signature", 403)
        try:
            hints = hints_of(raw_body)
        except ValueError:
            raise RefusedDelivery("malformed", 400) from None
        digest = hashlib.sha256(raw_body).digest()
        sorted_out = {mailbox.inbox: Delivery(digest, _own(mailbox, hints)) for mailbox in signed}
        known = frozenset[str]().union(*(mailbox.account_ids for mailbox in signed))
        self.refused["unknown account"] += sum(hint.account_id not in known for hint in hints)
        return {inbox: delivery for inbox, delivery in sorted_out.items() if delivery.hints}

    def taken(self) -> Mapping[str, int]:
        """Return the counts of refusals and start them anew."""
        counts, self.refused = +self.refused, Counter()
        return counts


def _own(mailbox: Mailbox, hints: Sequence[Hint]) -> tuple[Hint, ...]:
    return tuple(dict.fromkeys(hint for hint in hints if hint.account_id in mailbox.account_ids))
