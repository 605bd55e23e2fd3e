"""How numbers, money and times are written on the wire: as text."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from aibuyer_kit.sandbox.market.days import from_us


def money_text(minor: int, minor_per_unit: int) -> str:
    """Return currency units with the decimals that the currency has.

    >>> money_text(1250, 100), money_text(1250, 1)
    ('12.50', '1250')
    """
    if minor_per_unit == 1:
        return str(minor)
    return f"{minor // minor_per_unit}.{minor % minor_per_unit:02d}"


def ratio_text(numerator: int, denominator: int) -> str | None:
    """Return a quotient with up to six decimals, rounded half-up, without trailing zeros; None for no denominator.

    >>> ratio_text(10, 4), ratio_text(1, 3), ratio_text(4, 2)
    ('2.5', '0.333333', '2')
    """
    if not denominator:
        return None
    millionths = (2 * numerator * 1_000_000 + denominator) // (2 * denominator)
    return f"{millionths // 1_000_000}.{millionths % 1_000_000:06d}".rstrip("0").rstrip(".")


def time_text(moment_us: int, zone: ZoneInfo) -> str:
    """Return a time in the account's zone, such as 2017-08-25T17:11:47-0700."""
    return from_us(moment_us).astimezone(zone).strftime("%Y-%m-%dT%H:%M:%S%z")


def http_date(moment_us: int) -> str:
    """Return a moment as the HTTP header `Date` has it."""
    moment: datetime = from_us(moment_us).astimezone(UTC)
    weekday = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")[moment.weekday()]
    months = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    return f"{weekday}, {moment:%d} {months[moment.month - 1]} {moment:%Y %H:%M:%S} GMT"
