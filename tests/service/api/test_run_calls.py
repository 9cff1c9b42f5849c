"""Runs over HTTP: what is taken, what is told, what is refused."""

import dataclasses
import hashlib
import json
import shutil
import tomllib

import pytest
from support.service import RUN, await_state, ended, lasting, serving, settings_for, under_way

from service.settings import Limits

KEY = "sk-live-0123456789abcdefABCDEF"


@pytest.fixture(scope="module")
def reported(tmp_path_factory, made):
    """A service, and a run of it that is done."""
    with lasting(settings_for(tmp_path_factory.mktemp("reported") / "data", made)) as client:
        yield client, ended(client, client.post("/runs", json=RUN).json()["id"])["id"]


def written(settings, run):
    return tomllib.loads((settings.runs / run / "request.toml").read_text())


def test_what_is_asked_for_is_what_the_sweep_is_told(service, settings):
    asked = {
        **RUN,
        "users": [1, 2],
        "run-time": "2s",
        "max_tokens": 8,
        "load": {"settle": 2},
        "slo": {"ttft": "500ms"},
        "headers": {"X-Team": "a", "X-Key": "env:LLOCUST_SERVICE_KEY"},
        "extra-body": {"top_k": 3, "nested": {"ä": [1, None]}},
    }
    run = service.post("/runs", json=asked).json()
    assert written(settings, run["id"]) == {
        "host": "http://127.0.0.1:9",
        "model": "tiny",
        "users": [1, 2],
        "run-time": "2s",
        "max-tokens": 8,
        "settle": 2.0,
        "slo": {"ttft": "500ms"},
        "headers": {"X-Team": "a", "X-Key": "env:LLOCUST_SERVICE_KEY"},
        "extra-body": '{"top_k": 3, "nested": {"\\u00e4": [1, null]}}',
        "api-key-env": "LLOCUST_SERVICE_KEY",
    }
    assert (run["state"], run["users"], run["host"]) == ("queued", [1, 2], "http://127.0.0.1:9")
    ended(service, run["id"])


def test_keys_of_targets_have_variables_of_their_own(service, settings):
    targets = [{"name": "a", "host": "http://127.0.0.1:9", "api_key": KEY}, {"name": "b", "host": "http://127.0.0.1:8"}]
    run = service.post("/runs", json={"targets": targets, "desc": "tell"}).json()
    told = written(settings, run["id"])["targets"]
    assert told == [
        {"name": "a", "host": "http://127.0.0.1:9", "api-key-env": "LLOCUST_SERVICE_KEY_1"},
        {"name": "b", "host": "http://127.0.0.1:8"},
    ]
    assert KEY not in json.dumps(run)
    assert run["options"]["targets"][0] == {"name": "a", "host": "http://127.0.0.1:9"}
    assert "LLOCUST_SERVICE_KEY_1" in json.loads(ended(service, run["id"])["trouble"])["names"]


def test_whom_scorers_ask_has_a_key_of_its_own(service, settings):
    judge = {"host": "http://127.0.0.1:9", "model": "large", "headers": {"X-Team": "a"}, "api_key": KEY}
    moderation = {"host": "http://127.0.0.1:8"}
    asked = {**RUN, "desc": "tell", "quality": {"quality": ["coherence"], "judge": judge, "moderation": moderation}}
    run = service.post("/runs", json=asked).json()
    told = written(settings, run["id"])
    assert told["quality"] == ["coherence"]
    assert told["judge"] == {
        "host": "http://127.0.0.1:9",
        "model": "large",
        "headers": {"X-Team": "a"},
        "api-key-env": "LLOCUST_SERVICE_KEY_JUDGE",
    }
    assert told["moderation"] == {"host": "http://127.0.0.1:8"}
    assert KEY not in json.dumps(run)
    assert run["options"]["judge"]["host"] == "http://127.0.0.1:9"
    names = json.loads(ended(service, run["id"])["trouble"])["names"]
    assert "LLOCUST_SERVICE_KEY_JUDGE" in names
    assert "LLOCUST_SERVICE_KEY_MODERATION" not in names


