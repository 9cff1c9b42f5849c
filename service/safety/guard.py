"""Lets a request in, or not: whose token it carries, and which page a browser sent it from."""

from collections.abc import Collection
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlencode, urlsplit

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from service.errors import problem
from service.safety.tokens import Token, find
from service.settings import LOOPBACK, Settings

COOKIE = "llocust_token"
"""In which a browser carries its token; set with HttpOnly and SameSite=Strict."""
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_PUBLIC = frozenset({"/health", "/login", "/logout"})
"""What is shown without a token. /health then says only whether all is well."""


class Guard:
    """In front of everything. What it finds is left in `scope["state"]["token"]`."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._tokens = settings.tokens
        self._hosts = _hosts(settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        refusal = self._foreign(request) or self._unknown(request)
        if refusal is None:
            await self._app(scope, receive, send)
            return
        status, sentence = refusal
        if status == 401 and _is_visit(request):
            await RedirectResponse(f"/login?{urlencode({'next': request.url.path})}", 303)(scope, receive, send)
            return
        headers = {"WWW-Authenticate": "Bearer"} if status == 401 else {}
        await problem(status, [sentence], headers)(scope, receive, send)

    def _foreign(self, request: Request) -> tuple[int, str] | None:
        """A page of another origin must not have its visitor's browser act here."""
        headers = request.headers
        if not self._tokens and _name(headers.get("host", "")) not in self._hosts:
            # A name of the attacker's own that resolves to this machine makes his page one of our origin.
            return 403, "This service answers to its own address only; the Host header names another."
        if request.method in _SAFE:
            return None
        if headers.get("sec-fetch-site", "none") not in ("none", "same-origin") or not _same_origin(headers):
            return 403, "A page of another origin cannot ask for this."
        return None

    def _unknown(self, request: Request) -> tuple[int, str] | None:
        if not self._tokens:
            return None
        token = find(self._tokens, carried(request) or "")
        request.scope.setdefault("state", {})["token"] = token
        if token is None:
            if _is_public(request):
                return None
            return 401, "A token is needed: send it as `Authorization: Bearer TOKEN`."
        if token.scope == "read" and request.method not in _SAFE and not _is_public(request):
            return 403, "This token is for reading only."
        return None


def _is_public(request: Request) -> bool:
    path = request.url.path
    return path in _PUBLIC or path.startswith("/static/")


def carried(request: Request) -> str | None:
    """The token that a request brings, known or not."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token:
        return token.strip()
    try:
        morsel = SimpleCookie(request.headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return None
    return morsel.value if morsel is not None else None


def _is_visit(request: Request) -> bool:
    """Whether a person looks at a page."""
    return request.method == "GET" and "text/html" in request.headers.get("accept", "")


def _hosts(settings: Settings) -> Collection[str]:
    return frozenset({*LOOPBACK, settings.host})


def _name(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _same_origin(headers: Headers) -> bool:
    """Whether the page that sent it is ours; programs send no Origin."""
    origin = headers.get("origin")
    if origin is None:
        return True
    try:
        return urlsplit(origin).netloc.lower() == headers.get("host", "").lower()
    except ValueError:
        return False


def token_of(scope: Scope) -> Token | None:
    """Whose request it is; None where no tokens are wanted, and for what is shown without."""
    found: Token | None = scope.get("state", {}).get("token")
    return found
