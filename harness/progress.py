"""How far a sender has come with one stream of blocks: what is there, what is on its way, what is sent again and when.

The rules are those of go-back-N: receipts are cumulative, and whatever is missing is sent again with all that follows it.
"""

from harness.block import BLOCK_BYTES, Receipt
from harness.metrics import NS_PER_S

WINDOW_BYTES = 4 * BLOCK_BYTES
"""On the way and not acknowledged, at most."""
PATIENCE_S, LONGEST_PATIENCE_S = 3.0, 12.0
"""How long blocks may go without news; doubled each time."""


class Progress:
    """Positions are bytes of the stream; moments are nanoseconds of whatever clock the caller has."""

    def __init__(self, now_ns: int) -> None:
        self.held = 0
        """All up to here has been acknowledged."""
        self.sent = 0
        """All up to here is there or on its way."""
        self.final: int | None = None
        """The stream's size, once it does not grow any more."""
        self._heard_ns = now_ns
        self._patience_s = PATIENCE_S
        self._mended_from: int | None = None

    @property
    def done(self) -> bool:
        """Nothing is left to send or to wait for."""
        return self.final is not None and self.held >= self.final

    def due(self, size: int, now_ns: int) -> int | None:
        """Where the next block begins in a stream that has `size` bytes by now; None if none may be sent yet."""
        self._lose_patience(now_ns)
        doubting = self._patience_s > PATIENCE_S
        # While nothing answers, a single block asks whether anybody is there: what is sent into a connection that is down
        # waits in memory.
        window = 1 if doubting else WINDOW_BYTES
        return self.sent if self.sent < size and self.sent - self.held < window else None

    def send(self, begin: int, size: int, now_ns: int) -> None:
        """A block was sent. If a receipt has moved the stream meanwhile, it was an old one, and harmless."""
        if begin == self.sent:
            if self.sent == self.held:
                self._heard_ns = now_ns
            self.sent += size

    def hear(self, receipt: Receipt, now_ns: int) -> None:
        """Receipts may come late, twice and in any order.

        Every block behind a hole is answered with a gap at the same byte. Only the first of these answers goes back to it,
        as else each of them would have everything sent again.
        """
        if receipt.held > self.held:
            self.held = receipt.held
            self.sent = max(self.sent, self.held)
            self._heard_ns, self._patience_s, self._mended_from = now_ns, PATIENCE_S, None
        elif receipt.gap and receipt.held == self.held != self._mended_from:
            self._mended_from = self.sent = self.held

    def _lose_patience(self, now_ns: int) -> None:
        if self.sent > self.held and now_ns - self._heard_ns > self._patience_s * NS_PER_S:
            self.sent, self._mended_from = self.held, None
            self._heard_ns = now_ns
            self._patience_s = min(2 * self._patience_s, LONGEST_PATIENCE_S)
