"""Replies that are no answers: errors as each API writes them, and the ones that faults ask for."""

from typing import NamedTuple

from harness.simulator.answer import stream_head
from harness.simulator.apis.api import Api
from harness.simulator.faults import Fault

ELSEWHERE = b"http://elsewhere.invalid/v1/chat/completions"
"""Where `redirect` points: `.invalid` never resolves (RFC 2606)."""

_HTML = b"<!doctype html><html><head><title>Welcome</title></head><body><h1>It works!</h1></body></html>\n"


class Refusal(NamedTuple):
    """A reply that is known whole before it is sent."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


class _Error(NamedTuple):
    status: int
    message: str
    code: str | None = None


_ERRORS = {
    Fault.REFUSE_429: _Error(429, "Too many requests; try again in a second.", "rate_limit_exceeded"),
    Fault.REFUSE_400: _Error(400, "This request is refused on purpose."),
    Fault.ERROR_500: _Error(500, "The engine failed on purpose."),
    Fault.ERROR_503: _Error(503, "The engine is overloaded on purpose."),
}


def for_fault(fault: Fault, api: Api) -> Refusal:
    """What a fault in `REFUSALS` looks like."""
    if fault in _ERRORS:
        refusal = _refusal(api, _ERRORS[fault])
        return (
            refusal._replace(headers=[*refusal.headers, (b"retry-after", b"1")]) if refusal.status == 429 else refusal
        )
    if fault is Fault.REDIRECT:
        return Refusal(302, [(b"location", ELSEWHERE), (b"content-length", b"0")], b"")
    if fault is Fault.HTML:
        return Refusal(200, [(b"content-type", b"text/html; charset=utf-8")], _HTML)
    assert fault is Fault.NOTHING
    return Refusal(200, stream_head(api), b"")


def unauthorized(api: Api) -> Refusal:
    """No API key, or a wrong one."""
    return _refusal(api, _Error(401, "Incorrect API key provided.", "invalid_api_key"))


def bad_request(message: str, api: Api) -> Refusal:
    """A request that cannot be understood."""
    return _refusal(api, _Error(400, message))


def no_such_model(model: str, api: Api) -> Refusal:
    """A model that is not served."""
    return _refusal(api, _Error(404, f"The model `{model}` does not exist.", "model_not_found"))


def no_such_page(method: str, path: str, api: Api) -> Refusal:
    """A path that is not served."""
    return _refusal(api, _Error(404, f"There is no {method} {path}."))


def _refusal(api: Api, error: _Error) -> Refusal:
    return Refusal(error.status, [(b"content-type", b"application/json")], api.error(*error))
