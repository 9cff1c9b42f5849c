"""An in-house gateway: it wants a log-in, speaks OpenAI's chat, and beside it a protocol that nobody else speaks.

POST /generate {"question": text, "limit": n} is answered by one JSON document a line: {"word": text} for each word, and
last {"heard": tokens, "spoken": tokens}. A question with the word `trouble` gets {"trouble": text} in the place of the
end, one with `cut` no end at all, one with `slowly` a pause of half a minute after its first word.
"""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

WORDS = ("All", " is", " well", " – так", " 好.")


@dataclass
class Gateway:
    """What it heard: bodies by path, and the tokens that it gave and that it was shown."""

    url: str
    heard: list[tuple[str, dict]] = field(default_factory=list)
    given: list[str] = field(default_factory=list)
    shown: list[str | None] = field(default_factory=list)
    ids: list[str | None] = field(default_factory=list)

    def bodies(self, path: str) -> list[dict]:
        return [body for heard, body in self.heard if heard == path]


class _Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    gateway: Gateway

    def do_GET(self):
        self._whole(200, {"object": "list", "data": [{"id": "house"}]})

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.gateway.heard.append((self.path, body))
        act = {"/login": self._log_in, "/v1/chat/completions": self._chat, "/generate": self._generate}[self.path]
        act(body)

    def _log_in(self, body):
        token = f"t-{len(self.gateway.given)}-{body['team']}"
        self.gateway.given.append(token)
        self._whole(200, {"token": token})

    def _chat(self, body):
        shown = (self.headers["Authorization"] or "").removeprefix("Bearer ")
        self.gateway.shown.append(shown)
        if shown not in self.gateway.given:
            self._whole(401, {"error": {"message": "log in first"}})
            return
        chunks = [{"choices": [{"index": 0, "delta": {"content": word}}]} for word in WORDS]
        chunks.append({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
        self._stream("text/event-stream", [*(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks), "data: [DONE]\n\n"])

    def _generate(self, body):
        self.gateway.ids.append(self.headers["X-Request-ID"])
        question = body["question"]
        lines = [{"word": word} for word in WORDS]
        if "trouble" in question:
            lines.append({"trouble": "out of paper"})
        elif "cut" not in question:
            lines.append({"heard": len(question.split()), "spoken": len(WORDS)})
        pause_s = 30 if "slowly" in question else 0
        self._stream("application/json", [json.dumps(line) + "\n" for line in lines], pause_s)

    def _whole(self, status, document):
        data = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _stream(self, kind, parts, pause_s=0):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            for part in parts:
                data = part.encode()
                self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))
                time.sleep(pause_s or 0.005)
            self.wfile.write(b"0\r\n\r\n")
        except ConnectionError:
            self.close_connection = True  # who asked has read enough

    def log_message(self, *_):
        """Nothing."""


@contextmanager
def running_gateway() -> Iterator[Gateway]:
    """On a free port of the loopback, in threads of this process."""

    class Answers(_Answers):
        pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    server.daemon_threads = True
    Answers.gateway = Gateway(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield Answers.gateway
    finally:
        server.shutdown()
        server.server_close()
