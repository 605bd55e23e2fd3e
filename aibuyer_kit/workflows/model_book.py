"""A client's models as a notebook holds them: what is kept, what it says, and what moves it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from aibuyer_kit.access.clients import ClientContext
from aibuyer_kit.core.dates import DateRange, time_zone
from aibuyer_kit.core.escape import for_html
from aibuyer_kit.core.i18n import UNKNOWN, format_change, format_moment, format_period, format_share, t
from aibuyer_kit.core.text_table import as_table, headed
from aibuyer_kit.settings.workspace_settings import Settings
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.workflows.champions import open_registry
from aibuyer_kit.workflows.learn import Learnt, compare, contest_text, learn, tune_parameters
from aibuyer_kit.workflows.period import account_zones

if TYPE_CHECKING:
    import pandas as pd

    from aibuyer_kit.charts.explanation import Explanation
    from aibuyer_kit.registry.records import ModelRecord
    from aibuyer_kit.workflows.tune import TunedModel


def listed(context: ClientContext, records: "Sequence[ModelRecord]") -> str:
    """Return versions as a table for people: days and moments as the client writes them, errors beside the floor's."""
    locale = context.settings.locale
    if not records:
        return t(locale, "models.none")
    reader = Reader(context.warehouse)
    try:
        zone = time_zone(account_zones(reader)[0])
    finally:
        reader.close()
    rows = [
        {
            "model": each.name,
            "version": each.version,
            "stages": ", ".join(t(locale, f"models.stage_{stage}") for stage in each.stages),
            "learnt_from": format_period(DateRange(each.since, each.until), locale),
            "beside_floor": _beside_floor(each, locale),
            "coverage": format_share(each.metrics.get("coverage"), locale, 0),
            "trained_at": format_moment(each.trained_at.astimezone(zone), locale),
        }
        for each in records
    ]
    return as_table(headed(rows, locale))


def _beside_floor(record: "ModelRecord", locale: str) -> str:
    loss, floor = record.metrics.get("loss"), record.metrics.get("floor_loss")
    return UNKNOWN if loss is None or not floor else format_change(loss / floor - 1, locale)


class ModelBook:
    """The models of one client; each call looks at what is kept now. The first one loads MLflow: seconds."""

    def __init__(self, context: ClientContext, settings: Settings) -> None:
        self._context, self._settings = context, settings

    def learn(self, *names: str, force: bool = False) -> Learnt:
        """Train the models that are due, or those named; a new one replaces the old only if it wins a paired backtest.

        Raises NotFoundError before the first load, RegistryError while another process trains.
        """
        return learn(self._context, self._settings, names, force=force)

    def to_frame(self) -> "pd.DataFrame":
        """Return one row per version that is kept, the newest of each model first."""
        import pandas as pd

        return pd.DataFrame([each.row() for each in open_registry(self._context, self._settings).versions()])

    def show(self, name: str, which: str = "champion") -> "ModelRecord":
        """Return all that is kept of one version: a number, champion or challenger. Raises NotFoundError."""
        return open_registry(self._context, self._settings).find(name, which)

    def explain(self, name: str, object_id: str | None = None, *, which: str = "champion") -> "Explanation":
        """Return what moves a version's estimates, of all objects or of one. Raises NotFoundError."""
        from aibuyer_kit.workflows.explain_model import explain_model

        return explain_model(self._context, self._settings, name, which, object_id)

    def compare(self, name: str, left: str = "champion", right: str = "challenger") -> str:
        """Return whether `right` would replace `left`, by a paired backtest, in a sentence. Raises NotFoundError."""
        found = compare(self._context, self._settings, name, left, right)
        return contest_text(found, self._context.settings.locale)

    def tune(self, name: str, *, trials: int = 20) -> "TunedModel":
        """Look for better parameters; those that are better on newer weeks too make the next challenger."""
        return tune_parameters(self._context, name, trials=trials, seed=self._settings.models.seed)

    def __repr__(self) -> str:
        found = open_registry(self._context, self._settings).versions()
        return listed(self._context, found) if found else "No models yet. Train what is due: .learn()"

    def _repr_html_(self) -> str:
        return f"<pre>{for_html(repr(self))}</pre>"
