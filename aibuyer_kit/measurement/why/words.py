"""Why a metric changed, as sentences and as plain text."""

from collections.abc import Sequence

from aibuyer_kit.core.escape import for_terminal
from aibuyer_kit.core.i18n import (
    UNKNOWN,
    format_change,
    format_metric,
    format_moment,
    format_period,
    format_share,
    t,
)
from aibuyer_kit.core.metrics import METRICS
from aibuyer_kit.measurement.why.explanation import Line, Why

# How many lines are told; the others are told as one.
MOST_LINES = 8
# A line is told as the cause if it is at least so much of its driver, and a second cause if it is so much of the first.
_OF_ALL = ("days", "maturity")
_MOST_OF_DRIVER, _WORTH_TELLING = 0.5, 0.25
# What still arrives is the main cause of a change that is usual otherwise if it is at least so much of it.
_MOST_OF_CHANGE = 0.5


def why_sentences(why: Why, locale: str) -> tuple[str, ...]:
    """Return what happened in plain words: the change, its main cause, the next one, and whether it is usual."""
    if why.kinds:
        return tuple(
            t(locale, "why.of_kind", kind=each.kind_name, words=" ".join(why_sentences(each, locale)))
            for each in why.kinds
        )
    told, causes = [_change_words(why, locale)], _causes(why)
    if causes and why.is_usual:
        return (*told, *_usual_words(why, causes[0], locale))
    told += [t(locale, "why.main_cause", cause=_cause_words(why, each, locale)) for each in causes[:1]]
    told += [t(locale, "why.next_cause", cause=_cause_words(why, each, locale)) for each in causes[1:]]
    return tuple(told)


def _usual_words(why: Why, first: Line, locale: str) -> tuple[str, ...]:
    """Return that nothing needs a cause, but for what is still arriving."""
    usual, cause = amount_words(why, why.usual or 0.0, locale), _cause_words(why, first, locale)
    if first.driver == "maturity":
        left = signed_words(why, (why.change or 0.0) - why.arriving, locale)
        is_most = abs(first.part) >= _MOST_OF_CHANGE * abs(why.change or 0.0)
        return (
            t(locale, "why.main_cause" if is_most else "why.arriving_part", cause=cause),
            t(locale, "why.rest_usual", rest=left, usual=usual),
        )
    return t(locale, "why.usual", usual=usual), t(locale, "why.largest_part", cause=cause)


def _causes(why: Why) -> list[Line]:
    """Return the one or two lines that are told as causes: of one object where it is most of what its driver did."""
    if not why.change or not why.drivers:
        return []
    first = why.drivers[0]
    size = first.beyond or abs(first.part)
    others = [each for each in why.drivers[1:] if each.beyond >= _WORTH_TELLING * size > 0]
    return [_object_of(why, driver) for driver in (first, *others[:1])]


def _object_of(why: Why, driver: Line) -> Line:
    if driver.driver in _OF_ALL:
        return driver
    own = [each for each in why.parts if each.driver == driver.driver and each.part * driver.part > 0]
    return own[0] if own and abs(own[0].part) >= _MOST_OF_DRIVER * abs(driver.part) else driver


def _change_words(why: Why, locale: str) -> str:
    name, change = t(locale, f"metric.{why.metric}"), why.change or 0.0
    after = format_metric(why.metric, why.after, why.currency, locale)
    if not change:
        return t(locale, "why.same", metric=name, after=after)
    share = format_change(change / abs(why.before), locale) if why.before else UNKNOWN
    key = "why.rose" if change > 0 else "why.fell"
    return t(locale, key, metric=name, change=amount_words(why, abs(change), locale), after=after, share=share)


def _cause_words(why: Why, line: Line, locale: str) -> str:
    words = f"{line_words(why, line, locale)} ({signed_words(why, line.part, locale)})"
    return words if line.object_id else f"{words}{_most_of_it(why, line, locale)}"


def _most_of_it(why: Why, driver: Line, locale: str) -> str:
    own = [each for each in why.parts if each.driver == driver.driver and each.part * driver.part > 0]
    if driver.driver in _OF_ALL or not own or len(why.objects) < 2:
        return ""
    part = signed_words(why, own[0].part, locale)
    return t(locale, "why.above_all", name=for_terminal(own[0].name), part=part)


