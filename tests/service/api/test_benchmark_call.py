"""POST /benchmark: what is asked, and what is answered."""

import asyncio
import dataclasses
import tomllib

import httpx
import pytest
from support.service import serving

ASKED = {"api_endpoint": "http://127.0.0.1:9/v1", "api_key": "sk-of-mine", "model_name": "tiny", "num_requests": 3}
METRICS = {
    *("total_requests", "successful_requests", "failed_requests", "success_rate", "average_latency", "median_latency"),
    *("min_latency", "max_latency", "p95_latency", "p99_latency", "average_tokens_per_second"),
    *("median_tokens_per_second", "max_tokens_per_second", "total_tokens_used", "average_tokens_per_request"),
    *("total_duration", "requests_per_second"),
}


def told(settings):
    """The options of the only run."""
    (run,) = settings.runs.iterdir()
    return tomllib.loads((run / "request.toml").read_text())


def test_the_answer_is_the_metrics_and_every_request(service):
    answer = service.post("/benchmark", json=ASKED)
    assert answer.status_code == 200, answer.text
    said = answer.json()
    assert {"model_name", "timestamp", "metrics", "individual_results"} <= set(said)
    assert set(said["metrics"]) >= METRICS
    # The stub's run has two requests of 145 ms that succeeded, and one that failed, in a window of 10 s.
    metrics = said["metrics"]
    assert (metrics["total_requests"], metrics["success_rate"], metrics["total_duration"]) == (
        3,
        pytest.approx(200 / 3),
        10.0,
    )
    assert (metrics["max_latency"], metrics["total_tokens_used"]) == (0.145, 26)
    assert [each["success"] for each in said["individual_results"]] == [True, True, False]
    assert said["individual_results"][2]["error"] == "It is tired."
    assert said["individual_results"][0]["tokens_per_second"] == pytest.approx(3 / 0.145)
    assert service.get(answer.headers["Location"]).json()["id"] == said["run"]


def test_what_is_asked_is_a_run(service, settings):
    assert service.post("/benchmark", json={**ASKED, "users": 2, "max_tokens": 8}).status_code == 200
    assert told(settings) == {
        "host": "http://127.0.0.1:9/v1",
        "model": "tiny",
        "probe": False,
        "users": [2],
        "requests": 3,
        "spawn-rate": 1000.0,
        "max-tokens": 8,
        "name": "benchmark",
        "api-key-env": "LLOCUST_SERVICE_KEY",
    }


@pytest.mark.parametrize(
    ("endpoint", "given", "dialect"),
    [
        ("https://api.anthropic.com", None, "messages"),
        ("https://api.anthropic.com/v1/messages", None, "messages"),
        ("https://generativelanguage.googleapis.com", None, "gemini"),
        ("https://api.anthropic.com", "chat", "chat"),
        ("https://api.anthropic.com.example", None, None),
    ],
)
def test_known_hosts_have_their_dialect(service, settings, endpoint, given, dialect):
    assert service.post("/benchmark", json={**ASKED, "api_endpoint": endpoint, "dialect": given}).status_code == 200
    assert told(settings).get("dialect") == dialect


def test_prompts_of_ones_own_are_a_test_set_of_the_run(service, settings):
    prompts = ["one", 'two "quoted"\nlines', "三"]
    assert service.post("/benchmark", json={**ASKED, "test_prompts": prompts}).status_code == 200
    (run,) = settings.runs.iterdir()
    assert told(settings)["testset"] == str(run.resolve() / "prompts.jsonl")
    lines = (run / "prompts.jsonl").read_text().splitlines()
    assert lines == ['{"prompt":"one"}', '{"prompt":"two \\"quoted\\"\\nlines"}', '{"prompt":"三"}']


@pytest.mark.parametrize(
    ("vision", "told_of"),
    [
        ({"use_vision": True}, {"testset": "vision"}),
        ({"vision_testset_path": "v.jsonl"}, {"testset": "DATA/v.jsonl"}),
        ({"use_vision": True, "vision_testset_path": "./v.jsonl"}, {"testset": "DATA/v.jsonl"}),
        ({"use_vision": False, "vision_testset_path": "v.jsonl"}, {}),
        ({"use_vision": True, "vision_testset_path": "cats"}, {"testset": "DATA/cats"}),
        (
            {"use_vision": True, "vision_testset_path": "cats", "test_prompts": ["?"]},
            {"images": "DATA/cats", "testset": "PROMPTS"},
        ),
    ],
)
def test_images(service, settings, vision, told_of):
    (settings.testsets / "v.jsonl").write_text("{}")
    (settings.testsets / "cats").mkdir()
    answer = service.post("/benchmark", json={**ASKED, **vision})
    assert answer.status_code == 200, answer.text
    (run,) = settings.runs.iterdir()
    places = {str(settings.testsets.resolve()): "DATA", str(run.resolve() / "prompts.jsonl"): "PROMPTS"}
    found = {key: value for key, value in told(settings).items() if key in ("testset", "images")}
    for place, name in places.items():
        found = {key: value.replace(place, name) for key, value in found.items()}
    assert found == told_of


@pytest.mark.parametrize(
    "change",
    [
        {"num_requests": 0},
        {"num_requests": "3"},
        {"num_requests": 10_001},
        {"api_endpoint": ""},
        {"model_name": None},
        {"test_prompts": []},
        {"test_prompts": [""]},
        {"testset": "chat", "test_prompts": ["x"]},
        {"testset": "chat", "use_vision": True},
        {"vision_testset_path": "/etc/passwd"},
        {"vision_testset_path": "../x"},
        {"use_vision": True, "test_prompts": ["x"]},
        {"dialect": "mine"},
        {"surprise": 1},
        {"users": 0},
    ],
    ids=str,
)
def test_what_is_not_taken(standing, change):
    answer = standing.post("/benchmark", json={**ASKED, **change})
    assert answer.status_code == 422, answer.text
    assert list(standing.app.state.settings.runs.iterdir()) == []


def test_a_key_may_be_left_out_or_empty(service):
    for key in ("", None):
        assert service.post("/benchmark", json={**ASKED, "api_key": key}).status_code == 200


def test_a_run_that_cannot_be_made_is_told(settings):
    with serving(settings) as service:
        service.app.state.jobs._settings = dataclasses.replace(settings, program=("/nowhere/llocust",))
        answer = service.post("/benchmark", json=ASKED)
    assert answer.status_code == 502
    assert answer.json()["detail"].endswith("The run could not be started: No such file or directory.")


def test_who_hangs_up_cancels_the_run(service, settings):
    """By ASGI itself: neither client here can hang up."""
    body = httpx.Request("POST", "http://h", json={**ASKED, "test_prompts": ["x"]}).content
    running = service.portal.call(_hang_up, service.app, body)
    assert running == "cancelled"


async def _hang_up(app, body):
    messages = [{"type": "http.request", "body": body, "more_body": False}]
    sent = []

    async def receive():
        if messages:
            return messages.pop()
        return {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)

    headers = [(b"host", b"127.0.0.1:8000"), (b"content-type", b"application/json")]
    scope = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "path": "/benchmark"}
    scope |= {"raw_path": b"/benchmark", "query_string": b"", "root_path": "", "scheme": "http", "headers": headers}
    scope |= {"server": ("127.0.0.1", 8000), "client": ("127.0.0.1", 1)}
    await app(scope, receive, send)
    assert sent[0]["status"] == 499
    (row,) = app.state.store.runs().items
    while app.state.jobs.state(row.id) is not None:  # noqa: ASYNC110 - as a client would
        await asyncio.sleep(0.02)
    return app.state.store.run(row.id).state
