"""What the clients of the accuracy bench have in common: when they do what, what they ask, what they write at the end.

A client learns all of it from environment variables, so that Locust can run one like any other locustfile.
"""

import json
import os
import time
from pathlib import Path
from typing import NamedTuple

PROMPT = "Explain in a few sentences how a steam engine turns heat into motion, and what limits how well it can do so."


class Orders(NamedTuple):
    """One run of a client. The span that is measured begins `warm_s` after the first start."""

    url: str
    users: int
    spread_s: float
    """Users begin evenly over this."""
    warm_s: float
    window_s: float
    tokens: int
    ca_file: str | None
    output: str


def orders() -> Orders:
    """From the variable ACCURACY_ORDERS."""
    return Orders(**json.loads(os.environ["ACCURACY_ORDERS"]))


def body(tokens: int) -> bytes:
    """The request's body, the same for all clients."""
    message = {"role": "user", "content": PROMPT}
    asked = {"model": "sim", "messages": [message], "stream": True, "max_tokens": tokens}
    return json.dumps(asked | {"stream_options": {"include_usage": True}}).encode()


HEADERS = {"Content-Type": "application/json", "Accept": "text/event-stream"}


class Row:
    """One request as a client saw it; every stamp was taken by time.monotonic_ns() where it stands in the client."""

    __slots__ = ("at_ns", "ended_ns", "id", "sent_ns")

    def __init__(self, request_id: str) -> None:
        self.id = request_id
        self.at_ns: list[int] = []
        self.ended_ns: int | None = None
        self.sent_ns = time.monotonic_ns()


def has_content(data: str | bytes) -> bool:
    """Parse an event as any client must, and tell whether it carries text."""
    choices = json.loads(data).get("choices")
    return bool(choices and choices[0]["delta"].get("content"))


def write(path: str, rows: list[Row], begun_ns: int) -> None:
    """A line with the moment of the first start, then one line a request."""
    with Path(path).open("w") as file:
        file.write(json.dumps({"begun_ns": begun_ns}) + "\n")
        for row in rows:
            told = {"id": row.id, "sent_ns": row.sent_ns, "at_ns": row.at_ns, "ended_ns": row.ended_ns}
            file.write(json.dumps(told) + "\n")
