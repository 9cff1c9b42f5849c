import json
from pathlib import Path

import msgspec
import pytest

from harness import opening, own, run, ways
from harness.opening import from_manifest, open_run, to_manifest
from harness.options import UsageMistakes, resolve
from harness.outcome import Outcome
from harness.run import Point, RunError
from harness.targets import Target
from harness.ways import Secrets, read_secrets
from harness.wire.models import Models, ProbeError

URL = "http://127.0.0.1:9/v1"
VARIABLES = ("OPENAI_API_KEY", "X_TOKEN", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "REQUESTS_CA_BUNDLE")


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch):
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


class Server:
    """Answers a probe; `asked` holds what it was asked."""

    def __init__(self, monkeypatch):
        self.models = Models(("m",), "status 200, 1 models")
        self.asked = []
        monkeypatch.setattr(opening, "list_models", self._list)

    def _list(self, url, headers, timeout_s, network, key_env, read):
        self.asked.append((url, dict(headers), key_env))
        if isinstance(self.models, Exception):
            raise self.models
        return self.models


@pytest.fixture
def server(monkeypatch):
    return Server(monkeypatch)


def opened(tmp_path, kind="sweep", **raw):
    options = resolve({"host": URL, "work_dir": str(tmp_path)} | raw)
    points = [Point(index=index, users=users) for index, users in enumerate(options.users, 1)]
    return open_run(options, kind=kind, command=["llocust", "sweep"], points=points)


def mistakes(tmp_path, **raw) -> list[str]:
    with pytest.raises(UsageMistakes) as info:
        opened(tmp_path, **raw)
    assert not (tmp_path / "output").exists()
    return info.value.mistakes


def target(**raw) -> Target:
    (only,) = resolve(raw).all_targets
    return only


def test_a_role_that_the_api_has_no_place_for_is_said_before_anything_is_sent(tmp_path, server):
    path = tmp_path / "mine.jsonl"
    turns = '[{"role":"user","content":"x"},{"role":"tool","content":"y"}]'
    path.write_text(f'{{"prompt":"fine"}}\n{{"messages":{turns}}}\n')
    (mistake,) = mistakes(tmp_path, testset=str(path), dialect="messages")
    assert mistake == (
        "--dialect messages has no place for a message of the role 'tool', and mine/1 has one; "
        "choose another dialect, or a set without."
    )
    assert server.asked == []
    assert opened(tmp_path, testset=str(path), dialect="ollama").testset.prompts[1].messages[1].role == "tool"


@pytest.mark.parametrize(
    ("dialect", "url", "headers", "key_env"),
    [
        ("chat", "http://h/v1/models", {"Authorization": "Bearer k"}, "OPENAI_API_KEY"),
        (
            "messages",
            "http://h/v1/models?limit=1000",
            {"x-api-key": "k", "anthropic-version": "2023-06-01"},
            "ANTHROPIC_API_KEY",
        ),
        ("gemini", "http://h/v1beta/models?pageSize=1000", {"x-goog-api-key": "k"}, "GEMINI_API_KEY"),
        ("ollama", "http://h/api/tags", {"Authorization": "Bearer k"}, "OLLAMA_API_KEY"),
        ("tgi", "http://h/info", {"Authorization": "Bearer k"}, "HF_TOKEN"),
    ],
)
def test_each_api_is_asked_for_its_models_with_its_own_key(
    tmp_path, server, monkeypatch, dialect, url, headers, key_env
):
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY", "OLLAMA_API_KEY", "HF_TOKEN"):
        monkeypatch.setenv(name, "k" if name == key_env else "of-somebody-else")
    manifest = opened(tmp_path, host="http://h", dialect=dialect).manifest
    assert server.asked == [(url, headers, key_env)]
    assert (manifest.dialect, manifest.options["api_key_env"]) == (dialect, key_env)


def test_a_key_that_is_named_is_taken_whatever_the_api(tmp_path, server, monkeypatch):
    monkeypatch.setenv("MINE", "k")
    opened(tmp_path, host="http://h", dialect="messages", api_key_env="MINE")
    assert server.asked[0][1]["x-api-key"] == "k"


