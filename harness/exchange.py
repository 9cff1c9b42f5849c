"""One request and all that came back: exactly one Record, on every path.

The wire tells a Ledger what it sees, as it happens; when the wire is through, or was torn away, the ledger is closed
into a Record. A network failure becomes an outcome and goes no further. A stop of the user, or a bug, leaves an
aborted record and goes on.
"""

from array import array
from collections.abc import Callable
from dataclasses import dataclass
from io import StringIO
from typing import NamedTuple, Protocol

from harness.ages import Ages
from harness.call import Arrival, Broken, Call, Head, Listener
from harness.dialects import Dialect
from harness.dialects.ask import Ask
from harness.dialects.logprobs import weighing
from harness.dialects.piece import Counted, Done, Fault, Finish, Likely, Piece, Reasoning, Text, ToolCall
from harness.dialects.reading import words_of
from harness.framing import FRAMINGS, EventDecoder, decoder_for
from harness.outcome import Break, Ending, Outcome, Unreadable, classify
from harness.record import LogProbs, Record, Usage, Wanted
from harness.sse import Event

_CONTENT = (Text, Reasoning, ToolCall)
_FAULT_CHARS = 300

BOUND_NS = 1_000_000
"""A stamp that may be late by less than this counts as exact."""
_BY_STATUS = frozenset({Outcome.REFUSED_429, Outcome.REFUSED_4XX, Outcome.SERVER_5XX})
# By what a reader sees first; an event that carries several kinds is told by the lowest.
_RANKS: dict[type, int] = {Text: 0, Reasoning: 1, ToolCall: 2}
_LETTERS = b"trc".ljust(256)


class Content(NamedTuple):
    """Content-bearing events of a request: microseconds since sent, and characters, of each."""

    at_us: "array[int]"
    chars: "array[int]"


class Sender(Protocol):
    """What of the wire an exchange needs."""

    def send(self, call: Call, listener: Listener) -> None: ...


@dataclass(frozen=True, slots=True)
class Identity:
    """Where a request belongs; these become the record's fields of the same names."""

    id: str
    run: str
    point: int
    worker: str
    user: int
    seq: int
    prompt: str
    turn: int = 0
    conversation: str | None = None
    turns: int | None = None
    think_us: int | None = None
    wanted: Wanted | None = None
    target: str = "default"
    due_ns: int | None = None
    canary: bool = False


