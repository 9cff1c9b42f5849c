"""The results calls, on an app of nothing else."""

import json
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from support.rows import NOON

from service import errors
from service.api import results
from service.settings import Settings
from service.store.nouns import RunRow
from service.store.store import Store


def client_of(store, **settings) -> TestClient:
    app = FastAPI()
    app.state.settings = Settings(data=Path("unused"), **settings)
    app.state.store = store
    errors.install(app)
    app.include_router(results.router)
    return TestClient(app, raise_server_exceptions=False)


@pytest.fixture
def client(store):
    return client_of(store)


def row(number: int, **fields) -> dict:
    defaults = {
        "request_id": f"r-{number}",
        "prompt_text": "Why?",
        "generated_text": "Because.",
        "token_count": 10 * number,
        "time_to_first_token": 100.0,
        "time_per_output_token": 10,
        "total_generation_time": 200.5,
        "timestamp": f"2026-01-31T12:00:0{number}Z",
    }
    return defaults | fields


FIVE = [row(n, model=("a", "b")[n % 2]) for n in range(1, 6)]


def test_rows_go_in_in_three_forms(client):
    assert client.post("/results", json=row(1)).json() == {"added": 1, "unchanged": 0}
    assert client.post("/results", json=[row(1), row(2)]).json() == {"added": 1, "unchanged": 1}
    assert client.post("/results/", json={"benchmarking_results": [row(3)]}).json() == {"added": 1, "unchanged": 0}
    assert client.post("/results", json=[]).json() == {"added": 0, "unchanged": 0}
    assert client.get("/results").json()["total"] == 3


def test_a_row_comes_out_as_it_went_in(client):
    whole = row(1) | {"run": "theirs", "point": 1, "users": 2, "model": "m", "outcome": "cut", "phase": "window"}
    client.post("/results", json=whole)
    assert client.get("/results/").json() == {"benchmarking_results": [whole], "total": 1, "next": None}


def test_a_page_can_be_posted_elsewhere_as_it_is(client):
    client.post("/results", json=FIVE)
    page = client.get("/results").json()
    assert client.post("/results", json=page).json() == {"added": 0, "unchanged": 5}


def test_averages(client):
    client.post(
        "/results", json=[*FIVE, row(6, outcome="cut"), row(7, time_to_first_token=None, time_per_output_token=None)]
    )
    # (10 + 20 + 30 + 40 + 50 + 70) / 6; the sixth failed
    found = client.get("/results/average").json()
    assert found == {
        "token_count": pytest.approx(220 / 6),
        "time_to_first_token": 100.0,
        "time_per_output_token": 10.0,
        "total_generation_time": 200.5,
        "count": 6,
        "observed": {
            "token_count": 6,
            "time_to_first_token": 5,
            "time_per_output_token": 5,
            "total_generation_time": 6,
        },
    }
    assert client.get("/results/average/").json() == found
    assert client.get("/results/average?outcome=any").json()["count"] == 7
    assert client.get("/results/average?outcome=failed").json()["token_count"] == 60
    assert client.get("/results/average?model=a").json()["token_count"] == 30


def test_averages_by_model(client):
    client.post("/results", json=[*FIVE, row(6)])
    models = client.get("/results/average?by=model").json()["models"]
    assert [(each["model"], each["count"], each["token_count"]) for each in models] == [
        (None, 1, 60),
        ("a", 2, 30),  # 20, 40
        ("b", 3, 30),  # 10, 30, 50
    ]


@pytest.mark.parametrize(
    ("window", "count"),
    [
        ("2026-01-31T12:00:02Z/2026-01-31T12:00:04Z", 3),
        ("2026-01-31T12:00:02/2026-01-31T12:00:04", 3),
        ("2026-01-31T12:00:02/2026-01-31T12:00:04/", 3),
        ("2026-01-31T13:00:02+01:00/2026-01-31T13:00:04+01:00", 3),
        ("2026-01-31T13:00:02%2B01:00/2026-01-31T13:00:04%2B01:00/", 3),
        ("2026-01-31%2012:00:02/2026-01-31%2012:00:04", 3),
        ("2026-01-31T12:00:02.000001Z/2026-01-31T12:00:03.999999Z", 1),
        ("2026-01-31/2026-01-31", 5),
        ("2026-01-30/2026-02-01T00:00:00Z", 5),
        ("0001-01-01/9999-12-31", 5),
    ],
)
def test_averages_of_a_window(client, window, count):
    client.post("/results", json=FIVE)
    answer = client.get(f"/results/average/{window}")
    assert (answer.status_code, answer.json()["count"]) == (200, count)


