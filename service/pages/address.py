"""Addresses of pages, and what may stand in them."""

from collections.abc import Sequence
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Path, Query

RunId = Annotated[str, Path(pattern=r"^[A-Za-z0-9._-]{1,100}$")]
Searched = Annotated[str | None, Query(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
"""Empty, as a form sends what was not filled in, is the same as none."""
Cursor = Annotated[str | None, Query(max_length=200, pattern=r"^[\x21-\x7e]*$")]


def address(path: str, **query: str | int | Sequence[str] | None) -> str:
    """The path with what of the query is not empty."""
    given = {key: value for key, value in query.items() if value not in (None, "", [])}
    return f"{path}?{urlencode(given, doseq=True)}" if given else path


def within(path: str) -> str:
    r"""The path, if it is one of this server; or else where the pages begin.

    A browser takes `//name` and `/\name` for the address of another server, and drops tabs and line ends.
    """
    is_ours = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if is_ours else "/ui/runs"
