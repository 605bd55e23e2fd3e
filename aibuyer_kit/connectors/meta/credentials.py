"""What opens an ad account; secrets are masked wherever they are shown."""

from dataclasses import dataclass

from pydantic import SecretStr


@dataclass(frozen=True)
class MetaCredentials:
    """A token with ads_read; with the app's secret every call is signed (appsecret_proof).

    >>> MetaCredentials(SecretStr("abc"))
    MetaCredentials(access_token=SecretStr('**********'), app_id=None, app_secret=None)
    """

    access_token: SecretStr
    app_id: str | None = None
    app_secret: SecretStr | None = None

    def redact(self, text: str) -> str:
        """Return `text` with the token and the secret, exactly as they are, replaced by asterisks."""
        for secret in (self.access_token, self.app_secret):
            if secret is not None and secret.get_secret_value():
                text = text.replace(secret.get_secret_value(), "***")
        return text
