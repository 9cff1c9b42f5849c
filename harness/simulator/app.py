"""The simulator's ASGI application: answers in every API that it speaks, and the truth about them."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs
from uuid import uuid4

import msgspec

from harness.simulator import refusals, script, summary
from harness.simulator.answer import Document, Stream
from harness.simulator.apis import CHAT, asked, listed
from harness.simulator.apis.api import Api, Ident
from harness.simulator.faults import REFUSALS, Fault, Rota
from harness.simulator.images import digests
from harness.simulator.options import SimulatorOptions
from harness.simulator.outlet import Message, Outlet, Send
from harness.simulator.pacing import Arrived, Pacing
from harness.simulator.planting import Planter
from harness.simulator.pump import Pump
from harness.simulator.refusals import Refusal
from harness.simulator.request import Ask, BadRequest
from harness.simulator.truth import Entry, Log
from harness.testset import digest

Receive = Callable[[], Awaitable[Message]]
Scope = dict[str, Any]

_JSON = b"application/json"
_ROWS_AT_ONCE = 50


class Gone(Exception):
    """The client left before its request had been read."""


class App:
    """Everything behind one listening socket. Must be made inside the event loop that runs it."""

    def __init__(self, options: SimulatorOptions, pacing: Pacing, api_key: str | None = None) -> None:
        self._options = options
        self._pump = Pump(pacing)
        self._in_hand = 0
        self._begin_anew()
        self._api_key = None if api_key is None else api_key.encode()
        self._log = Log()
        self._started_s = int(time.time())

    def _begin_anew(self) -> None:
        options = self._options
        self._rota = Rota(options.faults)
        self._planter = Planter(options.answers, options.accuracy, options.refusals, options.toxic)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, whatever its path."""
        received_ns = time.monotonic_ns()
        method, path = scope["method"], scope["path"]
        api = asked(path) if method == "POST" else None
        listing = listed(path, dict(scope["headers"])) if method == "GET" else None
        if api is not None:
            await self._complete(api, scope, receive, send, received_ns)
        elif listing is not None:
            await self._list_models(listing, scope, send)
        elif path == "/truth" and method in {"GET", "DELETE"}:
            await self._tell_truth(scope, send)
        elif path == "/truth/requests" and method == "GET":
            await self._tell_requests(scope, send)
        else:
            await _answer(send, refusals.no_such_page(method, path, CHAT))

    async def _complete(self, api: Api, scope: Scope, receive: Receive, send: Send, received_ns: int) -> None:
        headers = dict(scope["headers"])
        entry = _entry(api, scope, headers, received_ns)
        if not entry.probe:
            self._log.add(entry)
        outlet = Outlet(send, entry.sent_ns)
        try:
            self._authorize(api, headers)
            body = await _read_body(receive)
            entry.body = digest(body)
            ask = _parse(api, scope["path"], body)
            entry.images = digests(body)
            entry.stream, entry.model = ask.stream, self._model(api, ask)
            self._check_weighing(api, ask)
            entry.fault = self._fault(api, headers, entry.probe)
        except Gone:
            entry.disconnected = True
        except _Refused as refused:
            _refuse(outlet, entry, refused.refusal)
        else:
            self._in_hand += 1
            entry.in_hand = self._in_hand
            try:
                await self._play(api, ask, entry, outlet, receive)
            finally:
                self._in_hand -= 1
        entry.headers_ns, entry.last_send_ns = outlet.first_ns, outlet.last_ns
        entry.ended_ns = time.monotonic_ns()

    def _authorize(self, api: Api, headers: dict[bytes, bytes]) -> None:
        if self._api_key not in {None, api.key(headers)}:
            raise _Refused(refusals.unauthorized(api))

    def _model(self, api: Api, ask: Ask) -> str:
        if ask.model is None:
            return self._options.models[0]
        if ask.model not in self._options.models:
            raise _Refused(refusals.no_such_model(ask.model, api))
        return ask.model

    def _fault(self, api: Api, headers: dict[bytes, bytes], probe: bool) -> Fault | None:
        wish = headers.get(b"x-simulate")
        if wish is not None:
            try:
                return Fault(wish.decode("latin-1"))
            except ValueError as error:
                raise _Refused(refusals.bad_request(f"X-Simulate: {error}.", api)) from error
        return None if probe else self._rota.deal()

    def _check_weighing(self, api: Api, ask: Ask) -> None:
        way = "echo" if ask.echo else "engine"
        if ask.weighs_prompt and self._options.prompt_logprobs not in {"all", way}:
            message = "Log-probabilities of the prompt are not supported with this model."
            raise _Refused(refusals.bad_request(message, api))

    def _plant(self, api: Api, ask: Ask, entry: Entry) -> str | None:
        """What the answer is to say; None for words that are drawn."""
        if entry.probe or "t" not in api.kinds or ask.weighs_prompt or entry.fault is Fault.EMPTY:
            return None
        planted = self._planter.plant(ask.prompt, entry.in_hand or 1)
        entry.planted = None if planted is None else planted.quality
        return None if planted is None else planted.text

    async def _play(self, api: Api, ask: Ask, entry: Entry, outlet: Outlet, receive: Receive) -> None:
        if entry.fault in REFUSALS:
            _refuse(outlet, entry, refusals.for_fault(entry.fault, api))
            return
        part = script.write(api, ask, entry.fault, self._options, self._plant(api, ask, entry))
        entry.prompt_tokens = part.prompt_tokens
        answer = api.answer(Ident(f"sim-{uuid4().hex}", entry.model or "", int(time.time())), ask)
        stalls = part.fault in {Fault.STALL_BEFORE_HEADERS, Fault.STALL_BEFORE_TOKEN}
        kind = Stream if ask.stream else Document
        taker = kind(part, api, answer, outlet, entry)
        if isinstance(taker, Stream) and part.fault is not Fault.STALL_BEFORE_HEADERS:
            taker.open()
        if not stalls:
            self._pump.join(taker, Arrived(entry.received_ns, part.prompt_tokens, part.seed))
        timeout_s = self._options.stall_s if part.ending is script.Ending.STALL else None
        entry.disconnected = await _wait_for_end(outlet, receive, timeout_s)
        taker.over = True
        entry.status = None if outlet.first_ns is None else 200
        if outlet.done.done() and part.ending is script.Ending.COMPLETE:
            entry.finish, entry.usage = part.finish, part.tokens
            entry.logprobs, entry.prompt_logprobs = script.weigh(part, ask)

    async def _list_models(self, api: Api, scope: Scope, send: Send) -> None:
        try:
            self._authorize(api, dict(scope["headers"]))
        except _Refused as refused:
            await _answer(send, refused.refusal)
            return
        await _answer(send, _json(api.models(self._options.models, self._started_s)))

    async def _tell_truth(self, scope: Scope, send: Send) -> None:
        if scope["method"] == "DELETE":
            self._log.clear()
            self._begin_anew()
            await _answer(send, _json({"reset": True}))
            return
        try:
            since_ns, until_ns = _span(scope)
        except BadRequest as error:
            await _answer(send, refusals.bad_request(str(error), CHAT))
            return
        await _answer(send, _json(summary.summarise(self._log.between(since_ns, until_ns))))

    async def _tell_requests(self, scope: Scope, send: Send) -> None:
        try:
            entries = self._log.between(*_span(scope))
        except BadRequest as error:
            await _answer(send, refusals.bad_request(str(error), CHAT))
            return
        await send(_head(200, [(b"content-type", b"application/x-ndjson")]))
        # A few rows at a time, so that streams under way are not held up.
        for first in range(0, len(entries), _ROWS_AT_ONCE):
            rows = [msgspec.json.encode(entry.row()) + b"\n" for entry in entries[first : first + _ROWS_AT_ONCE]]
            await send({"type": "http.response.body", "body": b"".join(rows), "more_body": True})
            await asyncio.sleep(0)
        await send({"type": "http.response.body", "body": b"", "more_body": False})


