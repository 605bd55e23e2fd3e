"""Money is an integer of micros (1e-6 of the currency unit); minor units exist only on the way to a platform.

Sources: the platform's offset table (Meta Marketing API, currencies), which is not ISO 4217: BHD, JOD and KWD
have three decimals in ISO and an offset of 100 on Meta.
"""

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from aibuyer_kit.core.errors import MoneyError

MICROS_PER_UNIT = 1_000_000
_MICRO = Decimal("0.000001")
# Beyond this an amount does not fit a BIGINT sum of a realistic account.
MAX_UNITS = Decimal(10**12)

_META_WITHOUT_MINOR_UNITS = frozenset(
    {"CLP", "COP", "CRC", "HUF", "ISK", "IDR", "JPY", "KRW", "PYG", "TWD", "VND"},
)

# ISO 4217, active codes of national currencies.
_ISO_4217 = """
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP
    CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF
    IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD
    MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB
    RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD
    UYU UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG
"""
CURRENCIES = frozenset(_ISO_4217.split())


def known_currency(code: str) -> str:
    """Return `code` if it is an active ISO 4217 code. Raises MoneyError otherwise: a guess would be a wrong budget."""
    if code not in CURRENCIES:
        raise MoneyError(f"Unknown currency {code!r}. Use an ISO 4217 code in capitals, such as EUR, UAH or USD.")
    return code


def meta_minor_per_unit(currency: str) -> int:
    """Return how many of Meta's minor units make one unit of `currency`: 1 or 100. Raises MoneyError if unknown."""
    return 1 if known_currency(currency) in _META_WITHOUT_MINOR_UNITS else 100


def exact_units(amount: str | int | Decimal) -> Decimal:
    """Return a finite Decimal of currency units. Raises MoneyError for text that is no number, NaN, or out of range."""
    if isinstance(amount, bool) or not isinstance(amount, str | int | Decimal):
        raise MoneyError(f"{amount!r} is not an exact amount: give text, an integer or a Decimal, never a float.")
    try:
        units = Decimal(amount.strip() if isinstance(amount, str) else amount)
    except InvalidOperation:
        raise MoneyError(f"{amount!r} is not an amount of money. Expected digits such as 1234.50.") from None
    if not units.is_finite() or abs(units) > MAX_UNITS:
        raise MoneyError(f"{amount!r} is not a finite amount of at most {MAX_UNITS:,} units.")
    return units


def micros_from_units(amount: str | int | Decimal) -> int:
    """Return the micros of an amount in currency units, rounded half-up where it has more than six decimals.

    >>> micros_from_units("1.429999948")
    1430000
    """
    # quantize rounds once, whatever the number of digits; a product would first be rounded to the context's 28.
    return int(exact_units(amount).quantize(_MICRO, ROUND_HALF_UP).scaleb(6))


def plain_amount(amount_micros: int) -> str:
    """Return an amount whose currency is not at hand: exact, with no decimals where it has none, or else at least two.

    >>> [plain_amount(micros) for micros in (2_114_000_000, 120_500_000, 1_234_567)]
    ['2,114', '120.50', '1.234567']
    """
    units = units_from_micros(amount_micros)
    if units == int(units):
        return f"{int(units):,}"
    digits = f"{units:,.6f}".rstrip("0")
    return digits if len(digits.rpartition(".")[2]) >= 2 else f"{units:,.2f}"


def micros_from_minor(minor: str | int, minor_per_unit: int) -> int:
    """Return the micros of an amount in a platform's minor units.

    >>> micros_from_minor("12050", meta_minor_per_unit("EUR"))
    120500000
    """
    try:
        whole = int(minor)
    except (TypeError, ValueError):
        raise MoneyError(f"{minor!r} is not a whole number of minor units.") from None
    return whole * (MICROS_PER_UNIT // minor_per_unit)


def minor_from_micros(amount_micros: int, minor_per_unit: int) -> int:
    """Return a platform's minor units. Raises MoneyError if the amount is finer than the platform can hold.

    >>> minor_from_micros(120_500_000, meta_minor_per_unit("EUR"))
    12050
    """
    minor, rest = divmod(amount_micros, MICROS_PER_UNIT // minor_per_unit)
    if rest:
        raise MoneyError(
            f"{units_from_micros(amount_micros)} is finer than the platform's smallest unit (1/{minor_per_unit}). "
            "Round the amount first."
        )
    return minor


def units_from_micros(amount_micros: int) -> Decimal:
    """Return the exact Decimal of currency units.

    >>> units_from_micros(120_500_000)
    Decimal('120.5')
    """
    return Decimal(amount_micros) / MICROS_PER_UNIT
