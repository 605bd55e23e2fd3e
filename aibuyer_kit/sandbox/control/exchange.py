"""Where every call passes: the fault it meets, the answer it gets, the record of it."""

import asyncio
from contextlib import suppress
from dataclasses import replace

from aibuyer_kit.sandbox.control.calls import CallLog
from aibuyer_kit.sandbox.control.deliveries import Deliveries
from aibuyer_kit.sandbox.control.fault_kinds import FAULT_KINDS, STORM
from aibuyer_kit.sandbox.control.faults import Faults
from aibuyer_kit.sandbox.graph.api import GraphApi
from aibuyer_kit.sandbox.graph.batch import answer_batch, batch_items, is_batch
from aibuyer_kit.sandbox.graph.errors import GraphError
from aibuyer_kit.sandbox.graph.messages import Answer, GraphRequest
from aibuyer_kit.sandbox.graph.subscriptions import handshake_of


class Exchange:
    """The platform behind both servers; it lives on one event loop."""

    def __init__(self, api: GraphApi) -> None:
        self.api = api
        self.market = api.market
        self.faults = Faults(FAULT_KINDS, STORM)
        self.calls = CallLog()
        self.deliveries = Deliveries(api)
        # Virtual seconds that pass by themselves in a real one.
        self.clock_rate = 0.0
        self._held: set[asyncio.Event] = set()
        self.faults.when_cleared.append(self.release)

    async def answer(self, request: GraphRequest) -> Answer:
        """Return what the caller gets, and record what really happened before anything is held back."""
        await self._shake_hands(request)
        answer = self._answer_now(request)
        self.deliveries.pump_soon()
        if answer.held_seconds is not None:
            await self._hold(answer.held_seconds)
        return answer

    def pass_time(self, real_seconds: float) -> None:
        """Let the virtual clock run by itself, if it is to."""
        if self.clock_rate:
            self.market.advance(seconds=real_seconds * self.clock_rate)
            self.deliveries.pump_soon()

    def release(self) -> None:
        """Let all answers go that are held back."""
        for event in self._held:
            event.set()

    def _answer_now(self, request: GraphRequest, *, in_batch: bool = False) -> Answer:
        served: list[Answer] = []

        def serve() -> Answer:
            served.append(self._serve(request))
            return served[-1]

        fault = self.faults.meeting(request)
        answer = fault.meet(request, serve, self.api) if fault else serve()
        number = self.calls.record(
            request,
            status=answer.status,
            changed=any(one.changed for one in served),
            fault=fault.kind.name if fault else None,
            in_batch=in_batch,
        )
        return replace(answer, call_number=number)

    def _serve(self, request: GraphRequest) -> Answer:
        if not is_batch(request):
            return self.api.answer(request)
        try:
            self.api.let_in(request)
            items = batch_items(request)
            content = answer_batch(request, items, lambda item: self._answer_now(item, in_batch=True))
        except GraphError as error:
            return self.api.refusal(request, error)
        return Answer(200, content, self.api.headers(request))

    async def _shake_hands(self, request: GraphRequest) -> None:
        with suppress(GraphError):
            self.api.let_in(request)
            wish = handshake_of(request, self.api.credentials.app_id)
            if wish and await self.deliveries.shakes_hands(wish):
                self.api.subscriptions.verified.add((wish.callback_url, wish.verify_token))

    async def _hold(self, seconds: float) -> None:
        event = asyncio.Event()
        self._held.add(event)
        try:
            await asyncio.wait_for(event.wait(), seconds or None)
        except TimeoutError:
            pass
        finally:
            self._held.discard(event)
