"""Options about canaries and log-probabilities: which are refused, and by which sentence."""

import msgspec
import pytest

from harness import opening
from harness.opening import open_run
from harness.options import UsageMistakes, resolve
from harness.own import adopt_own
from harness.run import PROMPTS, PromptText

URL = "http://127.0.0.1:9"


def mistakes(**raw):
    with pytest.raises(UsageMistakes) as caught:
        resolve({"host": URL} | raw)
    return caught.value.mistakes


def test_what_is_asked_for():
    options = resolve({"host": URL, "canary_every": "10", "canaries": "short", "logprobs": "on"})
    assert (options.canary_every, options.canaries, options.logprobs) == (10, "short", True)
    plain = resolve({"host": URL})
    assert (plain.canary_every, plain.canaries, plain.logprobs) == (None, "canaries", False)


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        (
            {"canaries": "short"},
            "--canaries is about the prompts of canaries: add --canary-every N, so that every N-th request is one.",
        ),
        ({"canary_every": "1"}, "--canary-every 1 leaves nothing but canaries: give 2 or more."),
        (
            {"canary_every": "5", "keep_text": "off"},
            "--canary-every compares answers, and --no-keep-text keeps none: leave out one of the two.",
        ),
        ({"logprobs": "on", "dialect": "messages"}, "--dialect messages has no place for --logprobs: leave it out."),
    ],
)
def test_what_cannot_be_is_told(raw, sentence):
    assert mistakes(**raw) == [sentence]


def test_every_target_is_asked():
    raw = {"targets": ["name=a host=http://a", "name=b host=http://b dialect=messages"], "logprobs": "on"}
    assert mistakes(**raw) == ["--dialect messages has no place for --logprobs: leave it out."]


@pytest.mark.parametrize("dialect", ["chat", "completions", "responses", "messages", "gemini", "ollama", "tgi"])
def test_every_shipped_api_takes_canaries(dialect):
    assert resolve({"host": URL, "dialect": dialect, "canary_every": "5"}).canary_every == 5


OWN = """
samples = {samples}
def encode(ask):
    return {{"q": ask.prompt}}
def decode(event):
    return [event.data]
"""


def test_a_dialect_of_ones_own_has_to_say_that_it_can(tmp_path):
    silent = tmp_path / "silent_dialect.py"
    silent.write_text(OWN.format(samples="{}"))
    adopt_own(str(silent))
    assert mistakes(dialect=str(silent), canary_every="5", logprobs="on") == [
        (
            f"--dialect {silent} has no name for --temperature in its `samples`, and canaries are asked at temperature 0: "
            "put one there, or leave out --canary-every."
        ),
        f"--dialect {silent} does not say `tells_logprobs = True`: have it ask for them, or leave out --logprobs.",
    ]
    able = tmp_path / "able_dialect.py"
    able.write_text(OWN.format(samples='{"temperature": "t"}\ntells_logprobs = True'))
    adopt_own(str(able))
    assert resolve({"host": URL, "dialect": str(able), "canary_every": "5", "logprobs": "on"}).logprobs


def test_nothing_of_it_goes_with_a_function_of_ones_own():
    with pytest.raises(UsageMistakes) as caught:
        resolve({"query_model": "f.py", "canary_every": "5", "canaries": "short", "logprobs": "on"})
    why = "means nothing with --query-model, which makes its requests itself: leave it out."
    assert sorted(caught.value.mistakes) == [
        f"{flag}: {why}" for flag in ("--canaries", "--canary-every", "--logprobs")
    ]
    assert resolve({"query_model": "f.py", "logprobs": "off"}).logprobs is False


def opened(tmp_path, monkeypatch, **raw):
    monkeypatch.setattr(opening, "list_models", None)  # nobody is asked
    options = resolve({"host": URL, "model": "m", "probe": "off", "work_dir": str(tmp_path)} | raw)
    return open_run(options, kind="sweep", command=[], points=[])


def test_the_manifest_names_them_and_their_words_are_kept(tmp_path, monkeypatch):
    run = opened(tmp_path, monkeypatch, canary_every="5", testset="short")
    named = run.manifest.canaries
    assert (named.name, named.source, named.prompts) == ("canaries", "testsets/canaries.jsonl", 6)
    assert run.canaries.digest == named.digest
    lines = [msgspec.json.decode(line, type=PromptText) for line in (run.folder / PROMPTS).read_bytes().splitlines()]
    assert [line.prompt for line in lines] == [f"short/{n}" for n in range(100)] + [f"canaries/{n}" for n in range(6)]
    assert lines[100].text == "Explain in three sentences why bread rises in the oven."


def test_a_run_without_them_names_none(tmp_path, monkeypatch):
    run = opened(tmp_path, monkeypatch, testset="short")
    assert (run.manifest.canaries, run.canaries) == (None, None)


def refused(tmp_path, monkeypatch, **raw):
    with pytest.raises(UsageMistakes) as caught:
        opened(tmp_path, monkeypatch, **raw)
    assert not (tmp_path / "output").exists()
    return caught.value.mistakes


def test_a_set_whose_prompts_would_go_by_the_same_names_is_refused(tmp_path, monkeypatch):
    assert refused(tmp_path, monkeypatch, canary_every="5", testset="canaries") == [
        (
            "--testset testsets/canaries.jsonl: records call its prompts canaries/0 and so on, as they call those of "
            "--canary-every: give the file another name, or choose another set."
        )
    ]


def test_roles_of_canaries_are_looked_at_too(tmp_path, monkeypatch):
    path = tmp_path / "tools.jsonl"
    path.write_text('{"messages": [{"role": "user", "content": "x"}, {"role": "tool", "content": "y"}]}\n')
    (mistake,) = refused(tmp_path, monkeypatch, canary_every="5", canaries=str(path), dialect="gemini")
    assert "no place for a message of the role 'tool', and canaries/0 has one" in mistake


def test_mistakes_of_both_sets_are_told_at_once(tmp_path, monkeypatch):
    told = refused(tmp_path, monkeypatch, canary_every="5", canaries="nests", testset="nowhere")
    assert [mistake.split(" is ")[0] for mistake in told] == ["Testset 'nowhere'", "--canaries: Testset 'nests'"]
