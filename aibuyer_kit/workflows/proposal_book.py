"""A client's proposals as a notebook holds them: what was proposed, approved and done, to be read."""

from collections import Counter
from typing import TYPE_CHECKING

from aibuyer_kit.access.clients import ClientContext
from aibuyer_kit.core.escape import for_html
from aibuyer_kit.workflows.proposals import CHANGE_COLUMNS, change_rows, proposal_text

if TYPE_CHECKING:
    import pandas as pd


class ProposalBook:
    """The ledger of one client, to be read: one row per proposed change, the newest proposal first.

    Budgets are in micros, statuses are text. Changes are made by `aibuyer approve`, `apply` and `undo`.
    """

    def __init__(self, context: ClientContext) -> None:
        self._context = context

    def to_frame(self) -> "pd.DataFrame":
        """Return every proposed change with its state and its outcome."""
        return self._frame(only_open=False)

    def pending(self) -> "pd.DataFrame":
        """Return those of which something may still come: to be approved, to be applied, or waiting."""
        return self._frame(only_open=True)

    def show(self, proposal: int) -> str:
        """Return all that is known of one proposal as text. Raises NotFoundError."""
        return proposal_text(self._context, proposal)

    def _frame(self, *, only_open: bool) -> "pd.DataFrame":
        import pandas as pd

        return pd.DataFrame(change_rows(self._context, only_open=only_open), columns=CHANGE_COLUMNS)

    def _counts(self) -> str:
        states = Counter(row["state"] for row in change_rows(self._context))
        return ", ".join(f"{count} {state}" for state, count in sorted(states.items())) or "none yet"

    def __repr__(self) -> str:
        return f"Proposals({self._context.id!r}, changes: {self._counts()})"

    def _repr_html_(self) -> str:
        return f"<p>Proposed changes of <code>{for_html(self._context.id)}</code>: {for_html(self._counts())}</p>"
