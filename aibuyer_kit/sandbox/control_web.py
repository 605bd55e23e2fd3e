"""The tornado application by which tests and people steer the practice platform."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace

from tornado.web import Application

from aibuyer_kit.core.addresses import is_known_host
from aibuyer_kit.core.errors import AibuyerError, InputError
from aibuyer_kit.sandbox.control.deliveries import DeliveryMode
from aibuyer_kit.sandbox.control.exchange import Exchange
from aibuyer_kit.sandbox.graph.usage import TIERS
from aibuyer_kit.sandbox.market.account import Ad, AdSet, Campaign
from aibuyer_kit.sandbox.market.lift_tests import lift_tests
from aibuyer_kit.sandbox.market.settings_log import VERDICTS, Issue
from aibuyer_kit.sandbox.web import Handler, json_object, log_nothing

# A day in a second.
_FASTEST_CLOCK = 86_400


def control_application(exchange: Exchange) -> Application:
    """Return the control server."""
    handlers = {
        "/clock": _ClockHandler,
        "/faults": _FaultsHandler,
        "/calls": _CallsHandler,
        "/kinds": _KindsHandler,
        "/lift_tests": _LiftTestsHandler,
        "/settings": _SettingsHandler,
        "/tokens": _TokensHandler,
        "/tokens/revoke": _RevokeHandler,
        "/verdicts": _VerdictsHandler,
        "/webhooks": _WebhooksHandler,
        "/webhooks/send": _SendHandler,
    }
    routes = [(path, handler, {"exchange": exchange}) for path, handler in handlers.items()]
    return Application(routes, log_function=log_nothing)


class _ControlHandler(Handler):
    def prepare(self) -> None:
        """Answer only who asks for this machine by its own name: a page of another site may lead its name here."""
        if not is_known_host(self.request.host):
            self.set_status(403)
            self.finish(json.dumps({"error": "Ask for 127.0.0.1 or localhost."}))

    def reply(self, work: Callable[[], Mapping[str, object]]) -> None:
        """Answer with what `work` returns, or with HTTP 400 and the error's text."""
        try:
            content = work()
        except AibuyerError as error:
            self.set_status(400)
            content = {"error": str(error)}
        self.set_header("Content-Type", "application/json; charset=UTF-8")
        self.finish(json.dumps(content))

    def asked(self) -> Mapping[str, object]:
        """Return the JSON object of the body. Raises InputError."""
        content = json_object(self.request.body)
        if content is None:
            raise InputError("The body must be a JSON object.")
        return content

    def asked_for(self, *known: str) -> Mapping[str, object]:
        """Return the JSON object of the body, which may hold these keys only. Raises InputError."""
        content = self.asked()
        if unknown := set(content) - set(known):
            raise InputError(f"Unknown: {', '.join(sorted(unknown))}. Known: {', '.join(known)}.")
        return content


class _ClockHandler(_ControlHandler):
    """The virtual clock: GET reads it, POST moves it by "advance_seconds", or has it run at "seconds_per_second"."""

    def get(self) -> None:
        self.reply(self._clock)

    def post(self) -> None:
        self.reply(self._moved)

    def _clock(self) -> Mapping[str, object]:
        market = self.exchange.market
        return {"now": market.now.isoformat(), "today": market.today.isoformat(), "time_zone": market.zone.key}

    def _moved(self) -> Mapping[str, object]:
        asked = self.asked()
        ((name, seconds),) = asked.items() if len(asked) == 1 else (("", None),)
        if isinstance(seconds, bool) or not isinstance(seconds, int | float):
            raise InputError('Give {"advance_seconds": n} or {"seconds_per_second": n}.')
        match name:
            case "advance_seconds":
                self.exchange.market.advance(seconds=seconds)
                self.exchange.deliveries.pump_soon()
            case "seconds_per_second" if 0 <= seconds <= _FASTEST_CLOCK:
                self.exchange.clock_rate = float(seconds)
            case _:
                raise InputError(f"Give advance_seconds, or seconds_per_second from 0 to {_FASTEST_CLOCK}.")
        return self._clock()


class _FaultsHandler(_ControlHandler):
    """The faults armed now: listed by GET, one more by POST, none by DELETE."""

    def get(self) -> None:
        self.reply(lambda: {"faults": self.exchange.faults.report()})

    def post(self) -> None:
        self.reply(lambda: self.exchange.faults.arm(self.asked()).report())

    def delete(self) -> None:
        self.exchange.faults.clear()
        self.get()


class _CallsHandler(_ControlHandler):
    """The calls answered so far: GET ?since=n for those after number n."""

    def get(self) -> None:
        self.reply(self._calls)

    def _calls(self) -> Mapping[str, object]:
        since = self.get_query_argument("since", "0")
        if not (since.isascii() and since.isdigit()):
            raise InputError(f"since is {since!r}; give the number of a call, or 0.")
        return {"calls": self.exchange.calls.since(int(since))}


class _KindsHandler(_ControlHandler):
    """The kinds of fault."""

    def get(self) -> None:
        kinds = self.exchange.faults.kinds.values()
        self.reply(
            lambda: {"kinds": [{"kind": one.name, "meaning": one.meaning, "options": one.options} for one in kinds]}
        )


class _LiftTestsHandler(_ControlHandler):
    """The experiments that the world supplies: what ad sets brought beyond what would have come without them."""

    def get(self) -> None:
        self.reply(lambda: {"lift_tests": [each.report() for each in lift_tests(self.exchange.market)]})


