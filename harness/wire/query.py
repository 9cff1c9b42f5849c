"""Asks through a query_model() of the user's own, and tells a listener what it yields, as it yields it.

The function brings its own client. What its connection took, which bytes went over it and what head came back is not
seen here, and is not made up: a stamp is taken where a yield comes out.
"""

import time
from collections.abc import Callable, Iterator
from types import GeneratorType
from typing import Any, NoReturn

import gevent
import msgspec

from harness.call import Arrival, Broken, Call, Head, Listener
from harness.complaint import words
from harness.dialects.yields import Question
from harness.outcome import Break, Unreadable
from harness.userfile import secrets
from harness.wire.alarm import Alarm
from harness.wire.breaks import Phase, how_broken, links

_END = object()
_UNSEEN_HEAD = Head(None, None, "", None)


class Query:
    """One user's way to the server by the function, for one call at a time."""

    def __init__(self, function: Callable[[str, int], Any]) -> None:
        self._function = function
        self._file = getattr(getattr(function, "__code__", None), "co_filename", "")
        self._read = msgspec.json.Decoder(Question).decode

    def send(self, call: Call, listener: Listener) -> None:
        """Returns when the function is through.

        Raises Broken where a clock ran out or the function raised, Unreadable where it gave something that is no text.
        Whoever kills the greenlet passes through, and ends the generator on the way.
        """
        question = self._read(call.body)
        with Alarm(call.timeouts) as alarm:
            listener.sent(time.monotonic_ns(), None)
            run = _Run(self._file, alarm, listener)
            run.listen(run.step(self._function, question.prompt, question.max_resp_tokens))

    def close(self) -> None:
        """Nothing: connections are the function's own."""


class _Run:
    """One call of the function."""

    def __init__(self, file: str, alarm: Alarm, listener: Listener) -> None:
        self._file = file
        self._alarm = alarm
        self._listener = listener
        self._phase = Phase.AWAITING

    def listen(self, answer: Any) -> None:
        """To the end."""
        pieces = _pieces(answer)
        try:
            while (piece := self.step(next, pieces, _END)) is not _END:
                self._tell(piece, time.monotonic_ns())
        finally:
            # Its own `finally` closes its connection; a generator that is through has nothing to do.
            if isinstance(pieces, GeneratorType):
                self.step(pieces.close)
        self._listener.ended(time.monotonic_ns())

    def step(self, act: Callable[..., Any], *arguments: Any) -> Any:
        """Let somebody else's code run, and say in our terms what it raises."""
        try:
            done = act(*arguments)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - whatever somebody else's code raises
            self._raise(error)
        if self._alarm.rung is not None:
            raise self._alarm.rung
        return done

    def _tell(self, piece: Any, at_ns: int) -> None:
        self._alarm.heard(at_ns)
        if not isinstance(piece, str):
            raise Unreadable(f"query_model() yielded a {type(piece).__name__}: yield strings, '' for nothing.")
        if self._phase is Phase.AWAITING:
            self._phase = Phase.READING
            self._listener.opened(_UNSEEN_HEAD)
        # Half a surrogate pair is no text, and yet what a model with byte tokens may say.
        self._listener.arrived(Arrival(at_ns, piece.encode("utf-8", "surrogatepass")))

    def _raise(self, error: BaseException) -> NoReturn:
        # Code that wraps whatever it catches also wraps what was thrown to stop it.
        for link in links(error):
            if isinstance(link, gevent.GreenletExit):
                raise link
        if self._alarm.rung is not None:
            raise self._alarm.rung from error
        status = _status(error)
        if status is not None and self._phase is Phase.AWAITING:
            self._listener.opened(Head(None, status, "", None))
        said = f"query_model() {words(error, self._file, secrets())}."
        raise Broken(how_broken(error, self._phase) or Break.FAULT, said) from error


def _pieces(answer: Any) -> Iterator[Any]:
    """What the function gave, piece by piece; an answer that comes whole is one."""
    if isinstance(answer, str):
        return iter((answer,))
    if isinstance(answer, Iterator):
        return answer
    raise Unreadable(f"query_model() gave a {type(answer).__name__}: yield strings as they come, or return one string.")


def _status(error: BaseException) -> int | None:
    """The status that refused the request, where a client's exception holds the response, as those of requests, httpx and OpenAI do."""
    for link in links(error):
        status = getattr(getattr(link, "response", None), "status_code", None)
        if isinstance(status, int) and 400 <= status <= 599:
            return status
    return None
