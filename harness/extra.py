"""What a user adds to the body of every request, in the API's own terms."""

import re
from typing import Any

import msgspec

_SECRET = re.compile(r"api[_-]?key|access[_-]?token|authorization|passw(or)?d|secret([_-]?key)?", re.IGNORECASE)
_ALLOWED = "a JSON object, or the path of a file with one"


def extra_body(text: str) -> dict[str, Any]:
    """A JSON object without a secret in it. Raises ValueError like the readers of harness.values."""
    if not text.lstrip().startswith("{"):
        raise ValueError(f"{_ALLOWED}; there is no such file")
    try:
        body = msgspec.json.decode(text, type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError) as error:
        raise ValueError(f"{_ALLOWED}; this is none: {error}") from None
    # It would stand in the manifest. Further down a key may be anything, such as a field of a schema.
    secret = next((key for key in body if _SECRET.fullmatch(key)), None)
    if secret is not None:
        raise ValueError(f'an object without {secret!r}; a secret is sent as --header "Name: env:VARIABLE"')
    return body
