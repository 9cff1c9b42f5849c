"""Sends to one client without ever waiting for it, and stamps each send."""

import asyncio
import time
from array import array
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Generator
from functools import partial
from typing import Any

Message = dict[str, Any]
Send = Callable[[Message], Coroutine[Any, Any, None]]

_PAUSE_S = 0.001


class Outlet:
    """One response on its way out.

    The pump that serves all clients must not be held up by one that does not read. So an ASGI send is started by
    hand: nearly always it ends at once; where it would wait, a task waits for it and later messages queue here.
    """

    __slots__ = ("_held", "_queue", "_send", "_task", "done", "first_ns", "last_ns", "sent_ns")

    def __init__(self, send: Send, sent_ns: "array[int]") -> None:
        """`sent_ns` receives one CLOCK_MONOTONIC stamp per token, taken right before the send that completes it."""
        self._send = send
        self.sent_ns = sent_ns
        self.first_ns: int | None = None
        self.last_ns: int | None = None
        self.done = asyncio.get_running_loop().create_future()
        self._held = False
        self._queue: deque[Callable[[], None]] = deque()
        self._task: asyncio.Task[None] | None = None

    def start(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        """Send the head."""
        self._enqueue(partial(self._push, {"type": "http.response.start", "status": status, "headers": headers}, 0))

    def write(self, body: bytes, tokens: int = 0, more: bool = True) -> None:
        """Send a piece of the body that completes `tokens` tokens; `more=False` ends the body properly."""
        message = {"type": "http.response.body", "body": body, "more_body": more}
        if self._held:
            self._queue.append(partial(self._push, message, tokens))
        else:
            self._push(message, tokens)

    def rest(self) -> None:
        """Let a moment pass before the next write, so that the two leave apart."""
        self._enqueue(self._pause)

    def end(self) -> None:
        """Set `done` once all has been sent."""
        self._enqueue(self._end)

    def _enqueue(self, action: Callable[[], None]) -> None:
        if self._held:
            self._queue.append(action)
        else:
            action()

    def _push(self, message: Message, tokens: int) -> None:
        sending = self._send(message)
        now_ns = time.monotonic_ns()
        self.last_ns = now_ns
        if self.first_ns is None:
            self.first_ns = now_ns
        if tokens == 1:
            self.sent_ns.append(now_ns)
        elif tokens:
            self.sent_ns.extend([now_ns] * tokens)
        try:
            waits_for = sending.send(None)
        except StopIteration:
            return
        self._held = True
        self._task = asyncio.ensure_future(self._wait(_Rest(sending, waits_for)))

    async def _wait(self, rest: Awaitable[None]) -> None:
        await rest
        self._release()

    def _pause(self) -> None:
        self._held = True
        asyncio.get_running_loop().call_later(_PAUSE_S, self._release)

    def _release(self) -> None:
        self._held = False
        while self._queue and not self._held:
            self._queue.popleft()()

    def _end(self) -> None:
        if not self.done.done():
            self.done.set_result(None)


class _Rest:
    """What is left of a coroutine that was started by hand and now waits for `first`."""

    def __init__(self, started: Coroutine[Any, Any, None], first: Any) -> None:
        self._started = started
        self._first = first

    def __await__(self) -> Generator[Any, None, None]:
        yield self._first
        yield from self._started.__await__()
