"""A client's models as a notebook holds them: what is kept, what it says, and what moves it."""

from typing import TYPE_CHECKING

from aibuyer_kit.access.clients import ClientContext
from aibuyer_kit.core.escape import for_html
from aibuyer_kit.core.text_table import as_table
from aibuyer_kit.settings.workspace_settings import Settings
from aibuyer_kit.workflows.learn import Learnt, compare, contest_text, learn, open_registry, tune_parameters

if TYPE_CHECKING:
    import pandas as pd

    from aibuyer_kit.charts.explanation import Explanation
    from aibuyer_kit.registry.records import ModelRecord
    from aibuyer_kit.workflows.tune import TunedModel


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
        rows = [each.row() for each in open_registry(self._context, self._settings).versions()]
        shown = [
            {key: row[key] for key in ("model", "version", "stages", "until", "loss", "floor_loss")} for row in rows
        ]
        return as_table(shown, empty="No models yet. Train what is due: .learn()")

    def _repr_html_(self) -> str:
        return f"<pre>{for_html(repr(self))}</pre>"
