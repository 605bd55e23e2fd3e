"""The picture that guardrails look at, put together from the ledger, the warehouse and the platform's own word."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from aibuyer_kit.access.clients import ClientContext
from aibuyer_kit.core.changes import AMOUNTS, Change, Value
from aibuyer_kit.core.entities import Level
from aibuyer_kit.guardrails.net_change import HOURS
from aibuyer_kit.guardrails.picture import Limits, Picture, Stop
from aibuyer_kit.ledger.ledger import Ledger
from aibuyer_kit.settings.workspace_settings import GuardrailsSection
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.workflows.stop import read_stop

# What else than the warehouse tells the value of a field at a moment, as a replay's own changes do; None: nothing does.
ValueAt = Callable[[Change, datetime], Value | None]
_EVER = datetime(1970, 1, 1, tzinfo=UTC)
# A call takes effect somewhat after it was begun, which is the moment that the ledger knows.
_WINDOW = timedelta(hours=HOURS, minutes=10)


def limits_of(settings: GuardrailsSection) -> Limits:
    """Return the workspace's limits as the guardrails take them."""
    return Limits(
        settings.most_increase_24h,
        settings.most_decrease_24h,
        settings.budget_edits_an_hour,
        settings.data_age_hours,
    )


class Pictures:
    """Puts pictures together for one client; what the warehouse knew of a day ago is read once a minute of its time."""

    def __init__(
        self,
        context: ClientContext,
        ledger: Ledger,
        environment: Mapping[str, str] | None = None,
        *,
        stop: Stop | None = None,
        value_at: ValueAt | None = None,
    ) -> None:
        self._stop = stop
        self._value_at = value_at
        self._context = context
        self._ledger = ledger
        self._environment = environment
        self._reader = Reader(context.warehouse)
        self._known = cache(self._read_known)

    def of(
        self,
        change: Change,
        *,
        now: datetime,
        current: Value | None,
        data_known_at: datetime | None,
        decided_on_data: bool = True,
        restores: bool = False,
        change_id: int | None = None,
    ) -> Picture:
        """Return what is known of a change at `now`; its own calls (`change_id`) are not what it is judged by."""
        sent = self._ledger.sent(change, _EVER, but=change_id)
        within = [each for each in sent if each.at > now - _WINDOW]
        values = [value for each in within for value in (each.before, each.after)]
        return Picture(
            now=now,
            stop=self.stop,
            current=current,
            values=(*self._a_day_ago(change, now), *values),
            edits=tuple(each.at for each in sent if each.at > now - timedelta(hours=1)),
            last_edit=max((each.at for each in sent), default=None),
            data_known_at=data_known_at,
            decided_on_data=decided_on_data,
            restores=restores,
        )

    @property
    def stop(self) -> Stop:
        """The kill switch: as it was given, or as it is at this moment."""
        return self._stop or read_stop(self._context, self._environment)

    def close(self) -> None:
        self._reader.close()

    def _a_day_ago(self, change: Change, now: datetime) -> tuple[Value, ...]:
        if change.field not in AMOUNTS:
            return ()
        if self._value_at and (told := self._value_at(change, now - _WINDOW)) is not None:
            return (told,)
        if not self._reader.is_published:
            return ()
        moment = (now - _WINDOW).replace(second=0, microsecond=0)
        row = self._known(change.level, moment).get((change.platform, change.account_id, change.object_id), {})
        # A bid has no column of its own: it stands among what only some objects have.
        known = json.loads(row.get("attributes") or "{}") if change.field == "bid" else row
        micros = known.get(f"{change.field}_micros")
        return () if micros is None else (int(micros),)

    def _read_known(self, level: Level, moment: datetime) -> dict[tuple[str, str, str], dict[str, Any]]:
        rows = self._reader.entities(level, as_of=moment).rows()
        return {(row["platform"], row["account_id"], row["entity_id"]): row for row in rows}
