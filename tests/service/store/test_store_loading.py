import msgspec
import pytest
from support.folders import MS, T0, S, manifest, phases, point, process, record, refused, write_point, write_run
from support.rows import NOON

from harness.record import to_line
from harness.run import Anchor, PromptText, RunError, records_path, write_manifest, write_prompts
from reports.build import build
from reports.load import load
from service.store import rows
from service.store.nouns import Page, ResultFilter

WALL_NS = int(NOON.timestamp()) * S
ANCHOR = Anchor(wall_ns=WALL_NS, monotonic_ns=T0)
"""The window begins at noon."""
RUN = "20260131T120000Z-0a1b"


def clocked(worker="w0", **fields):
    return process(worker, start=ANCHOR, **fields)


def three() -> list:
    """One ok, one refused, one that was cut after its first event."""
    return [
        record(0, (100, 120, 160), seq=1, e2e_ms=165, output=3, text="ok then", prompt="chat/0"),
        refused(250, seq=2, prompt="chat/1"),
        record(
            500.25, (80.125,), seq=3, e2e_ms=90, output=None, outcome="cut", text="o", prompt="chat/0", phase="cooldown"
        ),
    ]


@pytest.fixture
def folder(tmp_path):
    folder = write_run(tmp_path / "run", three(), point(users=4), processes=[clocked()])
    write_prompts(folder, [PromptText("chat/0", "Hello?"), PromptText("chat/1", "a NUL \0 here")])
    return folder


def test_each_request_is_a_row(store, folder):
    assert store.load_run(RUN, folder) == 3
    found = [msgspec.structs.asdict(each) for each in reversed(store.results().items)]
    everywhere = {"run": RUN, "point": 1, "users": 4, "model": "tiny"}
    nothing = dict.fromkeys(["token_count", "time_to_first_token", "time_per_output_token", "generated_text"])
    assert found == [
        {
            **everywhere,
            "request_id": "r-w0-000001",
            "prompt_text": "Hello?",
            "generated_text": "ok then",
            "token_count": 3,
            "time_to_first_token": 100.0,
            "time_per_output_token": 30.0,  # (160 - 100) / (3 - 1)
            "total_generation_time": 165.0,
            "timestamp": NOON,
            "outcome": "ok",
            "phase": "window",
        },
        {
            **everywhere,
            **nothing,
            "request_id": "r-w0-000002",
            "prompt_text": "a NUL \ufffd here",
            "total_generation_time": 1.0,
            "timestamp": NOON.replace(microsecond=250_000),
            "outcome": "server_5xx",
            "phase": "window",
        },
        {
            **everywhere,
            **nothing,
            "request_id": "r-w0-000003",
            "prompt_text": "Hello?",
            "generated_text": "o",
            "time_to_first_token": 80.125,
            "total_generation_time": 90.0,
            "timestamp": NOON.replace(microsecond=500_250),
            "outcome": "cut",
            "phase": "cooldown",
        },
    ]


def test_the_averages_of_the_window_are_the_means_of_the_report(store, tmp_path):
    asked = [
        record(
            n * 100, [50 + n, *range(60 + n, 60 + n + 7 * k, 7)], seq=n, output=[None, 1, k, k + 3][n % 4], phase=phase
        )
        for n, (k, phase) in enumerate([(n % 5, "window" if n < 90 else "cooldown") for n in range(100)])
    ]
    asked += [refused(9500, seq=200), record(9600, (), seq=201, e2e_ms=3, output=2)]
    rest = [record(10_500 + n, seq=300 + n, phase="cooldown") for n in range(3)]
    folder = write_run(tmp_path / "run", [msgspec.structs.replace(each, phase="window") for each in asked] + rest)
    store.load_run(RUN, folder)
    (reported,) = build(load(folder)).points
    (average,) = store.average(ResultFilter(run=RUN, phase="window", outcome="ok"))
    assert average.count == reported.requests.ok == 101
    latency = reported.latency
    for found, told in [
        (average.time_to_first_token, latency.ttft_s),
        (average.time_per_output_token, latency.tpot_s),
        (average.total_generation_time, latency.e2e_s),
    ]:
        assert found == pytest.approx(told.mean * 1000, rel=1e-12)
    assert average.token_count == pytest.approx(reported.tokens.output.mean, rel=1e-12)
    assert average.observed == (
        reported.tokens.output.n,
        latency.ttft_s.n,
        latency.tpot_s.n,
        latency.e2e_s.n,
    )
    (everything,) = store.average()
    assert everything.count == 104


