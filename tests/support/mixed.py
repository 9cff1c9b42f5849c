"""A small run with one of everything, whose every figure can be told by hand."""

from support.folders import record, refused

from harness.record import Record


def mixed() -> list[Record]:
    """A window of 10 s; times in milliseconds after it began.

    A  settle, ok        sent -1000  events  -100     0    100  of 2, 4, 6 characters; 6 tokens; ends at 200
    B  ok                sent  1000  events  1200  1220   1260  of 4, 4, 8;            4 tokens; ends at 1300
    C  cut               sent  2000  event   2400               of 10;                no usage;  ends at 2450
    D  ok                sent  9900  events  9950 10050         of 1, 3;               2 tokens; ends at 10100
    E  cooldown, aborted sent 10500  event  10600               of 4;                 no usage
    F  dropped
    G  refused_429       sent  3000  ends at 3001
    """
    return [
        record(-1000, (900, 1000, 1100), (2, 4, 6), seq=1, e2e_ms=1200, output=6, phase="settle"),
        record(1000, (200, 220, 260), (4, 4, 8), seq=2, e2e_ms=300, output=4, prompt_tokens=20, cached=5),
        record(2000, (400,), (10,), seq=3, e2e_ms=450, output=None, outcome="cut"),
        record(9900, (50, 150), (1, 3), seq=4, e2e_ms=200, output=2, prompt_tokens=30),
        record(10500, (100,), (4,), seq=5, e2e_ms=110, output=None, outcome="aborted", phase="cooldown"),
        record(4000, (), seq=6, output=None, outcome="dropped", sent_ns=None, ended_us=None),
        refused(3000, "refused_429", seq=7, status=429),
    ]
