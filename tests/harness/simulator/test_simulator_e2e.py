"""The simulator as a process, asked over real sockets."""

import json
import os
import select
import signal
import socket
import subprocess
import sys
import time

import pytest
from support.simulator import running_simulator

from harness.simulator.faults import HARMLESS

BODY = {"model": "sim", "messages": [{"role": "user", "content": "hello"}], "stream": True}


@pytest.fixture(scope="module")
def server():
    with running_simulator("--ttft", "0.02", "--itl", "0.01", "--tokens", "8", "--stall", "0.2") as running:
        yield running


def ask(server, headers=None, **more):
    connection = server.connect()
    try:
        connection.request("POST", "/v1/chat/completions", json.dumps(BODY | more), headers or {})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def raw_request(fault, request_id):
    body = json.dumps(BODY).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nx-simulate: {fault}\r\nx-request-id: {request_id}\r\n"
    return f"{head}content-length: {len(body)}\r\n\r\n".encode() + body


def receive_all(client):
    data = b""
    while part := client.recv(65536):
        data += part
    return data


def events(body):
    lines = body.decode().replace("\r\n", "\n").split("\n\n")
    return [json.loads(line[6:]) for line in lines if line.startswith("data: {")]


def text(body):
    deltas = [event["choices"][0]["delta"] for event in events(body) if event.get("choices")]
    return [delta["content"] for delta in deltas if delta.get("content")]


def until(condition):
    """Wait for what another process is about to do."""
    for _ in range(500):
        if (value := condition()) is not None:
            return value
        time.sleep(0.01)
    raise AssertionError("It never came.")


def ended(server, request_id):
    row = server.request(request_id)
    return None if row["ended_ns"] is None else row


def test_a_stream_and_the_truth_about_it(server):
    status, headers, body = ask(server, {"X-Request-ID": "plain"}, stream_options={"include_usage": True})
    assert status == 200
    assert headers["content-type"].startswith("text/event-stream")
    assert events(body)[0]["choices"][0]["delta"] == {"role": "assistant", "content": ""}
    assert len(text(body)) == 8
    assert events(body)[-2]["choices"][0]["finish_reason"] == "stop"
    assert events(body)[-1]["usage"]["completion_tokens"] == 8
    assert body.endswith(b"data: [DONE]\n\n")
    row = until(lambda: ended(server, "plain"))
    assert row["chars"] == [len(token) for token in text(body)]
    assert (row["ok"], row["finish"], row["usage"]["output"], row["kinds"]) == (True, "stop", 8, "t" * 8)
    assert row["received_ns"] < row["headers_ns"] < row["sent_ns"][0]
    assert row["sent_ns"] == sorted(row["sent_ns"])
    assert row["sent_ns"][-1] <= row["last_send_ns"] <= row["ended_ns"]
    assert all(late_us >= 0 for late_us in row["late_us"])


def test_a_document_takes_as_long_and_says_the_same(server):
    _, _, streamed = ask(server)
    status, _, body = ask(server, {"X-Request-ID": "document"}, stream=False)
    assert status == 200
    assert json.loads(body)["choices"][0]["message"]["content"] == "".join(text(streamed))
    row = until(lambda: ended(server, "document"))
    # 20 ms and 7 gaps of 10 ms.
    assert row["sent_ns"][0] - row["received_ns"] >= 90_000_000


@pytest.mark.parametrize("fault", sorted(HARMLESS))
def test_harmless_faults_keep_the_text(server, fault):
    _, _, plain = ask(server)
    _, _, odd = ask(server, {"X-Simulate": fault, "X-Request-ID": fault})
    assert text(odd) == text(plain)
    assert until(lambda: ended(server, fault))["ok"]


@pytest.mark.parametrize(
    ("fault", "status"),
    [("refuse_429", 429), ("refuse_400", 400), ("error_500", 500), ("error_503", 503), ("redirect", 302), ("html", 200),
     ("nothing", 200)],
)  # fmt: skip
def test_refusals(server, fault, status):
    got, headers, body = ask(server, {"X-Simulate": fault})
    assert got == status
    assert (headers["retry-after"] == "1") is (fault == "refuse_429")
    assert (headers["location"] is not None) is (fault == "redirect")
    assert (body == b"") is (fault in {"redirect", "nothing"})


