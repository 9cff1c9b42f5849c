"""Tokens that let somebody in: only their digests are kept, and compared in constant time.

    LLOCUST_TOKENS="ci:run:9f86d0…  grafana:read:60303a…"

A token is 32 random bytes, so its digest needs neither salt nor a slow hash.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, cast, get_args

Scope = Literal["read", "run"]
"""read: see everything. run: begin and cancel runs, import, and add results, too."""

PREFIX = "llocust_"
_NAME = re.compile(r"[\w.-]{1,40}")
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Token:
    """One that is let in."""

    name: str
    scope: Scope
    digest: str = field(repr=False)
    """SHA-256 of the token, hexadecimal."""


class Made(NamedTuple):
    """A new token, and what the service is told of it."""

    token: str
    entry: str


def read_tokens(text: str) -> tuple[Token, ...]:
    """Entries `name:scope:digest`, blanks or commas between them. Raises ValueError with a sentence that shows no digest."""
    return tuple(_read(number, entry) for number, entry in enumerate(text.replace(",", " ").split(), 1))


def _read(number: int, entry: str) -> Token:
    name, _, rest = entry.partition(":")
    scope, _, digest = rest.partition(":")
    if not _NAME.fullmatch(name) or scope not in get_args(Scope) or not _DIGEST.fullmatch(digest):
        raise ValueError(
            f"Entry {number} of LLOCUST_TOKENS is not NAME:SCOPE:DIGEST with a scope of read or run and a SHA-256 digest; "
            "`llocust serve --make-token read` makes one."
        )
    return Token(name, cast("Scope", scope), digest)


def make(scope: Scope, name: str | None = None) -> Made:
    """A token that nobody has yet."""
    token = PREFIX + secrets.token_urlsafe(32)
    return Made(token, f"{name or scope}:{scope}:{digest_of(token)}")


def digest_of(token: str) -> str:
    """As it is kept."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()


def find(tokens: Iterable[Token], token: str) -> Token | None:
    """Whose it is. Each is compared, whichever it is, so that the time taken tells nothing."""
    digest = digest_of(token)
    found = [each for each in tokens if hmac.compare_digest(each.digest, digest)]
    return found[0] if found else None
