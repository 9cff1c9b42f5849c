import json
import socket
import subprocess
import sys

import pytest
from support.transcript import TranscriptServer, await_close, close, sized

from harness.dialects import DIALECTS
from harness.outcome import Outcome
from harness.wire.models import Models, ProbeError, list_models
from harness.wire.network import DIRECT

READ = DIALECTS["chat"].names
LIST = json.dumps({"object": "list", "data": [{"id": "llama", "object": "model"}, {"id": "qwen"}]}).encode()


def probe(server: TranscriptServer, timeout_s: float = 5) -> Models:
    return list_models(server.url, {"Authorization": "Bearer k"}, timeout_s, DIRECT, "MY_KEY", read=READ)


def test_the_names_are_listed_and_the_request_is_marked():
    with TranscriptServer([[sized(LIST)]]) as server:
        assert probe(server) == Models(("llama", "qwen"), "status 200, 2 models")
    assert server.requests[0].startswith(b"GET /v1/x HTTP/1.1\r\n")
    assert b"\r\nX-Llocust-Probe: 1\r\n" in server.requests[0]
    assert b"\r\nAuthorization: Bearer k\r\n" in server.requests[0]


@pytest.mark.parametrize("status", ["404 Not Found", "500 Internal Server Error", "307 Temporary Redirect"])
def test_a_server_without_a_list_is_no_error(status):
    with TranscriptServer([[sized(LIST, "Location: /there", status=status)]]) as server:
        assert probe(server) == Models(None, f"status {status[:3]}")
    assert len(server.requests) == 1


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"data": 3}', b"\xff", b"null"])
def test_what_is_no_list_is_no_error(body):
    with TranscriptServer([[sized(body)]]) as server:
        assert probe(server) == Models(None, "status 200, no list of models")


@pytest.mark.parametrize("steps", [[close], [b"garbage\r\n\r\n", close]])
def test_a_server_that_breaks_off_gave_no_list(steps):
    with TranscriptServer([steps]) as server:
        found = probe(server)
    assert found.names is None
    assert f"127.0.0.1:{server.port}" in found.answer


@pytest.mark.parametrize("status", ["401 Unauthorized", "403 Forbidden"])
def test_a_refused_key_names_the_variable(status):
    with TranscriptServer([[sized(b"{}", status=status)]]) as server, pytest.raises(ProbeError) as caught:
        probe(server)
    assert caught.value.kind is Outcome.REFUSED_4XX
    assert str(caught.value).startswith(f"The server refuses the API key ({status[:3]}). Set MY_KEY")


def test_nobody_there_is_said_in_one_sentence_without_secrets():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    with pytest.raises(ProbeError) as caught:
        list_models(f"http://me:s3cret@127.0.0.1:{port}/v1/models?k=v", {}, 5, DIRECT, "MY_KEY", read=READ)
    assert caught.value.kind is Outcome.CONNECT
    assert str(caught.value) == (
        f"Nothing answers at http://127.0.0.1:{port} (connection refused). Is the server running, and is --host right?"
    )


def test_an_unknown_name_is_said():
    with pytest.raises(ProbeError, match=r"Nothing answers at http://no-such-host\.invalid") as caught:
        list_models("http://no-such-host.invalid/v1/models", {}, 5, DIRECT, "MY_KEY", read=READ)
    assert caught.value.kind is Outcome.CONNECT


def test_no_tls_is_said():
    plain = TranscriptServer(greeting=b"HTTP/1.1 400 Bad Request\r\n\r\n")
    with plain as server, pytest.raises(ProbeError, match=r"TLS with 127.* Is https right") as caught:
        list_models(server.url.replace("http:", "https:"), {}, 5, DIRECT, "MY_KEY", read=READ)
    assert caught.value.kind is Outcome.TLS


def test_a_silent_server_is_a_timeout():
    with (
        TranscriptServer([[await_close]]) as server,
        pytest.raises(ProbeError, match=r"no answer within 0\.1 s") as caught,
    ):
        probe(server, 0.1)
    assert caught.value.kind is Outcome.TIMEOUT_FIRST_BYTE


def test_the_probe_needs_neither_gevent_nor_locust():
    code = "import sys, harness.wire.models; print(sorted({'gevent', 'locust'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"