@pytest.mark.parametrize("fault", ["cut", "stall_after_token", "stall_before_token"])
def test_a_body_that_never_ends_has_no_last_chunk(server, fault):
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as client:
        client.sendall(raw_request(fault, f"raw-{fault}"))
        data = receive_all(client)
    assert data.startswith(b"HTTP/1.1 200")
    assert not data.endswith(b"0\r\n\r\n")
    assert data.count(b'"content":"') == (1 if fault == "stall_before_token" else 4)
    row = until(lambda: ended(server, f"raw-{fault}"))
    assert (row["fault"], row["ok"], row["disconnected"]) == (fault, False, False)


def test_a_stall_before_the_head_sends_nothing_until_the_client_goes(server):
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as client:
        client.sendall(raw_request("stall_before_headers", "silent"))
        assert select.select([client], [], [], 0.05)[0] == []
    row = until(lambda: ended(server, "silent"))
    assert (row["status"], row["disconnected"], row["sent_ns"]) == (None, True, [])


@pytest.mark.parametrize(
    ("fault", "tokens", "end"),
    [("truncate", 3, b"}]}\n\n"), ("error_event", 3, b"[DONE]\n\n"), ("empty", 0, b"[DONE]\n\n")],
)
def test_bodies_that_end_properly_without_a_whole_answer(server, fault, tokens, end):
    status, _, body = ask(server, {"X-Simulate": fault})
    assert status == 200
    assert len(text(body.replace(b'data: {"error"', b'ignored: {"error"'))) == tokens
    assert body.endswith(end)


def test_broken_json_is_sent(server):
    _, _, body = ask(server, {"X-Simulate": "malformed"})
    with pytest.raises(json.JSONDecodeError):
        events(body)


@pytest.mark.parametrize(
    ("more", "status"), [({"model": "other"}, 404), ({"messages": []}, 400), ({"messages": 1}, 400)]
)
def test_requests_that_cannot_be_served(server, more, status):
    got, _, body = ask(server, **more)
    assert got == status
    assert set(json.loads(body)["error"]) == {"message", "type", "param", "code"}


def test_probes_are_not_counted(server):
    server.reset()
    ask(server, {"X-Llocust-Probe": "1"})
    server.get("/v1/models")
    assert server.truth()["requests"] == 0


def test_the_client_that_leaves_is_known(server):
    body = json.dumps(BODY | {"max_tokens": 8})
    connection = server.connect()
    connection.request("POST", "/v1/chat/completions", body, {"X-Request-ID": "left"})
    connection.getresponse().read(10)
    connection.sock.shutdown(socket.SHUT_RDWR)
    connection.close()
    row = until(lambda: ended(server, "left"))
    assert (row["disconnected"], row["ok"]) == (True, False)


def test_shares_connections_and_spans():
    with running_simulator("--ttft", "0", "--itl", "0", "--tokens", "2", "--fault", "error_503=0.25") as server:
        connection = server.connect()
        statuses = []
        for _ in range(20):
            connection.request("POST", "/v1/chat/completions", json.dumps(BODY))
            answer = connection.getresponse()
            answer.read()
            statuses.append(answer.status)
        connection.close()
        truth = server.truth()
        rows = server.requests()
        middle_ns = rows[10]["received_ns"]
        assert statuses.count(503) == 5
        assert (truth["requests"], truth["ok"], truth["faults"], truth["connections"]) == (20, 15, {"error_503": 5}, 1)
        assert truth["tokens"] == 30
        assert json.loads(server.get(f"/truth?since_ns={middle_ns}"))["requests"] == 10


def test_a_reset_deals_faults_from_the_beginning():
    with running_simulator("--ttft", "0", "--itl", "0", "--tokens", "1", "--fault", "error_503=1/3") as server:
        before = [ask(server)[0] for _ in range(2)]
        server.reset()
        after = [ask(server)[0] for _ in range(2)]
    # One in three, the second: without the reset the third and fourth request would both be 200.
    assert before == after == [200, 503]


