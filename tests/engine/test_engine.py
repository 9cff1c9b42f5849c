"""A sweep against an engine that is nobody's mock, as a stranger would type it, and what has to add up afterwards.

The server ends a stream without [DONE], sends usage on its finish chunk, ignores stream_options, works on one request at
a time, and fails to list its models where it has no cache of any.
"""

import pytest
from support.command import Run, latest, llocust
from support.engine import missing, running_engine

from harness.outcome import FAILED, NEVER_SENT, Outcome
from harness.record import Record

MAX_TOKENS = 16
USERS = (1, 2, 4, 8)

# The first test to ask for the engine waits for it to start and for the whole sweep, about a minute and a half.
pytestmark = [pytest.mark.engine, pytest.mark.timeout(400)]


@pytest.fixture(scope="module")
def engine():
    why = missing()
    if why is not None:
        pytest.skip(why)
    with running_engine() as running:
        yield running


@pytest.fixture(scope="module")
def swept(engine, tmp_path_factory) -> Run:
    work_dir = tmp_path_factory.mktemp("sweep")
    words = ["sweep", "--host", engine.url, "--model", engine.model, "--users", *map(str, USERS)]
    words += ["--run-time", "5s", "--max-tokens", str(MAX_TOKENS), "--work-dir", str(work_dir)]
    done = llocust(*words, cwd=work_dir, timeout_s=240)
    print(done.stdout)
    assert done.returncode == 0, done.stderr + done.stdout
    assert done.stderr == ""
    return latest(work_dir)


def records_of(run: Run) -> list[tuple[dict, list[Record]]]:
    """Each point of the report, beside its records."""
    points, reported = run.manifest.points, run.report["points"]
    assert [point["users"] for point in reported] == list(USERS)
    return [(said, run.records(point)) for said, point in zip(reported, points, strict=True)]


def succeeded(run: Run) -> list[Record]:
    return [record for record in run.records() if record.outcome is Outcome.OK]


def test_all_points_are_done_with_successes_and_no_failure(swept):
    assert swept.manifest.state == "done"
    assert [point.state for point in swept.manifest.points] == ["done"] * len(USERS)
    for said, records in records_of(swept):
        assert said["requests"]["ok"] > 0
        assert [record.fault for record in records if record.outcome in FAILED] == []


def test_every_request_is_accounted_for(swept):
    for said, records in records_of(swept):
        whole = said["requests_all"]
        aborted = sum(record.outcome is Outcome.ABORTED for record in records)
        assert not any(record.outcome in NEVER_SENT for record in records)
        assert len(records) == said["locust"]["requests"] + aborted
        assert whole["aborted"] == aborted
        assert whole["sent"] == whole["ok"] + whole["failed"] + whole["aborted"] == len(records)
        assert said["locust"]["agrees"]
        window = said["requests"]
        assert window["sent"] == window["ok"] + window["failed"] + window["aborted"]
        assert window["sent"] == sum(record.phase == "window" for record in records)


def test_request_ids_are_unique_in_the_run(swept):
    ids = [record.id for record in swept.records()]
    assert len(set(ids)) == len(ids)


def test_answers_are_read_whole(swept):
    for record in succeeded(swept):
        assert record.finish == "length"
        assert record.usage is not None
        assert record.usage.output == MAX_TOKENS
        assert record.usage.prompt > 0
        assert min(record.chars) > 0
        assert sum(record.chars) == len(record.text)
        assert set(record.kinds) == {"t"}


def test_times_are_in_the_order_of_a_stream(swept):
    for record in succeeded(swept):
        moments = [record.headers_us, record.first_event_us, *record.at_us, record.ended_us]
        assert moments == sorted(moments)
        assert 0 < record.at_us[0] <= record.ended_us


def test_the_role_chunk_is_no_first_token(swept):
    records = succeeded(swept)
    # Each token of this model is an event of its own; were the role counted, there would be one event more.
    assert {len(record.at_us) for record in records} == {MAX_TOKENS}
    # A late read may find the role chunk and the first token together; as a rule it does not.
    apart = [record for record in records if record.first_event_us < record.at_us[0]]
    assert len(apart) > len(records) / 2


