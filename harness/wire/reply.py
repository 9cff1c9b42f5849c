"""One HTTP/1 response, parsed as its bytes come: no socket, no clock."""

from typing import NamedTuple

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from harness.wire.coding import Coding, coding_for

HEAD_LIMIT_BYTES = 65_536


class Header(NamedTuple):
    name: str
    """Lower case."""
    value: str


class Reply:
    """Fed with what a socket gives; knows when the head is there and when the framing proves the end of the body.

    A flaw is kept instead of raised, so that what came before it in the same bytes is not lost.
    """

    def __init__(self) -> None:
        self.status = 0
        self.version = "1.1"
        self.headers: list[Header] = []
        self.has_head = False
        self.complete = False
        self.reusable = False
        """The connection may carry another request: nothing followed the body, and nobody asked to close."""
        self.flaw: str | None = None
        self._fed_bytes = 0
        self._interim = False
        self._body: list[bytes] = []
        self._coding: Coding | None = None
        self._parser: HttpResponseParser | None = HttpResponseParser(self)
        # Home-made servers end lines with a bare LF or pad chunk sizes; RFC 9112 2.2 and 7.1.1 let us read both.
        self._parser.set_dangerous_leniencies(lenient_optional_cr_before_lf=True, lenient_spaces_after_chunk_size=True)

    def feed(self, data: bytes) -> bytes:
        """The body bytes in `data`, framing and content encoding removed."""
        if self._parser is None:
            self.reusable = False
            return b""
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade) as error:
            self._spoil(str(error))
        self._fed_bytes += len(data)
        if not self.has_head and self._fed_bytes > HEAD_LIMIT_BYTES:
            self._spoil(f"its head is longer than {HEAD_LIMIT_BYTES} bytes")
        return self._take()

    def close(self) -> None:
        """The peer closed: the proven end of a body that has no other framing, and of no other."""
        if self.has_head and self._ends_with_connection() and self.flaw is None:
            self.complete = True
        self._parser = None

    def header(self, name: str) -> str | None:
        """The last value of a header; `name` in lower case."""
        return next((header.value for header in reversed(self.headers) if header.name == name), None)

    def _ends_with_connection(self) -> bool:
        return self.header("content-length") is None and self.header("transfer-encoding") is None

    def _spoil(self, flaw: str) -> None:
        # What follows a complete response is nobody's: it only forbids to use the connection again.
        if self.complete:
            self.reusable = False
        else:
            self.flaw = self.flaw or flaw

    def _take(self) -> bytes:
        data = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        self._body.clear()
        if data and self._coding is not None:
            data = self._coding.decode(data)
            self.flaw = self.flaw or self._coding.flaw
        if self.complete or self.flaw:
            # The parser holds our methods and we hold it: a cycle for each request would keep the collector busy.
            self._parser = None
        return data

    def on_message_begin(self) -> None:
        if self.complete:
            self.reusable = False

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self.has_head:
            self.headers.append(Header(name.decode("latin-1").lower(), value.decode("latin-1")))

    def on_headers_complete(self) -> None:
        if self.has_head or self._parser is None:
            return
        self.status = self._parser.get_status_code()
        self.version = self._parser.get_http_version()
        self._interim = self.status < 200 and self.status != 101
        if self._interim:
            self.headers.clear()
            return
        self.has_head = True
        if self.status == 101:
            self._spoil("it switches to another protocol, unasked")
        transfer = self.header("transfer-encoding")
        if transfer is not None and transfer.strip().lower() != "chunked":
            self._spoil(f"its transfer encoding {transfer!r} is unknown")
        encoding = self.header("content-encoding")
        if encoding is not None:
            self._coding = coding_for(encoding)

    def on_body(self, data: bytes) -> None:
        if not self.complete:
            self._body.append(data)

    def on_message_complete(self) -> None:
        if self._interim:
            self._interim = False
        elif not self.complete and self._parser is not None:
            self.complete = True
            self.reusable = self._parser.should_keep_alive()
