"""Where each API is asked, who is asking, and what its list of models says."""

import json

import pytest

from harness.dialects import DIALECTS
from harness.dialects.api import below, has_version
from harness.dialects.ask import Ask
from harness.testset import Message

GOOGLE = "https://generativelanguage.googleapis.com"
VERTEX = "https://us-central1-aiplatform.googleapis.com/v1/projects/p/locations/l/publishers/google"

# Dialect, what the user gave, the endpoint, the list of models. test_chat.py has more of OpenAI's.
ADDRESSES = [
    ("completions", "http://h", "http://h/v1/completions", "http://h/v1/models"),
    ("completions", "http://h/v1/", "http://h/v1/completions", "http://h/v1/models"),
    ("completions", "http://h/v1/completions", "http://h/v1/completions", "http://h/v1/models"),
    ("completions", "http://h/v1/chat/completions", "http://h/v1/completions", "http://h/v1/models"),
    ("completions", "https://openrouter.ai/api/v1", "https://openrouter.ai/api/v1/completions", "https://openrouter.ai/api/v1/models"),
    ("chat", "http://h/v1/responses", "http://h/v1/chat/completions", "http://h/v1/models"),
    ("responses", "https://api.openai.com", "https://api.openai.com/v1/responses", "https://api.openai.com/v1/models"),
    ("responses", "http://h/v1/responses?v=1", "http://h/v1/responses?v=1", "http://h/v1/models?v=1"),
    ("messages", "https://api.anthropic.com", "https://api.anthropic.com/v1/messages", "https://api.anthropic.com/v1/models?limit=1000"),
    ("messages", "https://api.anthropic.com/v1", "https://api.anthropic.com/v1/messages", "https://api.anthropic.com/v1/models?limit=1000"),
    ("messages", "http://h/v1/messages", "http://h/v1/messages", "http://h/v1/models?limit=1000"),
    ("messages", "https://api.deepseek.com/anthropic", "https://api.deepseek.com/anthropic/v1/messages", "https://api.deepseek.com/anthropic/v1/models?limit=1000"),
    ("messages", "http://h/messages?v=1", "http://h/messages?v=1", "http://h/models?v=1&limit=1000"),
    ("gemini", GOOGLE, f"{GOOGLE}/v1beta/models", f"{GOOGLE}/v1beta/models?pageSize=1000"),
    ("gemini", f"{GOOGLE}/v1/", f"{GOOGLE}/v1/models", f"{GOOGLE}/v1/models?pageSize=1000"),
    ("gemini", f"{GOOGLE}/v1beta/models", f"{GOOGLE}/v1beta/models", f"{GOOGLE}/v1beta/models?pageSize=1000"),
    ("gemini", f"{GOOGLE}/v1beta/models/g:streamGenerateContent", f"{GOOGLE}/v1beta/models", f"{GOOGLE}/v1beta/models?pageSize=1000"),
    ("gemini", "http://gw/modelserver", "http://gw/modelserver/v1beta/models", "http://gw/modelserver/v1beta/models?pageSize=1000"),
    ("gemini", VERTEX, f"{VERTEX}/models", f"{VERTEX}/models?pageSize=1000"),
    ("ollama", "http://h:11434", "http://h:11434/api/chat", "http://h:11434/api/tags"),
    ("ollama", "http://h:11434/api", "http://h:11434/api/chat", "http://h:11434/api/tags"),
    ("ollama", "http://h:11434/api/chat", "http://h:11434/api/chat", "http://h:11434/api/tags"),
    ("ollama", "http://h:11434/v1", "http://h:11434/api/chat", "http://h:11434/api/tags"),
    ("ollama", "http://gw/laptop", "http://gw/laptop/api/chat", "http://gw/laptop/api/tags"),
    ("tgi", "http://h:8080", "http://h:8080/generate_stream", "http://h:8080/info"),
    ("tgi", "http://h:8080/generate", "http://h:8080/generate_stream", "http://h:8080/info"),
    ("tgi", "http://h:8080/generate_stream", "http://h:8080/generate_stream", "http://h:8080/info"),
    ("tgi", "http://gw/tgi/v1", "http://gw/tgi/generate_stream", "http://gw/tgi/info"),
]  # fmt: skip


@pytest.mark.parametrize(("dialect", "host", "endpoint", "models"), ADDRESSES)
def test_where_to_ask(dialect, host, endpoint, models):
    assert DIALECTS[dialect].endpoint(host) == endpoint
    assert DIALECTS[dialect].models(host) == models


@pytest.mark.parametrize(("dialect", "host", "endpoint", "models"), ADDRESSES)
def test_an_endpoint_is_its_own_endpoint(dialect, host, endpoint, models):
    assert DIALECTS[dialect].endpoint(endpoint) == endpoint
    assert DIALECTS[dialect].models(endpoint) == models


