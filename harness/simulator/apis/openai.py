"""What chat and text completions have in common."""

from typing import Any

from harness.simulator.apis.api import Streamed
from harness.simulator.words import Tokens, encode

DONE = b"data: [DONE]\n\n"
_KINDS = {429: "rate_limit_error"}


class OpenAi(Streamed):
    """The list of models and the errors of OpenAI."""

    def models(self, names: tuple[str, ...], started_s: int) -> dict[str, Any]:
        listed = [{"id": name, "object": "model", "created": started_s, "owned_by": "llocust"} for name in names]
        return {"object": "list", "data": listed}

    def error(self, status: int, message: str, code: str | None = None) -> bytes:
        kind = "server_error" if status >= 500 else _KINDS.get(status, "invalid_request_error")
        return encode({"error": {"message": message, "type": kind, "param": None, "code": code}})


def usage(tokens: Tokens) -> dict[str, Any]:
    """Token counts of both."""
    return {
        "prompt_tokens": tokens.prompt,
        "completion_tokens": tokens.output,
        "total_tokens": tokens.prompt + tokens.output,
        "prompt_tokens_details": {"cached_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": tokens.reasoning},
    }
