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

    @property
    def app_token(self) -> str:
        return f"{self.app_id}|{self.app_secret}"

    def accepts_secret(self, app_id: str, secret: str) -> bool:
        return hmac.compare_digest(f"{app_id}|{secret}".encode(), self.app_token.encode())

    def accepts_proof(self, proof: str, token: str) -> bool:
        """Return whether `proof` is the hex HMAC-SHA256 of the token under the app secret."""
        return hmac.compare_digest(proof.encode(), self._signature(token.encode()).encode())

    def signature_header(self, body: bytes) -> str:
        """Return X-Hub-Signature-256 of a webhook's raw body."""
        return f"sha256={self._signature(body)}"

    def _signature(self, message: bytes) -> str:
        return hmac.new(self.app_secret.encode(), message, hashlib.sha256).hexdigest()


def practice_credentials(seed: int) -> Credentials:
    """Return the credentials that belong to a seed."""
    digest = hashlib.sha256(f"practice credentials {seed}".encode()).hexdigest()
    return Credentials(str(10**14 + int(digest[:10], 16)), digest[:32], f"EAAsandbox{digest[32:]}")
