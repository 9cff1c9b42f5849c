"""The stream of a run that says nothing for a while."""

import anyio
import pytest

from service.api import events
from service.api.events import Seen, _stream


class Quiet:
    """A run of which there is nothing to tell, until it is over."""

    def __init__(self, looks):
        self._looks = looks

    def look(self):
        self._looks -= 1
        return Seen([b"event: state\n\n"], over=True) if self._looks == 0 else Seen([], over=False)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(events, "POLL_S", 0.001)
    monkeypatch.setattr(events, "HEARTBEAT_S", 0.003)


async def collected(stream, count=None):
    blocks = []
    async for block in stream:
        blocks.append(block)
        if len(blocks) == count:
            await stream.aclose()
            break
    return blocks


def test_silence_is_broken_for_the_proxies_between():
    left = []
    blocks = anyio.run(collected, _stream(Quiet(7), Seen([b"first"], over=False), lambda: left.append(1)))
    # Looks 1 to 3 make 3 ms of silence, as do 4 to 6; the seventh ends it.
    assert blocks == [b"first", b": still here\n\n", b": still here\n\n", b"event: state\n\n"]
    assert left == [1]


def test_who_leaves_gives_up_the_seat():
    left = []
    anyio.run(collected, _stream(Quiet(99), Seen([b"first"], over=False), lambda: left.append(1)), 1)
    assert left == [1]