def test_the_engine_queues_what_exceeds_its_batch():
    args = ("--max-batch", "1", "--tokens", "3", "--step-ms", "10", "--step-ms-per-seq", "0", "--prefill-us", "0")
    with running_simulator(*args) as server:
        clients = [socket.create_connection(("127.0.0.1", server.port), timeout=10) for _ in range(2)]
        for number, client in enumerate(clients):
            client.sendall(raw_request("no_done", str(number)))
        rows = [until(lambda number=number: ended(server, str(number))) for number in range(2)]
        for client in clients:
            client.close()
    first, second = sorted(rows, key=lambda row: row["sent_ns"][0])
    # The second is admitted when the first has had its three steps, and waits a step of its own.
    assert second["sent_ns"][0] > first["sent_ns"][-1]
    assert server_due_ns(second)[0] - server_due_ns(first)[-1] == pytest.approx(10_000_000, abs=2000)


def server_due_ns(row):
    return [at_ns - late_us * 1000 for at_ns, late_us in zip(row["sent_ns"], row["late_us"], strict=True)]


def test_tls_with_its_own_authority(tmp_path):
    with running_simulator("--ttft", "0", "--itl", "0", "--tls-ca-file", str(tmp_path / "ca.pem")) as server:
        assert server.url.startswith("https://")
        assert server.ca_file == str(tmp_path / "ca.pem")
        status, _, body = ask(server)
        assert status == 200
        assert body.endswith(b"[DONE]\n\n")


def test_a_key_is_required_where_one_is_set():
    environment = os.environ | {"SIMULATOR_KEY": "secret"}
    with running_simulator("--ttft", "0", "--itl", "0", "--api-key-env", "SIMULATOR_KEY", env=environment) as server:
        assert ask(server)[0] == 401
        assert ask(server, {"Authorization": "Bearer wrong"})[0] == 401
        assert ask(server, {"Authorization": "Bearer secret"})[0] == 200
        assert "secret" not in server.ready_line


def test_a_client_that_does_not_read_holds_up_nobody():
    with running_simulator("--ttft", "0", "--itl", "0", "--tokens", "20000") as server:
        with socket.socket() as lazy:
            lazy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            lazy.settimeout(20)
            lazy.connect(("127.0.0.1", server.port))
            lazy.sendall(raw_request("no_usage", "lazy"))
            assert len(text(ask(server, max_tokens=20)[2])) == 20
            data = b""
            while not data.endswith(b"0\r\n\r\n"):
                data += lazy.recv(1 << 20)
        assert data.count(b'"content":"') == 20001
        row = until(lambda: ended(server, "lazy"))
        assert (row["ok"], len(row["sent_ns"])) == (True, 20000)


def start(*args):
    command = [sys.executable, "-m", "harness.simulator", *args]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_a_port_in_use_is_one_sentence(server):
    with start("--port", str(server.port)) as process:
        out, err = process.communicate(timeout=20)
    assert process.returncode == 2
    assert out == ""
    assert err == (
        f"Cannot listen on 127.0.0.1:{server.port}: Address already in use. "
        "Choose another --port (0 takes a free one) or --host.\n"
    )


def test_mistakes_in_options_are_told_together():
    with start("--port", "x", "--tokens", "0") as process:
        _, err = process.communicate(timeout=20)
    assert process.returncode == 2
    assert err.splitlines() == ["--port takes a whole number, not 'x'.", "--tokens must be at least 1, not 0."]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_at_once_and_cleanly(number):
    with start("--port", "0", "--ttft", "0", "--itl", "60") as process:
        line = process.stdout.readline()
        port = int(line.split("127.0.0.1:")[1].split()[0])
        with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
            client.sendall(raw_request("no_done", "x"))
            assert client.recv(10)
            process.send_signal(number)
            _, err = process.communicate(timeout=20)
    assert process.returncode == 0
    assert err == ""
    assert (
        line
        == f"llocust simulate: listening on http://127.0.0.1:{port} (model sim, engine: fixed, TTFT 0 ms, ITL 60000 ms)\n"
    )
