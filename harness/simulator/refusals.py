"""Replies that are no answers: errors as OpenAI writes them, and the ones that faults ask for."""

from typing import NamedTuple

from harness.simulator.answer import EVENT_STREAM
from harness.simulator.chunks import error
from harness.simulator.faults import Fault

ELSEWHERE = b"http://elsewhere.invalid/v1/chat/completions"
"""Where `redirect` points: `.invalid` never resolves (RFC 2606)."""


class Refusal(NamedTuple):
    """A reply that is known whole before it is sent."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


def _error(status: int, message: str, kind: str, code: str | None = None) -> Refusal:
    return Refusal(status, [(b"content-type", b"application/json")], error(message, kind, code))


UNAUTHORIZED = _error(401, "Incorrect API key provided.", "invalid_request_error", "invalid_api_key")

_HTML = b"<!doctype html><html><head><title>Welcome</title></head><body><h1>It works!</h1></body></html>\n"
_BUSY = _error(429, "Too many requests; try again in a second.", "rate_limit_error", "rate_limit_exceeded")

_BY_FAULT = {
    Fault.REFUSE_429: Refusal(429, [*_BUSY.headers, (b"retry-after", b"1")], _BUSY.body),
    Fault.REFUSE_400: _error(400, "This request is refused on purpose.", "invalid_request_error"),
    Fault.ERROR_500: _error(500, "The engine failed on purpose.", "server_error"),
    Fault.ERROR_503: _error(503, "The engine is overloaded on purpose.", "server_error"),
    Fault.REDIRECT: Refusal(302, [(b"location", ELSEWHERE), (b"content-length", b"0")], b""),
    Fault.HTML: Refusal(200, [(b"content-type", b"text/html; charset=utf-8")], _HTML),
    Fault.NOTHING: Refusal(200, EVENT_STREAM, b""),
}


def for_fault(fault: Fault) -> Refusal:
    """What a fault in `REFUSALS` looks like."""
    return _BY_FAULT[fault]


def bad_request(message: str) -> Refusal:
    """A request that cannot be understood."""
    return _error(400, message, "invalid_request_error")


def no_such_model(model: str) -> Refusal:
    """A model that is not served."""
    return _error(404, f"The model `{model}` does not exist.", "invalid_request_error", "model_not_found")


def no_such_page(method: str, path: str) -> Refusal:
    """A path that is not served."""
    return _error(404, f"There is no {method} {path}.", "invalid_request_error")
