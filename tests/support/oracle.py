"""A small server that answers what a test tells it to, and remembers what it was asked: judges, moderation, log-probabilities."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Reply:
    """`body` is sent as JSON, or as it is where it is bytes. `before` is called when the request has been read."""

    body: Any
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    before: Callable[[], None] | None = None


@dataclass
class Heard:
    """One request."""

    path: str
    headers: dict[str, str]
    body: dict

    @property
    def said(self) -> str:
        """The last message of a chat."""
        return self.body["messages"][-1]["content"]


@dataclass
class Oracle:
    """`answer` makes the reply to each request."""

    url: str
    heard: list[Heard] = field(default_factory=list)
    connections: int = 0


def chat(text: str, finish: str = "stop", reasoning: str | None = None) -> Reply:
    """A whole chat completion."""
    message = {"role": "assistant", "content": text}
    if reasoning is not None:
        message["reasoning_content"] = reasoning
    return Reply({"object": "chat.completion", "choices": [{"index": 0, "message": message, "finish_reason": finish}]})


def refusal(status: int, words: str, **headers: str) -> Reply:
    """An error as OpenAI words it; `retry_after="1"` is the header of that name."""
    told = {name.replace("_", "-").title(): value for name, value in headers.items()}
    return Reply({"error": {"message": words, "type": "some_error"}}, status, told)


def in_turn(*replies: Reply) -> Callable[[Heard], Reply]:
    """One after the other; the last for all further requests."""
    left = list(replies)
    return lambda _: left.pop(0) if len(left) > 1 else left[0]


@contextmanager
def consulted(answer: Callable[[Heard], Reply]) -> Iterator[Oracle]:
    """Such a server, until the block ends."""
    oracle = Oracle("")
    lock = threading.Lock()

    class Hearing(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def setup(self) -> None:
            super().setup()
            with lock:
                oracle.connections += 1

        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            heard = Heard(self.path, dict(self.headers), json.loads(self.rfile.read(length)))
            with lock:
                oracle.heard.append(heard)
                reply = answer(heard)
            if reply.before is not None:
                reply.before()
            body = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
            self.send_response(reply.status)
            for name, value in {"Content-Type": "application/json", **reply.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hearing)
    server.daemon_threads = True
    oracle.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield oracle
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
