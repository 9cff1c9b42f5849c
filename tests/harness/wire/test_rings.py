"""An exchange leaves nothing behind that only the garbage collector could find: looking for it would stop the loop."""

import gc

import pytest
from support.listening import PATIENT, a_call, a_wire, ask
from support.transcript import TranscriptServer, sized


@pytest.fixture
def uncollected():
    gc.collect()
    gc.disable()
    yield gc.collect
    gc.enable()


def test_a_whole_answer_leaves_no_ring(uncollected):
    with TranscriptServer([[sized(b"ok")]] * 30) as server:
        wire, call = a_wire(), a_call(server.url, PATIENT)
        for _ in range(5):
            ask(wire, call)
        uncollected()
        for _ in range(20):
            ask(wire, call)
        # The server runs in this process too; its rings, if any, are not counted for each of ours.
        assert uncollected() < 20
        wire.close()