def test_a_model_without_its_tag_is_found(tmp_path, server):
    server.models = Models(("llama3.2:latest", "qwen3:8b"), "status 200, 2 models")
    assert opened(tmp_path, dialect="ollama", model="llama3.2").manifest.model == "llama3.2"
    (mistake,) = mistakes(tmp_path / "b", dialect="ollama", model="qwen3")
    assert mistake == (
        "--model 'qwen3': the server does not list it. It lists: llama3.2:latest, qwen3:8b. "
        "Give one of those, or --no-probe to ask for it all the same."
    )


def test_a_run_folder_is_made(tmp_path, server):
    folder, manifest, testset, _ = opened(tmp_path, name="nightly", desc="A trial", users="1 8", testset="short")
    assert folder == tmp_path / "output" / manifest.id
    assert folder.name.endswith("Z-nightly")
    assert (tmp_path / "output" / "latest").resolve() == folder.resolve()
    assert msgspec.json.encode(run.read_manifest(folder)) == msgspec.json.encode(manifest)
    assert (manifest.name, manifest.description, manifest.kind, manifest.state) == (
        "nightly",
        "A trial",
        "sweep",
        "running",
    )
    assert (manifest.url, manifest.model, manifest.dialect) == (f"{URL}/chat/completions", "m", "chat")
    assert manifest.probe == f"GET {URL}/models: status 200, 1 models"
    assert manifest.command == ["llocust", "sweep"]
    assert [(point.index, point.users, point.state) for point in manifest.points] == [
        (1, 1, "planned"),
        (2, 8, "planned"),
    ]
    assert (manifest.testset.name, manifest.testset.prompts) == ("short", len(testset.prompts))
    assert manifest.testset.digest == testset.digest
    assert manifest.processes == []


def test_options_survive_the_manifest(tmp_path, server):
    raw = {"host": URL, "users": "1 2", "headers": ["X-A: b"], "slo": "ttft=1", "requests": "9", "spawn_rate": "2"}
    manifest = opened(tmp_path, **raw).manifest
    again = from_manifest(run.read_manifest(tmp_path / "output" / manifest.id))
    assert again == resolve(raw | {"work_dir": str(tmp_path)})
    assert to_manifest(again) == manifest.options


def test_options_that_cannot_be_read(tmp_path, server):
    manifest = opened(tmp_path).manifest
    manifest.options["users"] = "many"
    with pytest.raises(RunError, match=f"^The options in the manifest of {manifest.id} cannot be read: "):
        from_manifest(manifest)


def test_who_makes_the_load_needs_no_dialect_of_the_judge(tmp_path, server):
    # A worker on another machine has no file of it.
    judge = {"quality": "coherence", "judge": "host=http://j model=m dialect=./gone.py"}
    manifest = opened(tmp_path, **judge).manifest
    assert from_manifest(manifest).judge.dialect == "./gone.py"
    with pytest.raises(UsageMistakes, match=r"gone\.py"):
        own.adopt_those_of_judges(from_manifest(manifest))


# The model


def test_the_only_model(tmp_path, server):
    assert opened(tmp_path).manifest.model == "m"
    assert server.asked == [(f"{URL}/models", {}, "OPENAI_API_KEY")]


def test_the_named_model(tmp_path, server):
    server.models = Models(("a", "b"), "status 200, 2 models")
    assert opened(tmp_path, model="b").manifest.model == "b"


def test_a_named_model_where_there_is_no_list(tmp_path, server):
    server.models = Models(None, "status 404")
    manifest = opened(tmp_path, model="b").manifest
    assert (manifest.model, manifest.probe) == ("b", f"GET {URL}/models: status 404")


def test_a_named_model_where_the_list_is_empty(tmp_path, server):
    server.models = Models((), "status 200, 0 models")
    assert opened(tmp_path, model="b").manifest.model == "b"


def test_several_models(tmp_path, server):
    server.models = Models(("a", "b"), "status 200, 2 models")
    assert mistakes(tmp_path) == [
        "--model is missing, and the server does not serve just one: it lists: a, b. Name one."
    ]


