"""docs/service.md: every call is typed as it stands, and answers what the page shows."""

import json
import re
import subprocess
import time
import urllib.request
from pathlib import Path
from typing import get_args

import pytest
from support.command import BIN, environment, started
from support.workers import free_port

from service.api.reports import Rendering
from service.cli import make_parser
from service.store.nouns import RunState

PAGE = (Path(__file__).parents[2] / "docs" / "service.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
SERVERS = re.compile(r"^(pip |llocust (simulate|serve --(demo|data)))", re.MULTILINE)
CALLS = [body for language, body in BLOCKS if language == "sh" and not SERVERS.search(body)]
PORTS = ("8000", "9000", "8001")


def shown_after(call):
    """What the page says that a block of calls answers at last; None where it says nothing."""
    at = BLOCKS.index(("sh", call)) + 1
    return json.loads(BLOCKS[at][1]) if at < len(BLOCKS) and BLOCKS[at][0] == "json" else None


def answers(text):
    """JSON values that stand one behind the other, with other words between them or not."""
    decoder, found, at = json.JSONDecoder(), [], 0
    while (at := text.find("{", at)) >= 0:
        value, at = decoder.raw_decode(text, at)
        found.append(value)
    return found


def assert_like(shown, answered):
    """What is shown is there, with values of its kind."""
    if isinstance(shown, dict):
        assert shown.keys() <= answered.keys()
        for key, value in shown.items():
            assert_like(value, answered[key])
    elif isinstance(shown, list):
        assert_like(shown[0], answered[0])
    elif shown is not None and answered is not None:
        kinds = (int, float) if isinstance(shown, int | float) else type(shown)
        assert isinstance(answered, kinds)


@pytest.fixture
def ports():
    return {port: str(free_port()) for port in PORTS}


def placed(text, ports):
    for port, free in ports.items():
        text = text.replace(f":{port}", f":{free}").replace(f"--port {port}", f"--port {free}")
    return text


def await_answer(url, process, limit_s=30):
    until_s = time.monotonic() + limit_s
    while time.monotonic() < until_s and process.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"Nothing answers at {url} (exit {process.poll()}).")


@pytest.mark.service
@pytest.mark.timeout(300)
def test_every_call_of_the_page_answers_as_it_says(tmp_path, ports):
    commands = [body.split() for language, body in BLOCKS if language == "sh" and SERVERS.search(body)]
    (serve,) = (words for words in commands if words[:3] == ["llocust", "serve", "--data"])
    (simulate,) = (words for words in commands if words[:2] == ["llocust", "simulate"])
    script = "\n".join(f"{{ {placed(call, ports)}\n}} > out-{number}" for number, call in enumerate(CALLS))
    with (
        started(*placed(" ".join(simulate), ports).split(), cwd=tmp_path) as simulator,
        started(*serve, "--port", ports["8000"], cwd=tmp_path) as service,
    ):
        await_answer(f"http://127.0.0.1:{ports['9000']}/v1/models", simulator)
        await_answer(f"http://127.0.0.1:{ports['8000']}/health", service)
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=tmp_path,
            env=environment(PATH=f"{BIN}:/usr/bin:/bin"),
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        for process in (service, simulator):
            process.terminate()
            process.communicate(timeout=30)
    assert done.returncode == 0, done.stderr
    for number, call in enumerate(CALLS):
        text = (tmp_path / f"out-{number}").read_text()
        assert '"detail"' not in text, (call, text)
        if (shown := shown_after(call)) is not None:
            last = answers(text)[-1]
            assert_like(shown, last)
            if "models" in shown:
                assert last == shown  # of a row that the page itself posts
    assert json.loads((tmp_path / "report.json").read_text())["run"]["name"] == "nightly"
    assert json.loads((tmp_path / "test_database.json").read_text())["total"] > 0


def test_options_of_the_service_are_told_with_their_defaults():
    for action in make_parser()._actions:
        if action.dest == "help":
            continue
        (row,) = (line for line in PAGE.splitlines() if line.startswith(f"| `{action.option_strings[0]}`"))
        default = row.split(" | ")[1].strip("`")
        if isinstance(action.default, int | float) and not isinstance(action.default, bool):
            assert default == f"{action.default:.0f}"
    told = set(re.findall(r"^\| `(--[\w-]+)` ", PAGE, re.MULTILINE))
    assert told <= {flag for action in make_parser()._actions for flag in action.option_strings}


def test_states_and_renderings_are_told():
    assert all(f"`{state}`" in PAGE for state in get_args(RunState))
    assert all(f"/{name}" in PAGE for name in get_args(Rendering) if name != "config.toml")


def test_a_shape_that_differs_is_seen():
    with pytest.raises(AssertionError):
        assert_like({"a": 1}, {"b": 1})
    with pytest.raises(AssertionError):
        assert_like({"a": [{"b": "x"}]}, {"a": [{"b": 1}]})
    assert answers('RUN {"a": {"b": 1}}{"c": 2}\n') == [{"a": {"b": 1}}, {"c": 2}]
