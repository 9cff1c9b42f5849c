"""What code of the user's own raised, in words: which exception, on which line of the user's file, saying what."""

import traceback
from collections.abc import Collection

from harness.scrub import scrubbed

_WORDS_CHARS = 300


def words(error: BaseException, path: str, secrets: Collection[str] = ()) -> str:
    """`raised KeyError on line 12: 'token'`, the line being the last one in the file `path` that was on the way.

    `secrets` are taken out, as is all that looks like a key.
    """
    line = line_in(error, path)
    where = f" on line {line}" if line is not None else ""
    said = scrubbed(" ".join(_said(error).split()), secrets)[:_WORDS_CHARS].rstrip(".")
    return f"raised {type(error).__name__}{where}" + (f": {said}" if said else "")


def line_in(error: BaseException, path: str) -> int | None:
    """The line of the file that raised, or that called what did; None where it had no part in it."""
    if isinstance(error, SyntaxError) and error.filename == path:
        return error.lineno
    frames = [number for frame, number in traceback.walk_tb(error.__traceback__) if frame.f_code.co_filename == path]
    return frames[-1] if frames else None


def _said(error: BaseException) -> str:
    if isinstance(error, SyntaxError):
        return error.msg
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - an exception of the user's own whose words cannot be had
        return ""