def test_an_empty_window(client):
    answer = client.get("/results/average")
    assert (answer.status_code, answer.json()) == (404, {"detail": "There are no such results yet."})
    client.post("/results", json=FIVE)
    answer = client.get("/results/average/2025-01-01/2025-12-31/?by=model")
    assert answer.status_code == 404
    assert answer.json() == {
        "detail": "There are no such results from 2025-01-01T00:00:00Z to 2025-12-31T23:59:59.999999Z."
    }


@pytest.mark.parametrize(
    ("window", "sentence"),
    [
        ("2026-01-31T12:00:05Z/2026-01-31T12:00:04Z", "The start of the window is after its end."),
        ("2026-01-31T12:00:00Z/2026-01-31T12:30:00+01:00", "The start of the window is after its end."),
        ("yesterday/2026-01-31", "Start: this is no moment; write it as 2026-01-31T12:00:00Z, "),
        ("2026-01-31/2026-01-32/", "End: this is no moment; "),
        ("1769860800/1769860801", "Start: this is no moment; "),
    ],
)
def test_a_window_that_is_none(client, window, sentence):
    client.post("/results", json=FIVE)
    answer = client.get(f"/results/average/{window}")
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith(sentence)
    start, _, end = window.rstrip("/").partition("/")
    assert client.get("/results", params={"start": start, "end": end}).status_code == 422


def test_results_are_filtered_and_paged(client):
    client.post("/results", json=[*FIVE, row(6, run="theirs", outcome="cut", phase="window", point=1)])

    def ids(query):
        return [each["request_id"] for each in client.get(f"/results?{query}").json()["benchmarking_results"]]

    assert ids("model=a") == ["r-4", "r-2"]
    assert ids("run=theirs") == ids("outcome=cut") == ids("outcome=failed") == ids("phase=window") == ["r-6"]
    assert ids("run=theirs&point=1") == ["r-6"]
    assert ids("run=theirs&point=2") == []
    assert ids("request_id=r-3") == ["r-3"]
    assert ids("start=2026-01-31T13:00:02+01:00&end=2026-01-31T12:00:03Z") == ["r-3", "r-2"]
    assert ids("limit=2&offset=1") == ["r-5", "r-4"]
    first = client.get("/results?limit=4").json()
    assert first["total"] == 6
    assert ids(f"limit=4&cursor={first['next']}") == ["r-2", "r-1"]


@pytest.mark.parametrize(
    "query",
    [
        *("limit=0", "limit=1001", "limit=x", "offset=-1", "offset=100001", "point=-1", "point=99999999999"),
        *("outcome=fine", "phase=night", "cursor=x", "start=x", "run=" + "x" * 201),
    ],
)
def test_a_question_that_is_none(client, query):
    answer = client.get(f"/results?{query}")
    assert answer.status_code == 422
    assert answer.json()["detail"].endswith(".")


def test_averages_by_nothing_else(client):
    assert client.get("/results/average?by=color").status_code == 422


def test_another_content_is_a_conflict(client):
    client.post("/results", json=FIVE)
    answer = client.post("/results", json=[row(6), FIVE[0] | {"token_count": 1}])
    assert answer.status_code == 409
    assert answer.json()["detail"] == "Nothing was kept. r-1 is there with another content."
    assert client.get("/results").json()["total"] == 5


def test_of_many_conflicts_some_are_named(client):
    many = [row(1, request_id=f"x-{n:02}") for n in range(25)]
    client.post("/results", json=many)
    answer = client.post("/results", json=[each | {"token_count": 1} for each in many] * 2)
    assert answer.status_code == 409
    first, *named, last = answer.json()["mistakes"]
    assert (first, last) == ("Nothing was kept.", "So are 6 more.")  # 25 less the 19 that are named
    assert named == [f"x-{n:02} is there with another content." for n in range(19)]