def test_a_key_goes_into_the_runs_environment_and_nowhere_else(settings, monkeypatch):
    monkeypatch.setenv("LLOCUST_TOKENS", "x")
    monkeypatch.setenv("OPENAI_API_KEY", "of the service's owner")
    with serving(settings) as service:
        answer = service.post("/runs", json={**RUN, "desc": "tell", "api_key": KEY})
        run = ended(service, answer.json()["id"])
    told = json.loads(run["trouble"])
    assert told["key_sha256"] == hashlib.sha256(KEY.encode()).hexdigest()
    assert not {"LLOCUST_TOKENS", "OPENAI_API_KEY"} & set(told["names"])
    assert KEY not in answer.text + json.dumps(run)
    assert [path for path in settings.data.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()] == []


def test_a_sweep_that_prints_its_key_does_not_make_it_known(service):
    run = ended(service, service.post("/runs", json={**RUN, "desc": "blab", "api_key": KEY}).json()["id"])
    assert run["trouble"] == "The key is ***."


REFUSED = {
    "what the machine does": [
        {"work-dir": "/tmp"},
        {"locustfile": "x.py"},
        {"query-model": "x.py"},
        {"resume": "x"},
        {"config": "x"},
        {"master": True},
        {"master-bind-host": "0.0.0.0"},
        {"api-key-env": "PATH"},
        {"tokenizer": "x.json"},
        {"quiet": True},
        {"dialect": "./mine.py"},
        {"dialect": "os.path"},
        {"targets": [{"host": "http://127.0.0.1:9", "dialect": "x.py"}]},
        {"targets": [{"host": "http://127.0.0.1:9", "api-key-env": "PATH"}]},
        {"extra-body": "/etc/passwd"},
        {"input-tokens": "histogram:/etc/passwd"},
        {"output-tokens": "histogram:x"},
        {"load": {"master": True}},
        {"headers": {"X-Key": "env:HTTP_PROXY"}},
        {"quality": ["./mine.py"]},
        {"prices": "prices.toml"},
        {"judge": "host=http://127.0.0.1:9 model=m api-key-env=PATH"},
        {"judge": {"host": "http://127.0.0.1:9", "model": "m", "api-key-env": "PATH"}},
        {"judge": {"host": "http://127.0.0.1:9", "model": "m", "headers": {"X-Key": "env:PATH"}}},
        {"judge": {"host": "http://127.0.0.1:9", "model": "m", "dialect": "./mine.py"}},
        {"judge": {"model": "m"}},
        {"moderation": {"host": "http://127.0.0.1:9", "api-key-env": "PATH"}},
        {"headers": {"X-Key": "  env:PATH"}},
        {"headers": {"X: env:PATH": "x"}},
        {"targets": [{"host": "http://127.0.0.1:9", "headers": {"X-Key": "env:LLOCUST_DATABASE"}}]},
    ],
    "what is no value": [
        {"users": []},
        {"users": 3},
        {"users": ["3"]},
        {"users": [0]},
        {"users": [True]},
        {"users": [1.5]},
        {"temperature": -1},
        {"stream": "yes"},
        {"host": "http://a b"},
        {"model": "a\nb"},
        {"name": ""},
        {"stop": ["a\0"]},
        {"api_key": ""},
        {"api_key": 5},
        {"run-time": True},
        {"users": [1], "load": {"users": [2]}},
        {"load": 5},
        {"load": {"temperatur": 1}},
    ],
}


@pytest.mark.parametrize("options", [each for group in REFUSED.values() for each in group], ids=str)
def test_what_is_not_taken(standing, options):
    answer = standing.post("/runs", json={**RUN, **options})
    assert answer.status_code == 422, answer.text
    assert set(answer.json()) <= {"detail", "mistakes"}
    leaves_nothing(standing)


def leaves_nothing(client):
    assert client.get("/runs").json()["total"] == 0
    assert list(client.app.state.settings.runs.iterdir()) == []


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b'"x"', b"\xff", b'{"temperature": NaN}', b'{"temperature": 1e999}', b"[" * 5_000],
)
def test_what_is_no_run_at_all(standing, body):
    answer = standing.post("/runs", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 422), answer.text


