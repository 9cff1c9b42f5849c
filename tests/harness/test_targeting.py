"""Targets made whole from the other options, and what is wrong with them together."""

import pytest

from harness.options import UsageMistakes, resolve
from harness.targets import Target


def mistakes(**raw) -> list[str]:
    with pytest.raises(UsageMistakes) as info:
        resolve(raw)
    return info.value.mistakes


def test_what_a_target_leaves_out_is_taken_from_the_options():
    options = resolve(
        {
            "host": "http://h",
            "model": "m",
            "headers": ["X-A: b"],
            "targets": ["name=a", "host=http://g model=n header=X-C:d"],
        }
    )
    shared = {"dialect": "chat", "api_key_env": "OPENAI_API_KEY"}
    assert (
        options.targets
        == options.all_targets
        == (
            Target(name="a", host="http://h", model="m", headers=("X-A: b",), **shared),
            Target(name="target-2", host="http://g", model="n", headers=("X-C: d",), **shared),
        )
    )


def test_without_targets_the_options_make_the_only_one():
    options = resolve({"host": "http://h", "model": "m", "dialect": "messages", "headers": ["X-A: b"]})
    assert options.targets == ()
    assert options.all_targets == (
        Target(
            name="default",
            host="http://h",
            model="m",
            dialect="messages",
            api_key_env="ANTHROPIC_API_KEY",
            headers=("X-A: b",),
        ),
    )


def test_targets_that_all_have_a_host_need_no_other():
    assert resolve({"targets": ["host=http://a", "host=http://b"]}).host == "http://a"


@pytest.mark.parametrize(
    ("named", "keys"),
    [({}, ["OPENAI_API_KEY", "GEMINI_API_KEY", "MINE"]), ({"api_key_env": "ALL"}, ["ALL", "ALL", "MINE"])],
)
def test_a_key_of_one_company_does_not_go_to_another(named, keys):
    words = ["name=a", "name=b dialect=gemini", "name=c api-key-env=MINE"]
    options = resolve({"host": "http://h", "targets": words, **named})
    assert [target.api_key_env for target in options.targets] == keys


def test_weights_and_users_of_a_mixed_run():
    options = resolve({"host": "http://h", "targets": ["weight=3", "name=b"], "target_mode": "mixed", "users": "2 8"})
    assert [target.weight for target in options.targets] == [3, 1]


@pytest.mark.parametrize(
    ("raw", "sentences"),
    [
        (
            {"targets": ["name=a", "name=b host=http://h"]},
            ["--target a has no host: give it one, or all of them with --host."],
        ),
        (
            {"host": "http://h", "targets": ["name=a", "name=b", "name=a"]},
            ["--target: 2 are called a; give each a name of its own."],
        ),
        (
            {"host": "http://h", "targets": ["name=a weight=2", "name=b"]},
            ["A weight of a --target means something with --target-mode mixed only; leave it out."],
        ),
        (
            {"host": "http://h", "target_mode": "mixed", "targets": ["name=a"], "users": "4"},
            ["--target-mode says how several targets share a run: give --target twice or more."],
        ),
        (
            {"host": "http://h", "target_mode": "mixed", "targets": ["weight=9", "name=b"], "users": "4 8"},
            [
                "--users 4 is too few for --target-mode mixed: by these weights every target has a user from 5 on.",
            ],
        ),
        (
            {"targets": ["host=x", "name=a host=http://h", "weight=x"], "dialect": "xyz"},
            [
                "--dialect 'xyz'",
                "--target 1: give as host a URL such as http://127.0.0.1:8000.",
                "--target 3: give as weight a whole number, 1 to 1000.",
            ],
        ),
        (
            {"host": "http://h", "targets": ["name=a model=m", "name=b"], "probe": False},
            ["--no-probe leaves the model unknown: name it with --model."],
        ),
    ],
)
def test_what_is_wrong_with_targets(raw, sentences):
    found = mistakes(**raw)
    assert len(found) == len(sentences)
    for sentence, expected in zip(sorted(found), sorted(sentences), strict=True):
        assert sentence.startswith(expected)


def test_a_target_that_cannot_be_read_is_not_repeated():
    assert "sk-123" not in mistakes(targets="key=sk-123")[0]


def test_each_api_says_what_it_has_no_place_for():
    found = mistakes(
        host="http://h",
        targets=["name=a", "name=b dialect=gemini", "name=c dialect=tgi", "name=d dialect=tgi"],
        ignore_eos=True,
        temperature="0",
        max_tokens="0",
    )
    assert found == [
        "--max-tokens '0': give a whole number of one or more.",
        "--dialect gemini has no place for --ignore-eos: leave it out.",
        "--dialect tgi has no place for --ignore-eos: leave it out.",
        "--dialect tgi wants --temperature above 0; without it, it takes the likeliest token.",
    ]


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        ({"temperature": "-1"}, "--temperature '-1': give a number of zero or more."),
        ({"temperature": "nan"}, "--temperature 'nan': give a number of zero or more."),
        ({"top_p": "0"}, "--top-p '0': give a number above 0, and 1 at most."),
        ({"top_p": "1.1"}, "--top-p '1.1': give a number above 0, and 1 at most."),
        ({"sampling_seed": "x"}, "--sampling-seed 'x': give a whole number."),
        ({"stop": ["a", ""]}, "--stop '': give one character or more."),
        ({"min_tokens": "300"}, "--min-tokens 300 is more than --max-tokens 256: raise the one, or lower the other."),
        (
            {"extra_body": "sk-1"},
            "--extra-body: give a JSON object, or the path of a file with one; there is no such file.",
        ),
    ],
)
def test_what_is_wrong_with_what_is_asked_of_the_server(raw, sentence):
    assert mistakes(host="http://h", **raw) == [sentence]


def test_what_is_asked_of_the_server():
    options = resolve(
        {
            "host": "http://h",
            "temperature": "0",
            "top_p": "1",
            "sampling_seed": "-3",
            "stop": ["a, b", " "],
            "min_tokens": "256",
            "ignore_eos": "on",
        }
    )
    sampling = options.sampling
    assert (sampling.temperature, sampling.top_p, sampling.seed, sampling.stop) == (0, 1, -3, ("a, b", " "))
    assert (sampling.min_tokens, sampling.ignore_eos) == (256, True)
    assert resolve({"host": "http://h"}).sampling.said == {}