class _Refused(Exception):
    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.status)
        self.refusal = refusal


def _parse(api: Api, path: str, body: bytes) -> Ask:
    try:
        return api.parse(path, body)
    except BadRequest as error:
        raise _Refused(refusals.bad_request(str(error), api)) from error


def _entry(api: Api, scope: Scope, headers: dict[bytes, bytes], received_ns: int) -> Entry:
    host, port = scope["client"] or ("unknown", 0)
    request_id = headers.get(b"x-request-id", b"").decode("latin-1") or uuid4().hex
    return Entry(
        id=request_id,
        connection=f"{host}:{port}",
        received_ns=received_ns,
        probe=headers.get(b"x-llocust-probe") == b"1",
        dialect=api.name,
    )


async def _read_body(receive: Receive) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Gone
        body += message["body"]
        if not message["more_body"]:
            return bytes(body)


async def _wait_for_end(outlet: Outlet, receive: Receive, timeout_s: float | None) -> bool:
    """Whether the client left before the answer had been sent. While an answer is sent, `receive` waits for just that."""
    gone = asyncio.ensure_future(receive())
    await asyncio.wait({gone, outlet.done}, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
    left = gone.done() and not outlet.done.done()
    gone.cancel()
    return left


def _span(scope: Scope) -> tuple[int | None, int | None]:
    query = parse_qs(scope["query_string"].decode("latin-1"))
    try:
        since, until = (query.get(name, [None])[-1] for name in ("since_ns", "until_ns"))
        return None if since is None else int(since), None if until is None else int(until)
    except ValueError as error:
        raise BadRequest("since_ns and until_ns take whole numbers of nanoseconds.") from error


def _refuse(outlet: Outlet, entry: Entry, refusal: Refusal) -> None:
    entry.status = refusal.status
    outlet.start(refusal.status, refusal.headers)
    outlet.write(refusal.body, more=False)


def _json(value: object) -> Refusal:
    return Refusal(200, [(b"content-type", _JSON)], msgspec.json.encode(value))


def _head(status: int, headers: list[tuple[bytes, bytes]]) -> Message:
    return {"type": "http.response.start", "status": status, "headers": headers}


async def _answer(send: Send, reply: Refusal) -> None:
    await send(_head(reply.status, [*reply.headers, (b"content-length", str(len(reply.body)).encode())]))
    await send({"type": "http.response.body", "body": reply.body, "more_body": False})