def line_words(why: Why, line: Line, locale: str) -> str:
    """Return what a driver did, of an object with the figures that it was and became."""
    way = _direction(why, line)
    if not line.object_id:
        return t(locale, f"why.{line.driver}_{way}_all")
    name = for_terminal(line.name)
    if line.driver in ("spend", "mix") and 0.0 in (line.was, line.became):
        return t(locale, "why.started" if not line.was else "why.stopped", name=name)
    was, became = (level_words(why, line.driver, each, locale) for each in (line.was, line.became))
    return t(locale, f"why.{line.driver}_{way}", name=name) + (
        f" {t(locale, 'why.from_to', was=was, became=became)}" if line.was is not None else ""
    )


def _direction(why: Why, line: Line) -> str:
    """Return whether the driver itself rose or fell: told by its figures, or else by what it did to the metric."""
    if line.was is not None and line.became is not None and line.was != line.became:
        return "up" if line.became > line.was else "down"
    lowers = (METRICS[why.metric].higher_is_better is False) != (line.driver == "cpm")
    if line.driver in ("mix", "outside"):
        lowers = False
    return "up" if (line.part > 0) != lowers else "down"


def level_words(why: Why, driver: str, value: float | None, locale: str) -> str:
    """Return a driver's own measure: a CPM, a rate, a share."""
    if value is None:
        return UNKNOWN
    if driver in ("mix", "margin", "maturity"):
        return format_share(value, locale, decimals=1)
    return format_metric(driver, value, why.currency, locale)


def amount_words(why: Why, amount: float, locale: str) -> str:
    """Return a difference of the metric in its own unit; a difference of shares in points."""
    if METRICS[why.metric].unit == "share":
        return t(locale, "why.points", points=format_share(amount, locale).rstrip("%").strip())
    return format_metric(why.metric, amount, why.currency, locale)


def signed_words(why: Why, amount: float, locale: str) -> str:
    """Return a part of a change with its sign."""
    sign = "+" if amount > 0 else "−" if amount < 0 else ""
    return sign + amount_words(why, abs(amount), locale)


def driver_name(driver: str, locale: str) -> str:
    """Return what a driver is called."""
    return t(locale, f"driver.{driver}")


def why_text(why: Why, locale: str) -> str:
    """Return the whole explanation as plain text."""
    head = t(
        locale,
        "why.title",
        metric=t(locale, f"metric.{why.metric}"),
        period=format_period(why.period, locale),
        against=format_period(why.against, locale),
    )
    blocks = [f"{for_terminal(why.client_name)}: {head}"]
    blocks += [_block(each, locale) for each in (why.kinds or (why,))]
    blocks += ["\n".join(why.notes)] if why.notes else []
    blocks.append(t(locale, "word.data_as_of", moment=format_moment(why.data_as_of, locale)))
    return "\n\n".join(blocks)


def _block(why: Why, locale: str) -> str:
    words = "\n".join(why_sentences(why, locale))
    if why.kind_name:
        words = f"{why.kind_name}\n{words}"
    groups = [
        (t(locale, "why.by_driver"), [(driver_name(each.driver, locale), each) for each in why.drivers]),
        (t(locale, "why.by_part"), [(part_name(each, locale), each) for each in why.parts]),
    ]
    return "\n\n".join([words, *(_table(why, title, rows, locale) for title, rows in groups if rows)])


def part_name(line: Line, locale: str) -> str:
    """Return driver and object of a line."""
    return f"{driver_name(line.driver, locale)} · {line.name}"


def _table(why: Why, title: str, rows: Sequence[tuple[str, Line]], locale: str) -> str:
    shown, rest = rows[:MOST_LINES], rows[MOST_LINES:]
    cells = [
        (
            for_terminal(name),
            signed_words(why, line.part, locale),
            t(locale, "why.usually", usual=amount_words(why, line.usual, locale)) if line.usual else "",
        )
        for name, line in shown
    ]
    if rest:
        part = sum(line.part for _, line in rest)
        cells.append((t(locale, "chart.others", count=len(rest)), signed_words(why, part, locale), ""))
    cells.append((t(locale, "why.whole"), signed_words(why, why.change or 0.0, locale), ""))
    widths = [max(len(title) if not at else 0, *(len(each[at]) for each in cells)) for at in (0, 1)]
    lines = [f"  {name:<{widths[0]}}  {part:>{widths[1]}}  {usual}".rstrip() for name, part, usual in cells]
    return "\n".join([title, *lines])
