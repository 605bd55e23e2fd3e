"""What stands around a number: signs of currency, blanks of every width, minus signs, and brackets for a loss."""

import re
import unicodedata

from aibuyer_kit.core.money import CURRENCIES

LONGEST_NUMBER = 64
# What stands for a formula whose result the file does not hold; no number, day or name is read from it.
NO_RESULT = "(a formula without a stored result: open the file in a spreadsheet and save it)"
_BLANKS = "\u00a0\u202f\u2009\u2007"
_PLAIN = str.maketrans({**dict.fromkeys(_BLANKS, " "), "\u2212": "-", "\u2019": "'"})
_DOLLARS = frozenset(
    ("USD", "CAD", "AUD", "NZD", "HKD", "SGD", "TWD", "MXN", "ARS", "CLP", "COP", "UYU", "BRL", "JMD", "TTD", "KYD")
)
# A sign may stand for several currencies; the account's own must be among them.
_SIGNS: dict[str, frozenset[str]] = {
    "$": _DOLLARS,
    "US$": frozenset({"USD"}),
    "€": frozenset({"EUR"}),
    "₴": frozenset({"UAH"}),
    "грн.": frozenset({"UAH"}),
    "грн": frozenset({"UAH"}),
    "£": frozenset({"GBP", "EGP", "GIP", "FKP", "SHP"}),
    "¥": frozenset({"JPY", "CNY"}),
    "￥": frozenset({"JPY", "CNY"}),
    "円": frozenset({"JPY"}),
    "zł": frozenset({"PLN"}),
    "Kč": frozenset({"CZK"}),
    "₺": frozenset({"TRY"}),
    "₸": frozenset({"KZT"}),
    "₾": frozenset({"GEL"}),
    "₪": frozenset({"ILS"}),
    "₹": frozenset({"INR"}),
    "₩": frozenset({"KRW", "KPW"}),
    "R$": frozenset({"BRL"}),
    "د.ك": frozenset({"KWD"}),
    "KD": frozenset({"KWD"}),
    **{code: frozenset({code}) for code in CURRENCIES},
}
_ANY_SIGN = "|".join(sorted(map(re.escape, _SIGNS), key=len, reverse=True))
_DRESSED = re.compile(
    rf"(?P<minus>[+-]?) ?(?P<before>{_ANY_SIGN})? ?(?P<inner>[+-]?)(?P<digits>[\d.,' eE+-]*\d[.,]?)(?P<after_minus>-?)"
    rf" ?(?P<after>{_ANY_SIGN})?(?P<last_minus>-?)",
    re.ASCII,
)
_NO_DATA = frozenset({"nan", "inf", "infinity", "null", "none", "n/a", "#n/a"})


class PlainNumber(str):
    """A number that a workbook holds as a number, in Python's own form: it has no marks to interpret."""

    __slots__ = ()


class UnreadableNumberError(Exception):
    """The text holds more than one number with its signs; the message says what."""


def undressed(text: str) -> tuple[str, str]:
    """Return the number in `text`, a minus in front and its marks as they are, and the sign of currency or ''.

    What is no number comes back as it is. Raises UnreadableNumberError if there is more than one sign.

    >>> undressed("($1,234.50)")
    ('-1,234.50', '$')
    """
    if len(text) > LONGEST_NUMBER:
        return text, ""
    text = text.translate(_PLAIN).strip()
    bracketed = text[:1] == "(" and text[-1:] == ")"
    dressed = _DRESSED.fullmatch(text[1:-1].strip() if bracketed else text)
    if not dressed:
        return text, ""
    minus = "".join(filter(None, dressed.group("minus", "inner", "after_minus", "last_minus")))
    currency = [sign for sign in dressed.group("before", "after") if sign]
    if len(minus) + bracketed > 1 or len(currency) > 1:
        raise UnreadableNumberError(f"{text[:40]!r} has more than one sign")
    return ("-" if bracketed else minus) + dressed["digits"].strip(), "".join(currency)


def check_currency(text: str, sign: str, currency: str | None) -> None:
    """Raise UnreadableNumberError if `sign` is not one of `currency`; without a currency there may be none."""
    if currency is None:
        raise UnreadableNumberError(f"{text.strip()[:40]!r} holds a currency sign, and a count has none")
    if currency not in _SIGNS[sign]:
        raise UnreadableNumberError(
            f"{text.strip()[:40]!r} holds a currency sign of another currency than {currency}; state the currency"
        )


def without_percent(text: str) -> tuple[str, bool]:
    """Return the text without a percent sign, and whether it had one."""
    bare = text.translate(_PLAIN).strip()
    return (bare[:-1].rstrip(), True) if bare.endswith("%") else (bare, False)


def why_no_number(text: str) -> str:
    """Return what keeps `text` from being a number, and what to do."""
    text = text.strip()
    if text == NO_RESULT:
        return f"the cell holds {NO_RESULT}"
    shown = repr(text[:40])
    if "%" in text:
        return f"{shown} holds a percent sign; a count or an amount is needed, such as 1234.50"
    if text.lower().lstrip("+-") in _NO_DATA:
        return f"{shown} is not a number; leave the cell empty where nothing is known"
    if any(unicodedata.category(sign) == "Sc" for sign in text):
        return f"{shown} holds a currency sign where none is expected; a plain number is needed, such as 1234.50"
    if re.fullmatch(rf"[+-]?[\d.,' {_BLANKS}]+", text, re.ASCII) and len(text) <= LONGEST_NUMBER:
        return f"{shown} is no number under the marks of its column; state decimal and thousands in the mapping"
    return f"{shown} is not a number"
