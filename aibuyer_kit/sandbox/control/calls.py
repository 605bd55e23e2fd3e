"""The record of every call answered, without tokens."""

from aibuyer_kit.sandbox.graph.messages import GraphRequest
from aibuyer_kit.sandbox.market.days import from_us


class CallLog:
    """Calls in the order of their answers, numbered from 1."""

    def __init__(self) -> None:
        self._calls: list[dict[str, object]] = []

    def record(self, request: GraphRequest, *, status: int, changed: bool, fault: str | None) -> None:
        """Note one call; `changed` says whether it changed anything, whatever the caller was told."""
        self._calls.append(
            {
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
        )

    def since(self, number: int) -> list[dict[str, object]]:
        """Return the calls whose numbers are above `number`."""
        return self._calls[max(0, number) :]
