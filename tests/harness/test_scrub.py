import pytest

from harness.scrub import is_secret_name, scrubbed

HIDDEN = [
    ("401 for Authorization: Bearer sk-abc123def456", "401 for Authorization: Bearer ***"),
    ("basic dXNlcjpwYXNz refused", "basic *** refused"),
    ("the key sk-proj-Ab12cd34 is not known", "the key *** is not known"),
    ("hf_0123456789 is no token", "*** is no token"),
    ("GET /v1?api_key=0f0f0f&model=m", "GET /v1?api_key=***&model=m"),
    ('{"x-api-key": "0f0f0f", "n": 1}', '{"x-api-key": "***", "n": 1}'),
    ("http://me:pass@host/v1", "http://***@host/v1"),
    ("password=hunter2 given", "password=*** given"),
]


@pytest.mark.parametrize(("said", "left"), HIDDEN)
def test_what_looks_like_a_key_is_taken_out(said, left):
    assert scrubbed(said) == left


@pytest.mark.parametrize(
    "said",
    ["No connection to h:8000.", "max_tokens must be positive", "a risk-free sky-high task", "skeleton-2024-large"],
)
def test_plain_words_stay(said):
    assert scrubbed(said) == said


def test_secrets_are_taken_out_whatever_they_look_like():
    assert scrubbed("team blue-sky says blue-sky-2", ["blue-sky", "blue-sky-2"]) == "team *** says ***"


def test_a_short_secret_is_none():
    assert scrubbed("no more", ["no"]) == "no more"


@pytest.mark.parametrize(("name", "secret"), [("OPENAI_API_KEY", True), ("HF_TOKEN", True), ("PATH", False)])
def test_names_of_variables(name, secret):
    assert is_secret_name(name) is secret
