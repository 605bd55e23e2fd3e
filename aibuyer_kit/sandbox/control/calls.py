"""The record of every call answered, without tokens, and of what the callers were told if that is asked for."""

from collections import deque

from aibuyer_kit.sandbox.graph.messages import GraphRequest
from aibuyer_kit.sandbox.market.days import from_us


class CallLog:
    """Calls in the order of their answers, numbered from 1; of the latest, what was delivered can be kept too."""

    def __init__(self) -> None:
        self._calls: list[dict[str, object]] = []
        self._answers: deque[tuple[int, str]] = deque(maxlen=0)

    @property
    def kept_answers(self) -> int:
        """Of how many answers the bodies are kept."""
        return self._answers.maxlen or 0

    def keep_answers(self, most: int) -> None:
        """Keep the bodies of so many delivered answers from now on, the latest ones; 0 for none."""
        self._answers = deque(self._answers, maxlen=most)

    def record(
        self, request: GraphRequest, *, status: int, changed: bool, fault: str | None, in_batch: bool = False
    ) -> int:
        """Note one call and return its number; `changed` says whether it changed anything, whatever was told.

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
        return len(self._calls)

    def delivered(self, number: int, body: bytes) -> None:
        """Note that the caller of a call has got its answer whole, as the platform meant it or as a fault spoilt it."""
        if self.kept_answers:
            self._answers.append((number, body.decode("utf-8", "replace")))

    def since(self, number: int) -> list[dict[str, object]]:
        """Return the calls whose numbers are above `number`, with the `answer` of those whose answers are kept."""
        answers = dict(self._answers)
        calls = self._calls[max(0, number) :]
        if not answers:
            return calls
        return [call | {"answer": answers[n]} if (n := int(str(call["n"]))) in answers else call for call in calls]
