"""Who is let in."""

import dataclasses

import pytest
from support.service import RUN, lasting, serving, settings_for

from service.safety.guard import COOKIE
from service.safety.tokens import make, read_tokens
from service.settings import Limits

READ, FULL = make("read", "grafana"), make("run", "ci")


@pytest.fixture(scope="module")
def guarded(tmp_path_factory, made):
    settings = settings_for(tmp_path_factory.mktemp("guarded") / "data", made)
    tokens = read_tokens(f"{READ.entry} {FULL.entry}")
    with lasting(dataclasses.replace(settings, tokens=tokens, allowed_targets=("127.0.0.0/8",))) as client:
        yield client


def bearer(made):
    return {"Authorization": f"Bearer {made.token}"}


@pytest.mark.parametrize(
    "path", ["/", "/runs", "/results", "/openapi.json", "/nowhere", "/healthy/../runs", "/runs/x/events"]
)
def test_without_a_token_nobody_is_let_in(guarded, path):
    answer = guarded.get(path)
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")


@pytest.mark.parametrize(
    "header",
    ["Bearer", "Bearer ", "Bearer x", f"Basic {FULL.token}", FULL.token, "Bearer \xff", f"Bearer {FULL.entry}"],
)
def test_with_another_token_nobody_is(guarded, header):
    assert guarded.get("/runs", headers={"Authorization": header.encode("latin-1")}).status_code == 401


def test_a_token_for_reading_reads(guarded):
    assert guarded.get("/runs", headers=bearer(READ)).status_code == 200
    for method, path in [
        ("POST", "/runs"),
        ("POST", "/benchmark"),
        ("DELETE", "/runs/x"),
        ("POST", "/results"),
        ("POST", "/runs/import"),
    ]:
        assert guarded.request(method, path, headers=bearer(READ), json=RUN).status_code == 403


def test_a_token_for_runs_does_all(guarded):
    assert guarded.get("/runs", headers=bearer(FULL)).status_code == 200
    assert guarded.post("/runs", headers=bearer(FULL), json=RUN).status_code == 202


def test_a_browser_carries_its_token_in_a_cookie(guarded):
    cookie = {"Cookie": f"other=1; {COOKIE}={READ.token}"}
    assert guarded.get("/runs", headers=cookie).status_code == 200
    assert guarded.post("/runs", headers=cookie, json=RUN).status_code == 403
    assert guarded.get("/runs", headers={"Cookie": f"{COOKIE}=x"}).status_code == 401


def test_health_says_little_to_strangers(guarded):
    assert guarded.get("/health").json() == {
        "status": "ok",
        "database": None,
        "disk_free_bytes": None,
        "running": None,
        "queued": None,
    }
    assert guarded.get("/health", headers=bearer(READ)).json()["database"] == "ok"


@pytest.mark.parametrize(
    "host", ["attacker.example", "attacker.example:8000", "127.0.0.1.attacker.example", "", "[::1", "10.0.0.1:8000"]
)
def test_without_tokens_another_name_for_this_machine_is_refused(standing, host):
    assert standing.get("/runs", headers={"Host": host}).status_code == 403


@pytest.mark.parametrize("host", ["localhost", "localhost:8000", "127.0.0.1:1234", "[::1]:8000", "LOCALHOST"])
def test_the_names_of_this_machine_are_not(standing, host):
    assert standing.get("/runs", headers={"Host": host}).status_code == 200


FOREIGN = [
    {"Origin": "http://attacker.example"},
    {"Origin": "http://127.0.0.1:9999"},
    {"Origin": "null"},
    {"Origin": "http://[::1"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Origin": "http://127.0.0.1:8000", "Sec-Fetch-Site": "cross-site"},
]


@pytest.mark.parametrize("headers", FOREIGN)
def test_pages_of_others_cannot_act_here(standing, headers):
    assert standing.post("/runs", headers=headers, json=RUN).status_code == 403
    assert standing.delete("/runs/x", headers=headers).status_code == 403
    assert standing.get("/runs", headers=headers).status_code == 200
    assert standing.get("/runs").json()["total"] == 0


@pytest.mark.parametrize(
    "headers", [{}, {"Origin": "http://127.0.0.1:8000"}, {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}]
)
def test_programs_and_our_own_pages_can(standing, headers):
    assert standing.delete("/runs/x", headers=headers).status_code == 404


def test_every_answer_keeps_browsers_to_what_is_meant(service):
    for answer in [
        service.get("/"),
        service.get("/nowhere"),
        service.post("/runs", json={}),
        service.get("/runs", headers={"Host": "x"}),
    ]:
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self'")
        assert "frame-ancestors 'self'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Access-Control-Allow-Origin" not in answer.headers


def chunks(count, size):
    for _ in range(count):
        yield b" " * size


def test_a_body_is_bounded_whether_it_says_its_length_or_not(settings):
    with serving(dataclasses.replace(settings, limits=Limits(body_bytes=1_000))) as client:
        json = {"Content-Type": "application/json"}
        for body in (b" " * 1_001, chunks(3, 400)):
            answer = client.post("/runs", content=body, headers=json)
            assert (answer.status_code, answer.json()) == (413, {"detail": "The body is larger than 1,000 bytes."})
        assert client.post("/runs", content=chunks(2, 400), headers=json).status_code == 422