class Ledger:
    """Listens to the wire for one exchange. Times are CLOCK_MONOTONIC nanoseconds."""

    def __init__(
        self,
        identity: Identity,
        ask: Ask,
        dialect: Dialect,
        begun_ns: int,
        keep_text: bool = True,
        *,
        listens: bool = False,
    ) -> None:
        """`listens`: the text is wanted by whoever asked, also where it is not to be kept."""
        self.identity = identity
        self.begun_ns = begun_ns
        self.sent_ns: int | None = None
        self._ask = ask
        self._dialect = dialect
        self._decode = weighing(dialect) if ask.logprobs else dialect.decode
        self._keep_text = keep_text
        self._collects_text = keep_text or listens
        self._decoder: EventDecoder | None = None  # None for an answer that is no stream
        self._connect_us: int | None = None
        self._reused: bool | None = None
        self._retried = 0
        self._request_bytes: int | None = None
        self._head: Head | None = None
        self._first_event_ns: int | None = None
        self._last_ns: int | None = None
        self._ended_ns: int | None = None
        self._at_us = array("I")  # packed: nine bytes an event in all, as long answers come by the thousand
        self._chars = array("I")
        self._kinds = bytearray()
        self._text = StringIO()
        self._plain: list[bytes] = []
        self._reads = 0
        self._ages = Ages()
        self._bounds = array("I")  # pairs of event index and bound in µs
        self._response_bytes = 0
        self._usage: Usage | None = None
        self._logprobs: LogProbs | None = None
        self._finish: str | None = None
        self._done = False
        self._fault: str | None = None
        self._why: str | None = None
        self._broke: Break | None = None
        self._unreadable = False
        self._aborted = True

    # What the wire says

    def connected(self, connect_us: int | None) -> None:
        self._connect_us = connect_us
        self._reused = connect_us is None

    def again(self) -> None:
        self._retried += 1

    def sent(self, at_ns: int, request_bytes: int | None) -> None:
        self.sent_ns = at_ns
        self._request_bytes = request_bytes

    def opened(self, head: Head) -> None:
        self._head = head
        self._decoder = self._decoder_of(head) if self._answers else None
        if self._answers and self._decoder is None and not head.content_type.endswith("json"):
            raise Unreadable(f"the answer is {head.content_type}, not an event stream")

    def arrived(self, arrival: Arrival) -> None:
        self._reads += 1
        self._response_bytes += len(arrival.data)
        if arrival.age_ns is not None:
            self._ages.add(arrival.age_ns // 1000)
        previous_ns, self._last_ns = self._last_ns, arrival.at_ns
        decoder = self._decoder
        if decoder is None:
            self._plain.append(arrival.data)
        elif arrival.unseen_ns < BOUND_NS:
            self._read(decoder, decoder.feed(arrival.data), arrival.at_ns)
        else:
            self._note_bounded(decoder, arrival, previous_ns)

    def ended(self, at_ns: int) -> None:
        self._ended_ns = at_ns
        last_ns = self._last_ns or at_ns
        if self._decoder is not None:
            self._read(self._decoder, self._decoder.flush(), last_ns)
        elif self._answers:
            self._note(Event("message", _decoded(b"".join(self._plain))), last_ns)

    # What came of it

    def broke(self, broken: Broken) -> None:
        self._broke = broken.how
        self._why = broken.why
        self._aborted = False

    def unreadable(self, why: str) -> None:
        self._unreadable = True
        self._why = why
        self._aborted = False

    def finished(self) -> None:
        self._aborted = False

    @property
    def aborted(self) -> bool:
        return self._aborted

    @property
    def text(self) -> str:
        """What was said so far, where it is collected; without reasoning and tool calls."""
        return self._text.getvalue()

    def content_from(self, index: int) -> Content:
        """The content events from `index` on, so far."""
        return Content(self._at_us[index:], self._chars[index:])

    def close(self, now_ns: int, phase: str) -> Record:
        """The record. `now_ns` stands in for the end where none was seen."""
        head, outcome = self._head, self._outcome()
        return Record(
            **{name: getattr(self.identity, name) for name in Identity.__slots__},
            dialect=self._dialect.name,
            model=self._ask.model,
            phase=phase,
            begun_ns=self.begun_ns,
            sent_ns=self.sent_ns,
            connect_us=self._connect_us,
            reused=self._reused,
            retried=self._retried,
            headers_us=self._since_sent(head.at_ns if head is not None else None),
            first_event_us=self._since_sent(self._first_event_ns),
            at_us=self._at_us.tolist(),
            chars=self._chars.tolist(),
            kinds=self._kinds.translate(_LETTERS).decode(),
            reads=self._reads,
            bound_us=list(zip(self._bounds[::2], self._bounds[1::2], strict=True)),
            lag_us=self._ages.lag(),
            ended_us=self._since_sent(self._ended_ns or now_ns),
            outcome=outcome,
            status=head.status if head is not None else None,
            fault=self._fault_text(outcome),
            finish=self._finish,
            usage=self._usage,
            prompt_chars=sum(len(message.text) for message in self._ask.messages),
            request_bytes=self._request_bytes,
            response_bytes=self._response_bytes,
            logprobs=self._logprobs,
            text=self._text.getvalue() if self._keep_text else None,
        )

    # How it is worked out

    @property
    def _answers(self) -> bool:
        return self._head is not None and (self._head.status is None or 200 <= self._head.status <= 299)

    def _decoder_of(self, head: Head) -> EventDecoder | None:
        framing = self._dialect.framing if self._ask.stream else None
        return decoder_for(head.content_type) if framing is None else FRAMINGS[framing]()

    def _read(self, decoder: EventDecoder, events: list[Event], at_ns: int) -> None:
        for event in events:
            self._note(event, at_ns)
        _expect_no_flaw(decoder)

    def _note(self, event: Event, at_ns: int) -> None:
        if self._first_event_ns is None:
            self._first_event_ns = at_ns
        content: list[Text | Reasoning | ToolCall] = []
        for piece in self._decode(event):
            if isinstance(piece, _CONTENT):
                content.append(piece)
            else:
                self._learn(piece)
        if content:
            self._content(content, at_ns)

    def _note_bounded(self, decoder: EventDecoder, arrival: Arrival, previous_ns: int | None) -> None:
        """The reader was not looking for a while: what came in meanwhile has the stamp of the last segment.

        Only an event at the very end of the read has a stamp of its own. The others may be as much older as the
        reader was away, but not older than the read before.
        """
        first = len(self._at_us)
        stamped = False
        try:
            for event in decoder.feed(arrival.data):
                before = len(self._at_us)
                stamped = False
                self._note(event, arrival.at_ns)
                stamped = len(self._at_us) > before and arrival.age_ns is not None
            _expect_no_flaw(decoder)
        finally:
            # Also where an event could not be read: those before it were.
            stamped = stamped and not decoder.pending and not _ends_with_comment(arrival.data)
            bound_ns = min(arrival.unseen_ns, arrival.at_ns - (previous_ns or self.sent_ns or 0))
            if bound_ns >= BOUND_NS:
                for index in range(first, len(self._at_us) - stamped):
                    self._bounds.extend((index, bound_ns // 1000))

    def _learn(self, piece: Piece) -> None:
        if isinstance(piece, Counted):
            self._usage = piece.usage if self._usage is None else self._usage.updated(piece.usage)
        elif isinstance(piece, Finish):
            self._finish = piece.reason
        elif isinstance(piece, Done):
            self._done = True
        elif isinstance(piece, Fault):
            self._fault = piece.message[:_FAULT_CHARS]
        elif isinstance(piece, Likely):
            self._logprobs = piece.logprobs if self._logprobs is None else self._logprobs.and_then(piece.logprobs)

    def _content(self, pieces: list[Text | Reasoning | ToolCall], at_ns: int) -> None:
        # Nothing is answered before it is asked; a stamp that says so was made by a clock that has been set since.
        at_us = (at_ns - (self.sent_ns or 0)) // 1000
        self._at_us.append(max(at_us, 0))
        rank, chars = len(_RANKS), 0
        for piece in pieces:
            chars += len(piece.text)
            if (own := _RANKS[type(piece)]) < rank:
                rank = own
            if own == 0 and self._collects_text:
                self._text.write(piece.text)
        self._chars.append(chars)
        self._kinds.append(rank)

    def _since_sent(self, at_ns: int | None) -> int | None:
        return None if at_ns is None or self.sent_ns is None else (at_ns - self.sent_ns) // 1000

    def _outcome(self) -> Outcome:
        return classify(
            Ending(
                aborted=self._aborted,
                broke=self._broke,
                status=self._head.status if self._head is not None else None,
                unreadable=self._unreadable,
                fault=self._fault is not None,
                content_events=len(self._at_us),
                output_tokens=self._usage.output if self._usage is not None else None,
                finished=self._finish is not None or self._done or not self._dialect.tells_end,
            )
        )

    def _fault_text(self, outcome: Outcome) -> str | None:
        """What goes with the outcome: the server's own words, also where the answer broke after them."""
        if outcome is Outcome.REDIRECT:
            assert self._head is not None
            return f"redirected to {self._head.location or 'nowhere in particular'}"
        if outcome in _BY_STATUS:
            return (
                words_of(b"".join(self._plain).decode("utf-8", "replace"))[:_FAULT_CHARS] if self._plain else self._why
            )
        return self._fault or self._why if outcome is Outcome.FAULT else self._why or self._fault


def exchange(
    ledger: Ledger, call: Call, wire: Sender, now_ns: Callable[[], int], keep: Callable[[Ledger, int], Record]
) -> Record:
    """Send the call and keep what came of it. Raises nothing that the network did."""
    try:
        _expect_sendable(call)
        wire.send(call, ledger)
        ledger.finished()
    except Broken as broken:
        ledger.broke(broken)
    except Unreadable as error:
        ledger.unreadable(str(error))
    finally:
        # Also when Locust kills the greenlet in mid-stream: GreenletExit passes through here on its way up.
        record = keep(ledger, now_ns())
    return record


def _expect_sendable(call: Call) -> None:
    if call.flaw is not None:
        raise Unreadable(call.flaw)


def _expect_no_flaw(decoder: EventDecoder) -> None:
    if decoder.flaw is not None:
        raise Unreadable(decoder.flaw)


def _ends_with_comment(data: bytes) -> bool:
    return data.rstrip(b"\r\n").rpartition(b"\n")[2].startswith(b":")


def _decoded(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise Unreadable(f"the answer is not UTF-8 ({error.reason})") from error
