"""The record of every call answered, without tokens."""

from aibuyer_kit.sandbox.graph.messages import GraphRequest
from aibuyer_kit.sandbox.market.days import from_us


class CallLog:
    """Calls in the order of their answers, numbered from 1."""

    def __init__(self) -> None:
        self._calls: list[dict[str, object]] = []

    def record(
        self, request: GraphRequest, *, status: int, changed: bool, fault: str | None, in_batch: bool = False
    ) -> None:
        """Note one call; `changed` says whether it changed anything, whatever the caller was told.

        The items of a batch are calls of their own, before the batch; a status of 0 is no answer at all.
        """
        call: dict[str, object] = {
            "n": len(self._calls) + 1,
            "time": from_us(request.at_us).isoformat(),
            "method": request.method,
            "path": request.path,
            "query": request.query.without_secrets(),
            "body": request.body.without_secrets(),
            "status": status,
            "changed": changed,
            "fault": fault,
        }
        self._calls.append(call | {"in_batch": True} if in_batch else call)

    def since(self, number: int) -> list[dict[str, object]]:
        """Return the calls whose numbers are above `number`."""
        return self._calls[max(0, number) :]