def test_very_many_models(tmp_path, server):
    server.models = Models(tuple(f"m{number}" for number in range(23)), "status 200, 23 models")
    names = ", ".join(f"m{number}" for number in range(20))
    assert mistakes(tmp_path) == [
        f"--model is missing, and the server does not serve just one: it lists: {names} and 3 more. Name one."
    ]


def test_no_models(tmp_path, server):
    server.models = Models((), "status 200, 0 models")
    assert mistakes(tmp_path) == [
        "--model is missing, and the server does not serve just one: it lists none. Name one."
    ]


def test_no_list_of_models(tmp_path, server):
    server.models = Models(None, "status 404")
    assert mistakes(tmp_path) == ["--model is missing, and the server gives no list of models (status 404): name one."]


def test_an_unknown_model(tmp_path, server):
    server.models = Models(("a", "b"), "status 200, 2 models")
    (sentence,) = mistakes(tmp_path, model="c")
    assert sentence == (
        "--model 'c': the server does not list it. It lists: a, b. "
        "Give one of those, or --no-probe to ask for it all the same."
    )


def test_without_a_probe_nobody_is_asked(tmp_path, server):
    manifest = opened(tmp_path, probe=False, model="c").manifest
    assert (manifest.model, manifest.probe) == ("c", None)
    assert server.asked == []


def test_a_server_that_cannot_be_asked(tmp_path, server):
    server.models = ProbeError(Outcome.CONNECT, "Nothing answers.")
    with pytest.raises(ProbeError, match=r"^Nothing answers\.$"):
        opened(tmp_path)
    assert not (tmp_path / "output").exists()


# Secrets


def test_secrets_go_to_the_server_and_into_no_file(tmp_path, server, monkeypatch):
    monkeypatch.setenv("MY_KEY", "sk-123\n")
    monkeypatch.setenv("X_TOKEN", "s3cret")
    raw = {"api_key_env": "MY_KEY", "headers": ["X-Token: env:X_TOKEN", "X-Tenant: t"]}
    folder = opened(tmp_path, **raw).folder
    headers = {"Authorization": "Bearer sk-123", "X-Token": "s3cret", "X-Tenant": "t"}
    assert server.asked == [(f"{URL}/models", headers, "MY_KEY")]
    files = [path for path in Path(folder).rglob("*") if path.is_file()]
    assert files
    for path in files:
        assert b"sk-123" not in path.read_bytes()
        assert b"s3cret" not in path.read_bytes()
    assert json.loads((folder / "run.json").read_text())["options"]["headers"] == [
        "X-Token: env:X_TOKEN",
        "X-Tenant: t",
    ]


@pytest.mark.parametrize("value", [None, "", " \n"])
def test_without_a_key_there_is_none(monkeypatch, value):
    if value is not None:
        monkeypatch.setenv("OPENAI_API_KEY", value)
    assert read_secrets(target(host=URL)) == Secrets(None, {})


@pytest.mark.parametrize("value", ["SECRET\r\nX-Evil: 1", "SÉCRET SECRET", "SECRET\x00"])
def test_a_secret_that_no_header_can_carry_is_not_repeated(monkeypatch, value):
    if "\x00" in value:
        monkeypatch.setattr(ways.os, "environ", {"OPENAI_API_KEY": value, "X_TOKEN": value})
    else:
        monkeypatch.setenv("OPENAI_API_KEY", value)
        monkeypatch.setenv("X_TOKEN", value)
    with pytest.raises(UsageMistakes) as info:
        read_secrets(target(host=URL, headers=["X-Token: env:X_TOKEN"]))
    assert info.value.mistakes == [
        '--header "X-Token: env:X_TOKEN": the environment variable X_TOKEN holds characters that no header can carry.',
        "--api-key-env: the environment variable OPENAI_API_KEY holds characters that no header can carry.",
    ]


def test_a_header_without_its_variable(tmp_path, server):
    assert mistakes(tmp_path, headers=["X-Token: env:X_TOKEN"]) == [
        '--header "X-Token: env:X_TOKEN": the environment variable X_TOKEN is not set.'
    ]
    assert server.asked == []


def test_an_empty_header_is_a_header():
    assert read_secrets(target(host=URL, headers=["X-A:"])).headers == {"X-A": ""}