HALF = "\\ud800"
DEEP = "[" * 400 + "]" * 400
ODD = [
    *(
        f'"{name}": "{HALF}"'
        for name in ("desc", "name", "host", "model", "testset", "images", "api_key", "testset-format")
    ),
    *(f'"extra-body": {{"a": {value}}}' for value in ("NaN", "1e999", f'"{HALF}"', DEEP, "1" + "0" * 5_000)),
    *(f'"{name}": {{"{HALF}": "x"}}' for name in ("headers", "slo", "extra-body", "testset-columns")),
    *(f'"api_key": "{key}"' for key in ("\\u0000", "a\\nb", "ключ")),
    f'"{HALF}": 1',
    f'"stop": ["{HALF}"]',
    '"desc": "\\u0000"',
    '"headers": {"a\\nb": "x"}',
    '"headers": {"a": "x\\r\\nEvil: 1"}',
    '"extra-body": {"a": "' + "x" * 70_000 + '"}',
    '"users": [1' + "0" * 5_000 + "]",
]


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: odd[:30])
def test_what_other_programs_stumble_over(standing, odd):
    body = f'{{"host": "http://127.0.0.1:9", "model": "tiny", {odd}}}'
    answer = standing.post("/runs", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 422), answer.text
    assert len(answer.text) < 600
    leaves_nothing(standing)


def test_a_key_is_never_repeated(standing):
    for options in (
        {"api_key": [KEY]},
        {"api_key": KEY, "users": ["x"]},
        {"api-keys": KEY},
        {"headers": [KEY]},
        {"api_key": KEY * 200},
    ):
        answer = standing.post("/runs", json={**RUN, **options})
        assert answer.status_code == 422
        assert KEY not in answer.text


def test_mistakes_are_told_all_at_once_and_leave_nothing(standing):
    answer = standing.post("/runs", json={**RUN, "desc": "refuse"})
    assert answer.status_code == 422
    assert answer.json()["mistakes"] == ["--users 0: give more.", "--model is missing."]
    leaves_nothing(standing)


def test_what_goes_beyond_the_bounds_is_refused(settings):
    with serving(dataclasses.replace(settings, limits=Limits(users=3))) as service:
        answer = service.post("/runs", json={**RUN, "users": [4]})
        assert answer.status_code == 422
        assert answer.json()["detail"] == "users: 4 is more than the 3 users at once that this service allows."
        assert list(settings.runs.iterdir()) == []


def test_a_place_that_must_not_be_asked_is_refused_before_anything(standing):
    answer = standing.post("/runs", json={"targets": [RUN, {"host": "http://169.254.169.254"}]})
    assert (answer.status_code, answer.json()["detail"][:40]) == (403, "This service does not ask 169.254.169.25")
    for other in ("judge", "moderation"):
        refused = standing.post("/runs", json={**RUN, other: {"host": "http://169.254.169.254", "model": "m"}})
        assert (refused.status_code, refused.json()["detail"]) == (403, answer.json()["detail"])
    leaves_nothing(standing)


def test_test_sets_lie_in_their_folder(service, settings):
    (settings.testsets / "mine.jsonl").write_text('{"prompt": "x"}\n')
    (settings.testsets / "pictures").mkdir()
    asked = {"testset": "mine.jsonl", "images": "pictures", "texts": "mine.jsonl", "canaries": "short"}
    run = service.post("/runs", json={**RUN, **asked}).json()
    told = written(settings, run["id"])
    assert told["testset"] == told["texts"] == str((settings.testsets / "mine.jsonl").resolve())
    assert told["canaries"] == "short"
    assert told["images"] == str((settings.testsets / "pictures").resolve())
    assert run["options"]["testset"] == "mine.jsonl"
    for options in (
        *(
            {option: name}
            for option in ("testset", "canaries", "texts")
            for name in ("/etc/passwd", "../x.db", "other")
        ),
        {"images": "/etc"},
    ):
        assert service.post("/runs", json={**RUN, **options}).status_code == 422
    ended(service, run["id"])


