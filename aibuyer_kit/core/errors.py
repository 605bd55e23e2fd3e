"""Every error that a caller may catch.

AibuyerError                     exit code
├── InputError                   2   what the user gave; the message names the place and the cure
│   ├── TooLittleError               there is too little yet to learn a model from
│   ├── InvalidIdError               a client or account id that is unsafe or malformed
│   ├── SettingsError                a settings or client file
│   ├── CredentialsError             a key or an encrypted file of credentials
│   ├── MoneyError                   an amount that is not exact, or a currency that is not known
│   ├── RateError                    an exchange rate that is missing or wrong; the message names the day and the pair
│   ├── ExperimentError              a lift test that is missing something; the message names the line
│   ├── ImportFileError              a file to import, or its mapping
│   ├── UnknownMetricError           a name that the metric catalogue does not hold
│   ├── OverlapError                 action types that tell of the same events, asked for together
│   ├── ParameterError               a report's parameter
│   ├── ChangeError                  a change that is not exact, or makes no sense
│   ├── RuleError                    a rule; the message names the file, the place and the nearest known name
│   ├── PlanError                    a question that no plan can answer; the message names what clashes
│   ├── ApprovalError                an approval that cannot be given: one's own, too late, or of something else
│   └── PeriodError                  a range of days
├── NotFoundError                1   a client, account, report or snapshot that is not there
├── ReportError                  1   a report that could not be run or published; the message names the cell
├── InboxError                   1   the file that keeps the deliveries of webhooks
├── LedgerError                  1   proposals, approvals, intents and outcomes
│   └── LedgerBusyError              another process is applying (retry)
├── RegistryError                1   the store of models
│   └── ArtefactError                a model's file that is not ours, not whole, or of no known format: it is not read
├── WarehouseError               1   the facts
│   ├── WarehouseBusyError           another process is writing (retry)
│   ├── InconsistentReadError        one read holds two different rows for one key
│   └── MixedCurrencyError           a sum over more than one currency
└── PlatformError                1   what an ad platform answered
    ├── TransientError               may succeed when repeated (retry)
    ├── RateLimitError           6   wait until `wait_seconds` have passed (retry)
    ├── TooMuchDataError             ask for less (split, then retry)
    ├── SchemaDriftError             its form is not the documented one; nothing of it was taken for a fact
    ├── AuthorisationError       5   the token or a permission
    └── RefusedError                 the request itself is wrong; repeating it changes nothing

LeftOutWarning                   facts that an answer cannot hold; never silent
QualityWarning                   figures that are still arriving, or in doubt
"""

from collections.abc import Callable
from datetime import date
from typing import Any, ClassVar


class AibuyerError(Exception):
    """Base of all errors raised on purpose; `retryable` says whether the same call may succeed later."""

    exit_code: ClassVar[int] = 1
    retryable: ClassVar[bool] = False


class InputError(AibuyerError):
    exit_code = 2


class TooLittleError(InputError):
    """There is too little yet to learn from, which is nobody's fault and passes."""

    def __init__(self, key: str, **values: int | str) -> None:
        """`key` is of the section `too_little` in the locales, `values` are what its sentence holds."""
        super().__init__(key)
        self._key, self._values = key, values

    def text(self, locale: str) -> str:
        """Return the sentence in the reader's language."""
        from aibuyer_kit.core.i18n import t

        return t(locale, f"too_little.{self._key}", **dict[str, Any](self._values))

    def __str__(self) -> str:
        return self.text("en")


class InvalidIdError(InputError):
    pass


class SettingsError(InputError):
    pass


class CredentialsError(InputError):
    pass


class MoneyError(InputError):
    pass


class RateError(InputError):
    pass


class ExperimentError(InputError):
    pass


class ImportFileError(InputError):
    pass


class UnknownMetricError(InputError):
    pass


class OverlapError(InputError):
    pass


class ParameterError(InputError):
    pass


class ChangeError(InputError):
    pass


class RuleError(InputError):
    pass


class PlanError(InputError):
    """`clashing` holds the limits that cannot hold together, none of them needless."""

    clashing: tuple[object, ...] = ()


class ApprovalError(InputError):
    pass


class PeriodError(InputError):
    pass


class NotFoundError(AibuyerError):
    pass


class ReportError(AibuyerError):
    pass


class InboxError(AibuyerError):
    pass


class LedgerError(AibuyerError):
    pass


class LedgerBusyError(LedgerError):
    retryable = True


class RegistryError(AibuyerError):
    pass


class ArtefactError(RegistryError):
    pass


class WarehouseError(AibuyerError):
    pass


class WarehouseBusyError(WarehouseError):
    retryable = True


class InconsistentReadError(WarehouseError):
    pass


class MixedCurrencyError(WarehouseError):
    pass


class PlatformError(AibuyerError):
    """An ad platform's answer that could not be used; `code` and `subcode` are the platform's own."""

    def __init__(self, message: str, *, code: int | None = None, subcode: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.subcode = subcode


class TransientError(PlatformError):
    retryable = True


class RateLimitError(PlatformError):
    exit_code = 6
    retryable = True

    def __init__(
        self, message: str, *, wait_seconds: float, code: int | None = None, subcode: int | None = None
    ) -> None:
        super().__init__(message, code=code, subcode=subcode)
        self.wait_seconds = wait_seconds


class TooMuchDataError(PlatformError):
    retryable = True


class SchemaDriftError(PlatformError):
    pass


class AuthorisationError(PlatformError):
    """A token or a permission; `token` says that the token itself is of no use any more, for whatever account."""

    exit_code = 5

    def __init__(
        self, message: str, *, code: int | None = None, subcode: int | None = None, token: bool = False
    ) -> None:
        super().__init__(message, code=code, subcode=subcode)
        self.token = token


class RefusedError(PlatformError):
    pass


class LeftOutWarning(UserWarning):
    """Facts that an answer cannot hold, or an answer without facts; `reason` is a key of `left_out` in the locales."""

    def __init__(self, reason: str, *, count: int | None = None, **values: object) -> None:
        super().__init__(reason)
        self.reason, self._count, self._values = reason, count, values

    def text(self, locale: str) -> str:
        """Return the sentence in the reader's language, its days written as pages write them."""
        from aibuyer_kit.core.i18n import format_day

        return self._text(locale, lambda value: format_day(value, locale) if isinstance(value, date) else value)

    def __str__(self) -> str:
        return self._text("en", lambda value: value)  # days as a command line takes them

    def _text(self, locale: str, written: Callable[[object], object]) -> str:
        from aibuyer_kit.core.i18n import t

        values = {name: written(value) for name, value in self._values.items()}
        return t(locale, f"left_out.{self.reason}", count=self._count, **values)


class QualityWarning(UserWarning):
    """What a reader must know of figures: results still arrive, or days of them are `in_doubt`."""

    def __init__(self, text: str, *, in_doubt: bool) -> None:
        super().__init__(text)
        self.in_doubt = in_doubt
