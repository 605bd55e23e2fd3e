"""The file of dated exchange rates in a client's folder."""

import os

from aibuyer_kit.access.clients import ClientContext
from aibuyer_kit.core.errors import RateError
from aibuyer_kit.core.exchange import ExchangeRates, parse_rates

_MOST_BYTES = 50_000_000


def client_rates(context: ClientContext) -> ExchangeRates:
    """Return the client's rates; none where `[money]` names no file.

    Raises RateError that names the file and the line.
    """
    money = context.settings.money
    if money is None or money.rates is None:
        return ExchangeRates({}, money.longest_age_days if money else 0)
    path = context.folder / money.rates
    if not os.path.realpath(path).startswith(os.path.realpath(context.folder) + os.sep):
        raise RateError(f"{path} is a link that leads out of the client's folder. Use a real file.")
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise RateError(f"{path} is larger than {_MOST_BYTES:,} bytes. Leave out what is not needed.")
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise RateError(f"{path}, the file of rates under [money], cannot be read ({error.strerror}).") from None
    except UnicodeDecodeError:
        raise RateError(f"{path} is not a text in UTF-8. Save it as CSV in UTF-8.") from None
    try:
        return parse_rates(lines, longest_age_days=money.longest_age_days)
    except RateError as error:
        raise RateError(f"{path}: {error}") from None
