import time

from harness.swarm.clocks import Clocks, answer


def test_a_worker_says_what_it_was_asked_and_when_it_heard():
    before_ns = time.time_ns()
    said = answer({"asked_ns": 7})
    assert said["asked_ns"] == 7
    assert before_ns <= said["heard_ns"] <= said["answered_ns"] <= time.time_ns()


def test_a_worker_whose_clock_is_ahead(monkeypatch):
    monkeypatch.setattr("harness.swarm.clocks.APART_S", 0)
    ahead_ns = 3_600_000_000_000

    def send(message, node):
        said = answer(message)
        clocks.take(said | {name: said[name] + ahead_ns for name in ("heard_ns", "answered_ns")}, node)

    clocks = Clocks(send)
    clocks.ask(["a"], rounds=4)
    found = clocks.offset("a")
    assert abs(found.offset_ns - ahead_ns) <= found.within_ns + 1
    assert clocks.offset("b") is None
