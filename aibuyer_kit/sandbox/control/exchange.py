"""Where every call passes: the fault it meets, the answer it gets, the record of it."""

from aibuyer_kit.sandbox.control.calls import CallLog
from aibuyer_kit.sandbox.control.fault_kinds import FAULT_KINDS
from aibuyer_kit.sandbox.control.faults import Faults
from aibuyer_kit.sandbox.graph.api import GraphApi
from aibuyer_kit.sandbox.graph.messages import Answer, GraphRequest


class Exchange:
    """The platform behind both servers; it lives on one event loop."""

    def __init__(self, api: GraphApi) -> None:
        self.api = api
        self.market = api.market
        self.faults = Faults(FAULT_KINDS)
        self.calls = CallLog()

    async def answer(self, request: GraphRequest) -> Answer:
        """Return what the caller gets, and record what really happened."""
        served: list[Answer] = []

        def serve() -> Answer:
            served.append(self.api.answer(request))
            return served[-1]

        fault = self.faults.meeting(request)
        answer = await fault.meet(request, serve, self.api) if fault else serve()
        self.calls.record(
            request,
            status=answer.status,
            changed=any(one.changed for one in served),
            fault=fault.kind.name if fault else None,
        )
        return answer