def test_loading_again_adds_nothing(store, folder):
    store.load_run(RUN, folder)
    before = store.average(ResultFilter(outcome="any"))
    assert store.load_run(RUN, folder) == 0
    assert store.average(ResultFilter(outcome="any")) == before
    assert store.load_run("another", folder) == 3


def test_a_run_may_be_loaded_while_it_goes_on(store, folder):
    row = point(users=4)
    path = records_path(folder, row, "w0")
    more = [to_line(record(n * 1000, seq=10 + n)) for n in range(2)]
    store.load_run(RUN, folder)
    with path.open("ab") as file:
        file.write(more[0] + more[1][:50])
    assert store.load_run(RUN, folder) == 1
    assert store.load_run(RUN, folder) == 0
    with path.open("ab") as file:
        file.write(more[1][50:])
    assert store.load_run(RUN, folder) == 1
    assert store.results().total == 5


def test_a_whole_line_without_its_end_is_a_record_as_in_the_report(store, folder):
    path = records_path(folder, point(users=4), "w0")
    line = to_line(record(1000, seq=10))
    with path.open("ab") as file:
        file.write(line[:-1])
    assert store.load_run(RUN, folder) == 4
    with path.open("ab") as file:
        file.write(b"\n" + to_line(record(2000, seq=11)))
    assert store.load_run(RUN, folder) == 1


def test_lines_that_cannot_be_read_are_passed_over(store, folder):
    path = records_path(folder, point(users=4), "w0")
    skewed = record(0, seq=20).__class__(**msgspec.structs.asdict(record(0, seq=20)) | {"kinds": "t"})
    path.write_bytes(b'{"torn\n\xff\xfe\n' + to_line(skewed) + path.read_bytes() + b'{"id":')
    assert store.load_run(RUN, folder) == 3
    assert store.load_run(RUN, folder) == 0


def test_a_load_that_was_cut_off_is_gone_on_with(store, folder, monkeypatch):
    monkeypatch.setattr(rows, "_BATCH_ROWS", 2)
    path = records_path(folder, point(users=4), "w0")
    with path.open("ab") as file:
        file.writelines(to_line(record(n, seq=10 + n)) for n in range(5))
    real, calls = rows._Maker.row, []

    def fails_at_the_fourth(self, each):
        calls.append(each.id)
        if len(calls) == 4:
            raise RuntimeError
        return real(self, each)

    monkeypatch.setattr(rows._Maker, "row", fails_at_the_fourth)
    with pytest.raises(RuntimeError):
        store.load_run(RUN, folder)
    assert store.results().total == 2  # the first batch, whole
    assert store.load_run(RUN, folder) == 6
    assert store.results().total == 8
    assert store.average(ResultFilter(outcome="any"))[0].count == 8


def test_the_same_record_twice_in_a_file_is_one_row(store, folder):
    path = records_path(folder, point(users=4), "w0")
    path.write_bytes(path.read_bytes() * 2)
    assert store.load_run(RUN, folder) == 3
    assert store.average(ResultFilter(outcome="any"))[0].count == 3


def test_workers_have_clocks_of_their_own(store, tmp_path):
    # The second worker booted later, and its wall clock goes 500 ms ahead of the master's.
    ahead = Anchor(wall_ns=WALL_NS + 500 * MS, monotonic_ns=7 * S)
    processes = [clocked("w0"), process("w1", start=ahead, offset_ns=500 * MS)]
    row = point(users=2, phases={"w0": phases(), "w1": phases(start_ns=7 * S)})
    records = [record(1000, seq=1), record(1000, seq=2, worker="w1", t0_ns=7 * S)]
    folder = write_run(tmp_path / "run", records, row, processes=processes)
    assert store.load_run(RUN, folder) == 2
    assert {each.timestamp for each in store.results().items} == {NOON.replace(second=1)}


def test_a_worker_that_the_manifest_does_not_know_has_its_health_for_a_clock(store, tmp_path):
    # Health lines of the tests say that wall - monotonic is 7 s; the record was sent 1000 s after that machine's boot.
    folder = write_run(tmp_path / "run", [record(0, seq=1)], processes=[])
    store.load_run(RUN, folder)
    assert store.results().items[0].timestamp.timestamp() == 1007


