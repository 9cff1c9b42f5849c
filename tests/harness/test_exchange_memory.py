"""What an open stream costs in memory while it goes on: a fixed part, and packed entries for its events."""

import tracemalloc

from harness.call import Arrival, Head
from harness.dialects.ask import Ask
from harness.dialects.chat import Chat
from harness.exchange import Identity, Ledger
from harness.testset import Message

EVENTS = 100_000
ASK = Ask("r1", "http://h/v1/chat/completions", "m", (Message("user", "hello"),), EVENTS)
EVENT = b'data: {"choices":[{"index":0,"delta":{"content":" abc"}}]}\n\n'


def grown_bytes(keep_text: bool, late: bool = False) -> int:
    """By the ledger of one answer of 100,000 events, each of four characters.

    If the reader is late, four of them share a read, and three of these are bounded.
    """
    each = 4 if late else 1
    tracemalloc.start()
    try:
        ledger = Ledger(Identity("r1", "run", 1, "w0", 0, 1, "p/0"), ASK, Chat(), 0, keep_text)
        ledger.sent(0, 300)
        ledger.opened(Head(1_000, 200, "text/event-stream", None))
        for number in range(EVENTS // each):
            ledger.arrived(Arrival(20_000_000 * (number + 1), EVENT * each, 30_000 + number, 2_000_000 * late))
        return tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()


def test_at_most_100_kb_and_12_bytes_an_event():
    assert grown_bytes(keep_text=False) <= 100_000 + 12 * EVENTS


def test_a_bound_costs_eight_bytes_more():
    # The buffer that grows may be an eighth larger than what is in it.
    assert grown_bytes(keep_text=False, late=True) <= 100_000 + (12 + 0.75 * 8 * 1.125) * EVENTS


def test_text_costs_what_it_is_long():
    assert grown_bytes(keep_text=True) <= 100_000 + (12 + 4 * 1.125) * EVENTS
