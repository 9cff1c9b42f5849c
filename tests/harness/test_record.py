import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.outcome import Outcome
from harness.record import Health, Lag, LocustEntry, LocustStats, LogProbs, Record, Usage, Wanted, from_line, to_line

REQUIRED = {
    "id": "5f0c-3-000017",
    "run": "20260131T120000Z-sweep",
    "point": 3,
    "worker": "w0",
    "user": 4,
    "seq": 17,
    "dialect": "chat",
    "model": "m",
    "prompt": "chat/12",
    "phase": "window",
    "begun_ns": 81_234_000_000_000,
    "outcome": Outcome.OK,
}
WHOLE = Record(
    **REQUIRED,
    sent_ns=81_234_000_900_000,
    reused=True,
    headers_us=1200,
    first_event_us=1250,
    at_us=[104_100, 124_080, 144_090],
    chars=[4, 6, 5],
    kinds="ttt",
    reads=4,
    bound_us=[(1, 350)],
    lag_us=Lag(40, 900),
    ended_us=145_000,
    status=200,
    finish="length",
    usage=Usage(16, 3),
    prompt_chars=21,
    request_bytes=412,
    response_bytes=2210,
    text="Grüß dich 你",
)
LINE = (
    '{"schema":1,"id":"5f0c-3-000017","run":"20260131T120000Z-sweep","point":3,"worker":"w0","user":4,"seq":17,'
    '"target":"default","dialect":"chat","model":"m","prompt":"chat/12","turn":0,'
    '"conversation":null,"turns":null,"think_us":null,"wanted":null,"canary":false,"phase":"window","due_ns":null,'
    '"begun_ns":81234000000000,"sent_ns":81234000900000,"connect_us":null,"reused":true,"retried":0,'
    '"headers_us":1200,"first_event_us":1250,"at_us":[104100,124080,144090],"chars":[4,6,5],"kinds":"ttt",'
    '"reads":4,"bound_us":[[1,350]],"lag_us":{"p50":40,"max":900},"ended_us":145000,"outcome":"ok","status":200,'
    '"fault":null,"finish":"length","usage":{"prompt":16,"output":3,"cached":null,"reasoning":null},'
    '"prompt_chars":21,"request_bytes":412,"response_bytes":2210,"logprobs":null,"text":"Grüß dich 你"}\n'
).encode()

# Any text that a file can hold; halves of surrogate pairs are tested apart.
TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]))
COUNT = st.integers(0, 2**62)
MAYBE_COUNT = st.none() | COUNT
RECORDS = st.builds(
    Record,
    id=TEXT,
    run=TEXT,
    point=COUNT,
    worker=TEXT,
    user=COUNT,
    seq=COUNT,
    target=TEXT,
    dialect=TEXT,
    model=TEXT,
    prompt=TEXT,
    turn=COUNT,
    conversation=st.none() | TEXT,
    turns=MAYBE_COUNT,
    think_us=MAYBE_COUNT,
    wanted=st.none() | st.builds(Wanted, MAYBE_COUNT, MAYBE_COUNT, st.sampled_from(["tokens", "characters"])),
    canary=st.booleans(),
    phase=st.sampled_from(["settle", "window", "cooldown"]),
    due_ns=MAYBE_COUNT,
    begun_ns=COUNT,
    sent_ns=MAYBE_COUNT,
    connect_us=MAYBE_COUNT,
    reused=st.none() | st.booleans(),
    retried=COUNT,
    headers_us=MAYBE_COUNT,
    first_event_us=MAYBE_COUNT,
    at_us=st.lists(COUNT),
    chars=st.lists(COUNT),
    kinds=st.text("trc"),
    reads=COUNT,
    bound_us=st.lists(st.tuples(COUNT, COUNT)),
    lag_us=st.none() | st.builds(Lag, COUNT, COUNT),
    ended_us=MAYBE_COUNT,
    outcome=st.sampled_from(Outcome),
    status=MAYBE_COUNT,
    fault=st.none() | TEXT,
    finish=st.none() | TEXT,
    usage=st.none() | st.builds(Usage, MAYBE_COUNT, MAYBE_COUNT, MAYBE_COUNT, MAYBE_COUNT),
    prompt_chars=MAYBE_COUNT,
    request_bytes=MAYBE_COUNT,
    response_bytes=COUNT,
    logprobs=st.none() | st.builds(LogProbs, st.floats(-1e9, 0), COUNT),
    text=st.none() | TEXT,
)