def test_records_without_any_clock_are_refused(store, tmp_path):
    folder = write_run(tmp_path / "run", [record(0, seq=1)], processes=[], lines=[])
    with pytest.raises(RunError, match=r"records-w0\.jsonl: the manifest knows no clock of w0, so that nobody can say"):
        store.load_run(RUN, folder)
    assert store.results().total == 0


def test_a_request_that_was_never_sent_has_the_time_it_was_asked_for(store, tmp_path):
    lost = refused(2000, "connect", seq=1, sent_ns=None, status=None, late_us=1000)
    dropped = refused(3000, "dropped", seq=2, sent_ns=None, status=None, ended_us=None, late_us=0)
    folder = write_run(tmp_path / "run", [lost, dropped], processes=[clocked()])
    store.load_run(RUN, folder)
    newest, oldest = store.results().items
    assert oldest.timestamp == NOON.replace(second=1, microsecond=999_000)
    assert (newest.outcome, newest.total_generation_time) == ("dropped", None)


def test_points_of_their_own_users(store, tmp_path):
    folder = tmp_path / "run"
    first, second = point(1, 2), point(2, 8)
    folder.mkdir()
    write_manifest(folder, manifest([first, second, point(3, 16)], processes=[clocked()]))
    write_point(folder, first, [record(0, seq=1)])
    write_point(folder, second, [record(0, seq=2, point=2), record(5, seq=3, point=2)])
    assert store.load_run(RUN, folder) == 3
    assert [(each.point, each.users) for each in store.results().items] == [(2, 8), (2, 8), (1, 2)]


def test_turns_of_a_conversation_have_what_the_user_said_then(store, tmp_path):
    turns = [record(n, seq=n, prompt="talk/0", conversation="c", turn=n) for n in range(3)]
    folder = write_run(tmp_path / "run", [*turns, record(9, seq=9, prompt="talk/0")], processes=[clocked()])
    write_prompts(folder, [PromptText("talk/0", "user: Hi\n\nassistant: Ho\n\nuser: Bye", ["Hi", "Bye"])])
    store.load_run(RUN, folder)
    assert [each.prompt_text for each in reversed(store.results().items)] == [
        "Hi",
        "Bye",
        None,  # a turn that the set does not have
        "user: Hi\n\nassistant: Ho\n\nuser: Bye",
    ]


def test_a_run_without_kept_text(store, tmp_path):
    folder = write_run(tmp_path / "run", [record(0, seq=1)], processes=[clocked()])
    store.load_run(RUN, folder)
    (only,) = store.results().items
    assert (only.prompt_text, only.generated_text) == (None, None)


@pytest.mark.parametrize(("told", "kept"), [(0, 0), (-1, None), (10**9, 10**9), (10**18, None)])
def test_a_count_that_cannot_be_is_none(store, tmp_path, told, kept):
    folder = write_run(tmp_path / "run", [record(0, (1, 2), seq=1, output=2)], processes=[clocked()])
    path = records_path(folder, point(), "w0")
    path.write_bytes(path.read_bytes().replace(b'"output":2', f'"output":{told}'.encode()))
    store.load_run(RUN, folder)
    assert store.results().items[0].token_count == kept
    store.average()


def test_a_folder_that_is_none(store, tmp_path):
    with pytest.raises(RunError, match="is not a run folder"):
        store.load_run(RUN, tmp_path)


def test_a_time_beyond_the_calendar(store, tmp_path):
    folder = write_run(tmp_path / "run", [record(0, seq=1, t0_ns=10**21)], processes=[clocked()])
    with pytest.raises(RunError, match=r"^The record r-w0-000001 was sent at a time that no calendar has\.$"):
        store.load_run(RUN, folder)


def test_a_large_run_comes_in_batches(store, tmp_path, monkeypatch):
    monkeypatch.setattr(rows, "_BATCH_ROWS", 7)
    folder = write_run(tmp_path / "run", [record(n, seq=n) for n in range(30)], processes=[clocked()])
    assert store.load_run(RUN, folder) == 30
    assert len(store.results(page=Page(limit=100)).items) == 30
