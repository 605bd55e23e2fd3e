"""The practice account's own keys: fixed by the seed, worth nothing outside this machine."""

import hashlib
import hmac
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Credentials:
    """What a client needs to be let in."""

    app_id: str
    app_secret: str = field(repr=False)
    access_token: str = field(repr=False)

    def accepts_token(self, token: str) -> bool:
        return hmac.compare_digest(token.encode(), self.access_token.encode())

    def accepts_proof(self, proof: str) -> bool:
        """Return whether `proof` is the hex HMAC-SHA256 of the token under the app secret."""
        right = hmac.new(self.app_secret.encode(), self.access_token.encode(), hashlib.sha256).hexdigest()
        return hmac.compare_digest(proof.encode(), right.encode())


def practice_credentials(seed: int) -> Credentials:
    """Return the credentials that belong to a seed."""
    digest = hashlib.sha256(f"practice credentials {seed}".encode()).hexdigest()
    return Credentials(str(10**14 + int(digest[:10], 16)), digest[:32], f"EAAsandbox{digest[32:]}")