def url_of(dialect: str, model: str = "m", host: str = "http://h", *, stream: bool = True) -> str:
    url = DIALECTS[dialect].endpoint(host)
    asked = Ask(id="1", url=url, model=model, messages=(Message("user", "x"),), max_tokens=1, stream=stream)
    return DIALECTS[dialect].encode(asked).url


def test_the_model_and_the_verb_are_part_of_geminis_url():
    assert url_of("gemini", "gemini-2.5-flash") == (
        "http://h/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse"
    )
    assert url_of("gemini", "models/g", stream=False) == "http://h/v1beta/models/g:generateContent"
    assert url_of("gemini", "g", "http://h?v=1") == "http://h/v1beta/models/g:streamGenerateContent?v=1&alt=sse"


def test_tgi_has_an_endpoint_of_its_own_for_whole_answers():
    assert url_of("tgi") == "http://h/generate_stream"
    assert url_of("tgi", host="http://h?v=1", stream=False) == "http://h/generate?v=1"


@pytest.mark.parametrize("dialect", sorted(set(DIALECTS) - {"gemini", "tgi"}))
def test_the_others_have_one_endpoint(dialect):
    assert url_of(dialect) == url_of(dialect, stream=False) == DIALECTS[dialect].endpoint("http://h")


def test_what_a_name_may_hold_is_escaped():
    assert below("http://h/models", "/a b?c#d:verb", "alt=sse") == "http://h/models/a%20b%3Fc%23d:verb?alt=sse"


@pytest.mark.parametrize(
    ("path", "has"),
    [("/v1", True), ("/a/v1beta/b", True), ("/api/v3", True), ("", False), ("/vision", False), ("/av1", False)],
)
def test_versions_in_paths(path, has):
    assert has_version(path) is has


# Keys

KEY_ENVS = {
    "chat": "OPENAI_API_KEY",
    "completions": "OPENAI_API_KEY",
    "responses": "OPENAI_API_KEY",
    "messages": "ANTHROPIC_API_KEY",
    "gemini": "GEMINI_API_KEY",
    "ollama": "OLLAMA_API_KEY",
    "tgi": "HF_TOKEN",
}


def test_each_api_has_a_variable_for_its_key():
    assert {name: dialect.key_env for name, dialect in DIALECTS.items()} == KEY_ENVS


def test_anthropic_is_told_the_version_with_a_key_and_without():
    assert DIALECTS["messages"].admission(None, {}) == {"anthropic-version": "2023-06-01"}
    assert DIALECTS["messages"].admission("k", {"Anthropic-Version": "2099-01-01"}) == {
        "x-api-key": "k",
        "Anthropic-Version": "2099-01-01",
    }


@pytest.mark.parametrize("dialect", sorted(set(DIALECTS) - {"messages"}))
def test_without_a_key_there_are_the_users_headers_alone(dialect):
    assert DIALECTS[dialect].admission(None, {"X-Tenant": "t"}) == {"X-Tenant": "t"}


# Lists of models

OPENAI = {"object": "list", "data": [{"id": "a", "object": "model"}, {"id": "b"}]}
LISTS = {
    "chat": OPENAI,
    "completions": OPENAI,
    "responses": OPENAI,
    "messages": {"data": [{"type": "model", "id": "a"}, {"type": "model", "id": "b"}], "has_more": False},
    "gemini": {"models": [{"name": "models/a", "displayName": "A"}, {"name": "models/b"}]},
    "ollama": {"models": [{"name": "a", "model": "a", "size": 1}, {"name": "b"}]},
}


@pytest.mark.parametrize("dialect", LISTS)
def test_a_list_of_models_is_read(dialect):
    assert DIALECTS[dialect].names(json.dumps(LISTS[dialect]).encode()) == ("a", "b")


def test_tgi_runs_one_model():
    assert DIALECTS["tgi"].names(b'{"model_id":"meta/llama","version":"3.0.0"}') == ("meta/llama",)


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"data":3,"models":3}', b"\xff", b"null", b"[" * 100_000])
def test_what_is_no_list_is_none(dialect, body):
    assert DIALECTS[dialect].names(body) is None


def test_entries_without_a_name_are_passed_over():
    assert DIALECTS["chat"].names(b'{"data": [{"id": "a"}, {"id": 3}, {}, "b"]}') == ("a",)


@pytest.mark.parametrize(
    ("dialect", "model", "offered"),
    [
        ("chat", "a", True),
        ("chat", "a:latest", False),
        ("ollama", "a", True),
        ("ollama", "b", True),
        ("ollama", "b:latest", True),
        ("ollama", "c", False),
        ("gemini", "models/a", True),
        ("gemini", "models/c", False),
    ],
)
def test_a_model_is_offered_under_the_names_that_its_server_takes(dialect, model, offered):
    names = ("a", "b:latest") if dialect == "ollama" else ("a", "b")
    assert DIALECTS[dialect].offers(names, model) is offered