class _SettingsHandler(_ControlHandler):
    """The app's tier of access, whether it demands appsecret_proof, how many answers are kept: by GET and POST."""

    def get(self) -> None:
        self.reply(self._settings)

    def post(self) -> None:
        self.reply(self._changed)

    def _settings(self) -> Mapping[str, object]:
        api = self.exchange.api
        return {
            "tier": api.meter.tier.name,
            "require_appsecret_proof": api.requires_proof,
            "keep_answers": self.exchange.calls.kept_answers,
        }

    def _changed(self) -> Mapping[str, object]:
        asked, api = self.asked_for("tier", "require_appsecret_proof", "keep_answers"), self.exchange.api
        kept_answers = _whole(asked.get("keep_answers", self.exchange.calls.kept_answers), "keep_answers")
        tier, proof = asked.get("tier", api.meter.tier.name), asked.get("require_appsecret_proof", api.requires_proof)
        if tier not in TIERS or not isinstance(proof, bool):
            raise InputError(f"tier must be one of {', '.join(TIERS)}, require_appsecret_proof true or false.")
        if "tier" in asked:
            api.meter.set_tier(TIERS[str(tier)])
        api.requires_proof = proof
        self.exchange.calls.keep_answers(kept_answers)
        return self._settings()


class _TokensHandler(_ControlHandler):
    """The tokens, without their texts, by GET; a new one by POST {"scopes"?, "expires_in_seconds"?}."""

    def get(self) -> None:
        self.reply(lambda: {"tokens": self.exchange.api.tokens.report(self.exchange.market.now_us)})

    def post(self) -> None:
        self.reply(self._issued)

    def _issued(self) -> Mapping[str, object]:
        asked = self.asked_for("scopes", "expires_in_seconds")
        scopes = asked.get("scopes", ["ads_read", "ads_management", "business_management"])
        seconds = _whole(asked.get("expires_in_seconds", 0), "expires_in_seconds")
        if not isinstance(scopes, list):
            raise InputError("scopes must be a list.")
        tokens = self.exchange.api.tokens
        token = tokens.issue(map(str, scopes), self.exchange.market.now_us, expires_seconds=seconds)
        return {"access_token": token.text}


class _RevokeHandler(_ControlHandler):
    """POST {"access_token"?, "subcode"?} revokes one token, or all."""

    def post(self) -> None:
        self.reply(self._revoked)

    def _revoked(self) -> Mapping[str, object]:
        asked = self.asked_for("access_token", "subcode")
        subcode = _whole(asked.get("subcode", 460), "subcode")
        return {"revoked": self.exchange.api.tokens.revoke(str(asked.get("access_token", "")), subcode)}


class _VerdictsHandler(_ControlHandler):
    """What the platform says of an object: POST {"id", "verdict", "code"?, "summary"?, "message"?}; "" for nothing."""

    def post(self) -> None:
        self.reply(self._judged)

    def _judged(self) -> Mapping[str, object]:
        asked = self.asked_for("id", "verdict", "code", "summary", "message")
        node, verdict = self.exchange.market.find(str(asked.get("id", ""))), asked.get("verdict")
        if not isinstance(node, Campaign | AdSet | Ad):
            raise InputError("id must be that of a campaign, an ad set or an ad.")
        if verdict not in ("", *VERDICTS):
            raise InputError(f"verdict is {verdict!r}. Known: {', '.join(VERDICTS)}, and empty for none.")
        code = _whole(asked.get("code", 1885316), "code")
        summary, message = str(asked.get("summary", "Sample issue")), str(asked.get("message", "Sample: mend the ad."))
        issue = Issue(code, summary, message) if verdict in ("WITH_ISSUES", "DISAPPROVED") else None
        changed = self.exchange.market.change(node.id, verdict=str(verdict), issue=issue)
        self.exchange.deliveries.pump_soon()
        return {"changed": changed}


class _WebhooksHandler(_ControlHandler):
    """GET: what was sent and what waits. POST: how, by "repeat", "delay_seconds", "shuffle_seed" and "hold"."""

    def get(self) -> None:
        self.reply(self._webhooks)

    def post(self) -> None:
        self.reply(self._changed)

    def _webhooks(self) -> Mapping[str, object]:
        deliveries = self.exchange.deliveries
        return {
            "mode": asdict(deliveries.mode),
            "sent": [one.report() for one in deliveries.sent],
            "waiting": [one.report() for one in deliveries.waiting],
        }

    def _changed(self) -> Mapping[str, object]:
        asked = self.asked_for("repeat", "delay_seconds", "shuffle_seed", "hold")
        hold = asked.get("hold", self.exchange.deliveries.mode.hold)
        numbers = {name: _whole(number, name) for name, number in asked.items() if name != "hold"}
        if not isinstance(hold, bool) or numbers.get("repeat", 1) < 1:
            raise InputError("hold must be true or false, repeat at least 1.")
        mode: DeliveryMode = replace(self.exchange.deliveries.mode, hold=hold, **numbers)
        self.exchange.deliveries.mode = mode
        return self._webhooks()


class _SendHandler(_ControlHandler):
    """POST sends all that waits, whenever it is due, and says how many messages that were."""

    async def post(self) -> None:
        self.exchange.deliveries.notice()
        sent = await self.exchange.deliveries.pump(all_of_it=True)
        self.reply(lambda: {"sent": sent})


def _whole(number: object, name: str) -> int:
    if isinstance(number, bool) or not isinstance(number, int) or number < 0:
        raise InputError(f"{name} is {number!r}; give a whole number from 0.")
    return number