def test_runs_are_listed_newest_first_and_page_by_page(service):
    runs = [service.post("/runs", json={**RUN, "name": name}).json()["id"] for name in ("a", "Yellow", "c")]
    for run in runs:
        ended(service, run)
    first = service.get("/runs", params={"limit": 2}).json()
    assert [run["id"] for run in first["runs"]] == [runs[2], runs[1]]
    assert first["total"] == 3
    rest = service.get("/runs", params={"limit": 2, "cursor": first["next"]}).json()
    assert ([run["id"] for run in rest["runs"]], rest["next"]) == ([runs[0]], None)
    assert service.get("/runs", params={"state": "failed"}).json()["total"] == 0
    assert service.get("/runs", params={"text": "yel"}).json()["total"] == 1
    assert service.get("/runs", params={"model": "tiny", "state": "done"}).json()["total"] == 3


@pytest.mark.parametrize("path", ["/runs/x", "/runs/x/events", "/runs/x/report.json", "/compare?base=x&candidate=y"])
def test_a_run_that_is_not_there(standing, path):
    assert standing.get(path).status_code == 404
    assert standing.delete("/runs/x").status_code == 404


@pytest.mark.parametrize(
    ("rendering", "kind"),
    [("report.json", "application/json"), ("report.html", "text/html; charset=utf-8")],
)
def test_reports_are_what_the_run_folder_has(reported, made, rendering, kind):
    client, run = reported
    answer = client.get(f"/runs/{run}/{rendering}")
    assert answer.content == (made / rendering).read_bytes()
    assert answer.headers["Content-Type"] == kind


def test_a_report_with_scripts_is_shown_in_a_sandbox(reported):
    service, run = reported
    (page,) = service.app.state.settings.data.rglob("report.html")
    page.with_name("models.html").write_text("<script>1</script>")
    for name in ("report.html", "models.html"):
        policy = service.get(f"/runs/{run}/{name}").headers["Content-Security-Policy"]
        assert policy.startswith("sandbox allow-scripts allow-downloads; default-src 'none'")
        assert "allow-same-origin" not in policy
    assert "sandbox" not in service.get(f"/runs/{run}/report.json").headers["Content-Security-Policy"]


@pytest.mark.parametrize("rendering", ["run.json", "..%2f..%2fllocust.db", "points", "request.toml", "report.md%00"])
def test_other_files_are_not_served(reported, rendering):
    client, run = reported
    assert client.get(f"/runs/{run}/{rendering}").status_code in (404, 422)


def test_a_report_that_is_not_there_yet(service):
    run = service.post("/runs", json={**RUN, "desc": "wait"}).json()["id"]
    under_way(service, run)
    answer = service.get(f"/runs/{run}/report.json")
    assert (answer.status_code, answer.json()["detail"]) == (404, f"The run {run} is running and has no report.json.")
    service.delete(f"/runs/{run}")
    ended(service, run)


def events(client, run, **headers):
    with client.stream("GET", f"/runs/{run}/events", headers=headers) as answer:
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        text = "".join(answer.iter_text())
    return [dict(line.split(": ", 1) for line in block.split("\n")) for block in text.split("\n\n") if block]


def test_progress_comes_as_events_and_ends_with_the_run(service):
    run = service.post("/runs", json=RUN).json()["id"]
    heard = events(service, run)
    told = [(each["event"], json.loads(each["data"])) for each in heard]
    assert told[-1][0] == "state"
    assert told[-1][1]["state"] == "done"
    assert [data["event"] for event, data in told if event == "progress"] == ["point", "report"]
    assert [each["id"] for each in heard if each["event"] == "progress"] == ["1", "2"]


def test_who_comes_back_misses_nothing_and_hears_nothing_twice(reported):
    service, run = reported
    again = events(service, run, **{"Last-Event-ID": "1"})
    assert [(each["event"], each.get("id")) for each in again] == [("progress", "2"), ("state", None)]
    assert [each["event"] for each in events(service, run, **{"Last-Event-ID": "99"})] == ["state"]
    assert service.get(f"/runs/{run}/events", headers={"Last-Event-ID": "x"}).status_code == 422


def test_so_many_listen_and_no_more(settings):
    with serving(dataclasses.replace(settings, limits=Limits(listeners=1))) as service:
        run = ended(service, service.post("/runs", json=RUN).json()["id"])["id"]
        assert service.app.state.seats.take()
        answer = service.get(f"/runs/{run}/events")
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
        service.app.state.seats.leave()
        for _ in range(2):  # the seat of one who has left is free again
            assert service.get(f"/runs/{run}/events").status_code == 200


