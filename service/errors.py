"""What goes wrong becomes {"detail": sentence}, and never repeats what was sent: it may hold a key."""

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from service.store.nouns import StoreError

MOST_SHOWN = 20
_MOST_PARTS = 6
_NO_PLACE = frozenset(
    {"body", "query", "path", "header", "int", "float", "str", "list", "dict", "constrained-str", "constrained-float"}
)
"""What pydantic puts between the names of a place: where the request has it, and which of several types it tried."""


class Detail(BaseModel):
    """Why not, in a sentence that says what to do; where there is more than one mistake, all of them."""

    detail: str
    mistakes: list[str] = []


class Refused(Exception):
    """A request that cannot be done; becomes its status and sentences."""

    def __init__(self, status: int, *sentences: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(" ".join(sentences))
        self.status = status
        self.sentences = sentences
        self.headers = dict(headers or {})


def answers(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """For the schema: the statuses, beside the good one, that a call may answer with."""
    return {status: {"model": Detail} for status in (*statuses, 400, 401, 403, 413, 422)}


def install(app: FastAPI) -> None:
    """Have the app answer so."""
    app.exception_handler(Refused)(_refused)
    app.exception_handler(RequestValidationError)(_invalid)
    app.exception_handler(HTTPException)(_plain)
    app.exception_handler(StoreError)(_unkept)
    app.exception_handler(Exception)(_broken)


async def _refused(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Refused)
    return problem(error.status, list(error.sentences), error.headers)


async def _invalid(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    sentences = list(dict.fromkeys(_sentence(each) for each in error.errors()))
    return problem(422, sentences[:MOST_SHOWN])


def _sentence(error: Mapping[str, Any]) -> str:
    """Where and why. Pydantic's `input` and `ctx` are left out: there may be a key in them."""
    parts = [str(part) for part in error["loc"] if part not in _NO_PLACE]
    where = ".".join(parts[:_MOST_PARTS])
    why = str(error["msg"]).removeprefix("Value error, ").rstrip(".")
    if error["type"] == "json_invalid":
        return "The body is not JSON."
    return f"{where}: {why}." if where else f"{why}."


async def _plain(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    return problem(error.status_code, [_ended(str(error.detail))], dict(error.headers or {}))


def _ended(words: str) -> str:
    return words if words.endswith((".", "!", "?")) else f"{words}."


async def _unkept(_: Request, error: Exception) -> JSONResponse:
    return problem(503, [str(error)])


async def _broken(_: Request, __: Exception) -> JSONResponse:
    return problem(500, ["The service failed; its log says why."])


def problem(status: int, sentences: list[str], headers: Mapping[str, str] | None = None) -> JSONResponse:
    """The answer to a request that is not done."""
    content: dict[str, Any] = {"detail": " ".join(sentences)}
    if len(sentences) > 1:
        content["mistakes"] = sentences
    return JSONResponse(content, status, headers=dict(headers or {}))