def test_tokens_come_from_the_servers_usage(swept):
    for said, _ in records_of(swept):
        assert said["tokens"]["source"] == "usage"
        assert said["tokens"]["output"]["min"] == said["tokens"]["output"]["max"] == MAX_TOKENS


def test_a_queue_in_the_server_is_seen_as_ttft(swept):
    # One request at a time: with eight users, each waits for the seven before it.
    first, *_, last = [said["latency"]["ttft_s"]["p50"] for said, _ in records_of(swept)]
    assert last > first


def test_a_report_made_again_has_the_same_bytes(swept):
    names = ("report.json", "report.md", "points.csv", "requests.csv")
    made = [[(swept.folder / name).read_bytes() for name in names]]
    for _ in range(2):
        done = llocust("report", str(swept.folder), cwd=swept.folder)
        assert done.returncode == 0, done.stderr
        made.append([(swept.folder / name).read_bytes() for name in names])
    assert made[0] == made[1] == made[2]


def test_without_a_model_the_user_is_asked_for_one(engine, tmp_path):
    done = llocust("sweep", "--host", engine.url, "--work-dir", str(tmp_path), cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("--model is missing")
    assert len(done.stderr.splitlines()) == 1


def test_the_engines_own_words_are_kept_for_a_model_it_does_not_serve(engine, tmp_path):
    words = ["sweep", "--host", engine.url, "--model", "another", "--users", "1", "--requests", "2"]
    done = llocust(*words, "--work-dir", str(tmp_path), cwd=tmp_path)
    assert done.returncode == 1, done.stderr + done.stdout
    records = latest(tmp_path).records()
    assert [record.outcome for record in records] == [Outcome.REFUSED_4XX] * 2
    assert all(record.status == 400 and "'another'" in record.fault for record in records)


@pytest.mark.parametrize("dialect", ["completions", "responses"])
def test_the_other_dialects_of_the_engine(engine, tmp_path, dialect):
    words = ["sweep", "--host", engine.url, "--model", engine.model, "--dialect", dialect, "--users", "1", "2"]
    words += ["--requests", "6", "--max-tokens", str(MAX_TOKENS), "--work-dir", str(tmp_path)]
    done = llocust(*words, cwd=tmp_path, timeout_s=120)
    assert done.returncode == 0, done.stderr + done.stdout
    run = latest(tmp_path)
    assert run.manifest.url == f"{engine.url}/v1/{dialect}"
    for said in run.report["points"]:
        assert said["requests_all"]["ok"] == said["locust"]["requests"] == 6
        assert said["locust"]["agrees"]
        assert said["tokens"]["output"]["min"] == said["tokens"]["output"]["max"] == MAX_TOKENS
    for record in run.records():
        assert (record.outcome, record.dialect, set(record.kinds)) == (Outcome.OK, dialect, {"t"})
        assert record.finish == ("length" if dialect == "completions" else "completed")
        assert record.usage is not None
        assert (record.usage.output, record.usage.prompt > 0) == (MAX_TOKENS, True)
        # A token is an event of its own; what stands around them is no content.
        assert len(record.at_us) == MAX_TOKENS
        assert sum(record.chars) == len(record.text) > 0


@pytest.mark.parametrize("dialect", ["chat", "completions", "responses"])
def test_answers_of_the_engine_in_one_piece(engine, tmp_path, dialect):
    words = [
        "sweep",
        "--host",
        engine.url,
        "--model",
        engine.model,
        "--dialect",
        dialect,
        "--no-stream",
        "--users",
        "1",
    ]
    done = llocust(*words, "--requests", "2", "--max-tokens", "4", "--work-dir", str(tmp_path), cwd=tmp_path)
    assert done.returncode == 0, done.stderr + done.stdout
    for record in latest(tmp_path).records():
        assert (record.outcome, len(record.at_us), record.usage.output) == (Outcome.OK, 1, 4)
        assert sum(record.chars) == len(record.text) > 0
