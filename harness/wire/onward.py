"""Where a redirect leads, by the rules of `requests`: what is asked there, what goes along, and what is told of it."""

from email.message import Message
from io import BytesIO
from urllib.parse import urlsplit

from requests import PreparedRequest, Response, Session
from requests.cookies import MockRequest, MockResponse
from requests.structures import CaseInsensitiveDict

from harness.call import Broken, Listener
from harness.outcome import Break
from harness.wire.reply import Reply

_HARMLESS = frozenset({"accept", "accept-encoding", "content-type", "content-length", "user-agent", "x-request-id"})
"""What goes along to another host. Any other header may be a key; `requests` knows of `Authorization` only."""


class Onward:
    """Listens to a request that a redirect led to: the exchange began with the first one, and its clock runs on."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self.opened = listener.opened
        self.arrived = listener.arrived
        self.ended = listener.ended

    def connected(self, connect_us: int | None) -> None: ...

    def again(self) -> None: ...

    def sent(self, at_ns: int, request_bytes: int | None) -> None: ...


def redirected(session: Session, request: PreparedRequest, reply: Reply) -> PreparedRequest:
    """The same request where `reply` says it is to be asked. Raises Broken for a place that is none."""
    try:
        following = _resolve(session, request, reply)
    except (ValueError, OSError) as error:
        location = reply.header("location")
        why = f"The answer redirects to {location!r}, where nothing can be asked: {error}."
        raise Broken(Break.MALFORMED, why) from error
    if session.should_strip_auth(str(request.url), str(following.url)):  # type: ignore[no-untyped-call]
        for name in [name for name in following.headers if name.lower() not in _HARMLESS]:
            del following.headers[name]
    return following


def _resolve(session: Session, request: PreparedRequest, reply: Reply) -> PreparedRequest:
    response = Response()
    response.status_code, response.url, response.request = reply.status, str(request.url), request
    response.headers = CaseInsensitiveDict({header.name: header.value for header in reply.headers})
    response.raw = BytesIO()
    following = next(session.resolve_redirects(response, request, proxies=session.proxies, yield_requests=True))
    assert isinstance(following, PreparedRequest)
    if urlsplit(str(following.url)).scheme not in ("http", "https"):
        raise ValueError("it is neither http nor https")
    return following


def keep_cookies(session: Session, request: PreparedRequest, reply: Reply) -> None:
    """Put what the server sets into the session's jar, for the requests that follow."""
    message = Message()
    for header in reply.headers:
        message[header.name] = header.value
    # The two stand in for what the cookie jar of the standard library wants; `requests` uses them for the same.
    session.cookies.extract_cookies(MockResponse(message), MockRequest(request))  # type: ignore[arg-type]