def test_a_run_folder_made_elsewhere_is_taken_over_once(service, settings, made):
    shutil.copytree(made, settings.imports / "theirs")
    (settings.imports / "theirs" / "report.json").write_text("{}")  # theirs may say anything; it is made anew
    first = service.post("/runs/import", json={"path": "theirs"})
    assert first.status_code == 201, first.text
    run = first.json()
    assert (run["state"], run["imported"], run["folder"]) == ("done", True, "imports/theirs")
    assert (run["begun"], run["id"][:19]) == ("2026-01-31T12:00:00Z", "20260131T120000000Z")
    assert service.get("/results", params={"run": run["id"], "outcome": "any"}).json()["total"] == 3
    made_s = (settings.imports / "theirs" / "report.json").stat().st_mtime_ns
    again = service.post("/runs/import", json={"path": "./theirs"}).json()
    assert again == run
    assert (settings.imports / "theirs" / "report.json").stat().st_mtime_ns == made_s
    assert service.get("/runs").json()["total"] == 1
    assert service.get(f"/runs/{run['id']}/report.json").content == (made / "report.json").read_bytes()


@pytest.mark.parametrize("path", ["nothing", ".", "..", "../runs", "/etc", "file", "empty", "linked", "outside"])
def test_what_is_no_run_folder_is_not_taken_over(service, settings, made, path):
    (settings.imports / "empty").mkdir()
    (settings.imports / "file").write_text("x")
    shutil.copytree(made, settings.imports / "linked")
    (settings.imports / "linked" / "points" / "passwd").symlink_to("/etc/passwd")
    (settings.imports / "outside").symlink_to(made)
    answer = service.post("/runs/import", json={"path": path})
    assert answer.status_code == 422, answer.text
    assert service.get("/runs").json()["total"] == 0


def test_a_run_compared_with_itself_is_the_same(reported):
    service, run = reported
    pair = {"base": run, "candidate": run}
    found = service.get("/compare", params=pair).json()
    (metric,) = [each for each in found["points"][0]["metrics"] if each["key"] == "latency.ttft_s.p50"]
    assert (metric["base"], metric["candidate"], metric["difference"]) == (0.1, 0.1, 0.0)
    page = service.get("/compare", params=pair, headers={"Accept": "text/html"})
    assert page.headers["Content-Type"].startswith("text/html")
    assert page.headers["Content-Security-Policy"].startswith("sandbox")


def test_a_run_without_results_cannot_be_compared(service):
    failed = ended(service, service.post("/runs", json={**RUN, "desc": "fail"}).json()["id"])["id"]
    answer = service.get("/compare", params={"base": failed, "candidate": failed})
    assert (answer.status_code, answer.json()["detail"]) == (409, f"The run {failed} has no results (yet).")


def test_what_this_is(standing):
    about = standing.get("/", headers={"Accept": "*/*"}).json()
    assert about["name"] == "llocust"
    assert set(standing.get("/openapi.json").json()["paths"]) >= {
        "/benchmark",
        "/runs",
        "/results",
        "/health",
        "/compare",
    }


def test_all_is_well(standing):
    health = standing.get("/health").json()
    assert (health["status"], health["database"], health["running"], health["queued"]) == ("ok", "ok", 0, 0)
    assert health["disk_free_bytes"] > 0


def test_a_database_that_is_gone_is_told(service, settings, monkeypatch):
    from service.store.nouns import StoreError

    def gone():
        raise StoreError("The database is gone.")

    monkeypatch.setattr(service.app.state.store, "ping", gone)
    answer = service.get("/health")
    assert (answer.status_code, answer.json()["status"], answer.json()["database"]) == (503, "degraded", "gone")
    run = service.post("/runs", json={**RUN, "desc": "wait"}).json()["id"]
    await_state(service, run, ("running",))
    service.delete(f"/runs/{run}")
    ended(service, run)


def test_a_dry_run_that_says_nothing_is_no_secret(service):
    answer = service.post("/runs", json={**RUN, "desc": "crash"})
    assert (answer.status_code, answer.json()["detail"]) == (
        500,
        "`llocust sweep --dry-run` failed: Traceback: the stub crashed",
    )