def test_all_mistakes_at_once(tmp_path, server, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/no/such/file")
    found = mistakes(tmp_path, testset="no-such-set", headers=["X-Token: env:X_TOKEN"])
    assert [sentence.split(" ")[0] for sentence in found] == ["Testset", "REQUESTS_CA_BUNDLE", "--header"]
    assert found[0].startswith("Testset 'no-such-set' is neither a file nor a shipped set; shipped sets: ")
    assert found[1] == "REQUESTS_CA_BUNDLE names /no/such/file, which does not exist."
    assert server.asked == []


def test_a_directory_that_cannot_be_written(tmp_path, server):
    (tmp_path / "output").write_text("a file in the way")
    with pytest.raises(RunError, match="Choose another directory with --work-dir"):
        opened(tmp_path)


def test_entries_that_ask_nothing_are_counted_in_the_manifest(tmp_path, server):
    path = tmp_path / "shared.json"
    said = {"conversations": [{"from": "gpt", "value": "I speak first and last."}]}
    asked = {"conversations": [{"from": "human", "value": "Why?"}, {"from": "gpt", "value": "So."}]}
    path.write_text(json.dumps([asked, said, said]))
    manifest = opened(tmp_path, testset=str(path)).manifest
    assert manifest.notes == [f"2 entries of {path} ask nothing and were left out of the prompts."]
    assert opened(tmp_path, testset="chat").manifest.notes == []


# Several targets


def two(tmp_path, *more, **raw):
    words = ["name=a host=http://a", "name=b host=http://b dialect=messages model=big", *more]
    return opened(tmp_path, host="http://h", targets=words, **raw)


def test_each_target_is_asked_once_with_its_own_key(tmp_path, server, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "of-a")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "of-b")
    server.models = Models(("big",), "status 200, 1 models")
    manifest = two(tmp_path).manifest
    assert server.asked == [
        ("http://a/v1/models", {"Authorization": "Bearer of-a"}, "OPENAI_API_KEY"),
        (
            "http://b/v1/models?limit=1000",
            {"x-api-key": "of-b", "anthropic-version": "2023-06-01"},
            "ANTHROPIC_API_KEY",
        ),
    ]
    assert [(each.name, each.url, each.model, each.dialect, each.probe, each.weight) for each in manifest.targets] == [
        ("a", "http://a/v1/chat/completions", "big", "chat", "GET http://a/v1/models: status 200, 1 models", 1),
        (
            "b",
            "http://b/v1/messages",
            "big",
            "messages",
            "GET http://b/v1/models?limit=1000: status 200, 1 models",
            1,
        ),
    ]
    first = manifest.targets[0]
    assert (manifest.url, manifest.model, manifest.dialect, manifest.probe) == (
        *(first.url, first.model, first.dialect, first.probe),
    )


def test_mistakes_of_all_targets_come_together(tmp_path, server):
    server.models = Models(("x", "y"), "status 200, 2 models")
    with pytest.raises(UsageMistakes) as info:
        two(tmp_path)
    assert [mistake.split(": ")[0] for mistake in info.value.mistakes] == ["--target a", "--target b"]


def test_what_all_targets_lack_is_said_once(tmp_path, server):
    with pytest.raises(UsageMistakes) as info:
        two(tmp_path, headers=["X-Token: env:X_TOKEN"])
    assert info.value.mistakes == ['--header "X-Token: env:X_TOKEN": the environment variable X_TOKEN is not set.']


def test_a_run_of_one_target_lists_it(tmp_path, server):
    (only,) = opened(tmp_path).manifest.targets
    assert (only.name, only.url, only.model) == ("default", f"{URL}/chat/completions", "m")


def test_the_prompts_are_kept_beside_the_manifest_unless_no_text_is(tmp_path, server):
    path = tmp_path / "mine.jsonl"
    path.write_text('{"prompt":"Why?"}\n')
    kept = opened(tmp_path, testset=str(path))
    assert (kept.folder / "prompts.jsonl").read_text() == '{"prompt":"mine/0","text":"Why?"}\n'
    bare = opened(tmp_path, testset=str(path), keep_text="off")
    assert not (bare.folder / "prompts.jsonl").exists()