@pytest.mark.parametrize(
    ("changed", "where"),
    [
        ({"request_id": ""}, "request_id"),
        ({"request_id": 7}, "request_id"),
        ({"request_id": "x" * 201}, "request_id"),
        ({"request_id": "a\0b"}, "request_id"),
        ({"token_count": -1}, "token_count"),
        ({"token_count": 1.5}, "token_count"),
        ({"token_count": True}, "token_count"),
        ({"token_count": "12"}, "token_count"),
        ({"token_count": 10**9 + 1}, "token_count"),
        ({"time_to_first_token": -0.001}, "time_to_first_token"),
        ({"time_to_first_token": "1"}, "time_to_first_token"),
        ({"time_to_first_token": True}, "time_to_first_token"),
        ({"total_generation_time": 1e13}, "total_generation_time"),
        ({"timestamp": None}, "timestamp"),
        ({"timestamp": 1769860800}, "timestamp"),
        ({"timestamp": "noon"}, "timestamp"),
        ({"timestamp": "9999-12-31T23:59:59-01:00"}, "timestamp"),
        ({"prompt_text": "x" * 1_000_001}, "prompt_text"),
        ({"generated_text": "\0"}, "generated_text"),
        ({"generated_text": 3}, "generated_text"),
        ({"model": ""}, "model"),
        ({"outcome": "fine"}, "outcome"),
        ({"outcome": ["ok"]}, "outcome"),
        ({"phase": "night"}, "phase"),
        ({"point": -1}, "point"),
        ({"users": 2**31}, "users"),
        ({"color": "red"}, "color"),
    ],
)
def test_a_row_that_is_none(client, changed, where):
    answer = client.post("/results", json=[row(1), row(2) | changed])
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith(f"rows.1.{where}")
    assert client.get("/results").json()["total"] == 0


@pytest.mark.parametrize(
    "body",
    [
        *("", "nonsense", "7", "null", '"x"', "{}", "[7]", "[[]]", '{"benchmarking_results": 7}', "NaN"),
        json.dumps(row(1)).replace("100.0", "NaN"),
        json.dumps(row(1)).replace("100.0", "Infinity"),
        json.dumps(row(1)).replace("100.0", "1e999"),
        json.dumps(row(1)).replace("Why?", "\\ud800"),
        json.dumps(row(1)).replace(":", ":" + "[" * 5000, 1),
    ],
)
def test_a_body_that_is_none(client, body):
    answer = client.post("/results", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 422)
    assert client.get("/results").json()["total"] == 0


def test_more_rows_than_one_call_takes(client):
    many = [row(1) | {"request_id": str(n)} for n in range(10_001)]
    assert client.post("/results", json=many).status_code == 422
    assert client.post("/results", json=many[:10_000]).json() == {"added": 10_000, "unchanged": 0}
    assert client.get("/results/average").json()["count"] == 10_000


def test_runs_of_the_service_get_no_rows_from_elsewhere(client, store):
    store.add_run(RunRow(id="mine", submitted=NOON))
    answer = client.post("/results", json=[row(1), row(2, run="mine")])
    assert answer.status_code == 409
    assert answer.json()["detail"] == "mine is a run of this service: its results come from its own folder alone."
    assert client.get("/results").json()["total"] == 0


def test_a_file_in_place_of_the_database(store, tmp_path):
    path = tmp_path / "results.json"
    path.write_text(json.dumps({"benchmarking_results": FIVE}))
    client_of(store).post("/results", json=row(9))
    client = client_of(store, debug_file=path)
    assert [each["request_id"] for each in client.get("/results").json()["benchmarking_results"]] == [
        *("r-5", "r-4", "r-3", "r-2", "r-1")
    ]
    assert client.get("/results/average").json()["token_count"] == 30
    assert client.get("/results/average?by=model").json()["models"][0]["model"] == "a"
    assert client.get("/results/average/2026-01-31T12:00:02/2026-01-31T12:00:02/").json()["count"] == 1
    assert client.get("/results/average/2025-01-31/2025-01-31").status_code == 404
    answer = client.post("/results", json=row(8))
    assert answer.status_code == 409
    assert (
        answer.json()["detail"]
        == "Results are served from a file, as SUPERBENCHMARK_DEBUG says, and none can be added."
    )
    assert store.results().total == 1


def test_a_file_that_is_not_there(tmp_path):
    client = client_of(None, debug_file=tmp_path / "none.json")
    answer = client.get("/results/average")
    assert answer.status_code == 503
    assert answer.json()["detail"].endswith(
        "none.json, which SUPERBENCHMARK_DEBUG=True serves, cannot be read: No such file or directory."
    )


def test_a_database_that_is_gone():
    store = Store("postgresql://someone:s3cret@127.0.0.1:9/db")
    answer = client_of(store).get("/results")
    assert answer.status_code == 503
    assert answer.json()["detail"].startswith("The database cannot be used: ")
    assert "s3cret" not in answer.text
    store.close()