def test_a_record_is_this_line():
    assert to_line(WHOLE) == LINE


def test_this_line_is_the_record():
    assert from_line(LINE) == WHOLE


@given(RECORDS)
def test_what_is_written_is_what_is_read(record):
    line = to_line(record)

    assert from_line(line) == record
    assert line.index(b"\n") == len(line) - 1


def test_what_was_not_observed_is_null_and_never_zero():
    record = Record(**REQUIRED)
    unobserved = [field for field in Record.__struct_fields__ if getattr(record, field) is None]

    assert " ".join(unobserved) == (
        "conversation turns think_us wanted due_ns sent_ns connect_us reused headers_us first_event_us lag_us ended_us "
        "status fault finish usage prompt_chars request_bytes logprobs text"
    )
    assert all(f'"{field}":null'.encode() in to_line(record) for field in unobserved)


def test_a_key_that_is_not_known_yet_is_passed_over():
    assert from_line(LINE.replace(b'{"schema":1,', b'{"schema":1,"planet":"earth",')) == WHOLE


def test_keys_with_a_default_may_be_absent():
    line = msgspec.json.encode(REQUIRED)

    assert from_line(line) == Record(**REQUIRED)


def test_records_do_not_share_their_empty_lists():
    assert Record(**REQUIRED).at_us is not Record(**REQUIRED).at_us


def test_a_torn_line_raises_wherever_it_is_torn():
    for end in range(len(LINE) - 1):
        with pytest.raises(msgspec.DecodeError):
            from_line(LINE[:end])


@pytest.mark.parametrize(
    "line",
    [
        b"null",
        b"[]",
        LINE.replace(b'"ok"', b'"fine"'),
        LINE.replace(b'"point":3', b'"point":"3"'),
        LINE.replace(b'"seq":17,', b""),
        # A line torn within a character, and the next one written behind it.
        LINE[:-4] + LINE,
        b"\0" * 100,
    ],
    ids=["null", "list", "outcome", "type", "missing", "joined", "zeros"],
)
def test_a_line_that_is_no_record_raises(line):
    with pytest.raises(msgspec.DecodeError):
        from_line(line)


def test_halves_of_a_character_do_not_cost_the_record():
    # U+1F600 is the pair d83d de00: whole in `text`, half in `fault`, one and a half in `finish`.
    broken = msgspec.structs.replace(WHOLE, text="a\ud83d\ude00b", fault="\ude00", finish="\ud83d\ud83d\ude00")

    mended = msgspec.structs.replace(WHOLE, text="a\U0001f600b", fault="\ufffd", finish="\ufffd\U0001f600")
    assert from_line(to_line(broken)) == mended


def test_a_half_without_other_texts_is_mended_too():
    broken = msgspec.structs.replace(WHOLE, text="\ud83d", finish=None)

    assert from_line(to_line(broken)).text == "\ufffd"


def test_health_and_statistics_are_read_as_written():
    health = Health(
        at_ns=1,
        wall_minus_monotonic_ns=-2,
        elapsed_ns=3,
        cpu_ns=4,
        rss_bytes=5,
        lag_us=[6, 7],
        in_flight=8,
        users=9,
    )
    entry = LocustEntry(
        name="chat",
        method="POST",
        requests=2,
        failures=1,
        median_ms=None,
        mean_ms=1.5,
        min_ms=0.5,
        max_ms=2.5,
        p95_ms=None,
        p99_ms=None,
        requests_per_s=0.25,
    )
    stats = LocustStats(requests=2, failures=1, total=entry, entries=[entry], own=[], errors={"cut": 1})

    assert msgspec.json.decode(msgspec.json.encode(health), type=Health) == health
    assert msgspec.json.decode(msgspec.json.encode(stats), type=LocustStats) == stats


def test_counts_told_later_take_the_place_of_earlier_ones_and_none_takes_no_place():
    begun = Usage(prompt=9, cached=4)
    assert begun.updated(Usage(output=6)) == Usage(prompt=9, output=6, cached=4)
    assert begun.updated(Usage(prompt=10, reasoning=0, cached=0)) == Usage(prompt=10, cached=0, reasoning=0)
    whole = Usage(prompt=9, output=6, cached=4, reasoning=2)
    assert whole.updated(Usage()) == whole
