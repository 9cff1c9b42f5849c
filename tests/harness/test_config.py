"""A TOML file becomes text to resolve, with all its mistakes; and what was told becomes such a file."""

import pytest

from harness.config import read, render
from harness.options import GROUPS, OPTIONS, UsageMistakes, resolve

FILE = "bench.toml"


def options(text: str):
    config = read(text, FILE)
    assert config.mistakes == []
    return resolve(config.raw, config.called)


def mistakes(text: str) -> list[str]:
    return read(text, FILE).mistakes


WHOLE = """
host = "http://h"
users = [1, 2, 4]
test_duration = 60
slo = {ttft = "500ms", e2e = 9}
header = ["X-A: b, c", "X-D: env:E"]
keep-text = false

[request]
temperature = 0
top-p = 0.5
stop = ["a b", "c,d"]
extra-body = {top_k = 4, guided = {a = [1]}}

[workload]
testset = "qa.csv"
testset-columns = {prompt = "question"}
salt = true

[results]
name = "7"
quiet = true
"""


def test_native_values_are_what_is_typed():
    found = options(WHOLE)
    assert (found.host, found.users, found.run_time_s, found.keep_text) == ("http://h", (1, 2, 4), 60, False)
    assert found.slo == {"ttft": 0.5, "e2e": 9}
    assert found.headers == ("X-A: b, c", "X-D: env:E")
    assert (found.temperature, found.top_p, found.stop) == (0, 0.5, ("a b", "c,d"))
    assert found.extra_body == {"top_k": 4, "guided": {"a": [1]}}
    assert (found.testset, found.testset_columns, found.salt) == ("qa.csv", {"prompt": "question"}, True)
    assert found.name == "7"
    assert read(WHOLE, FILE).raw["quiet"] is True


def test_a_table_of_headers():
    assert options('host = "http://h"\nheaders = {X-A = "b", X-D = "env:E"}').headers == ("X-A: b", "X-D: env:E")


def test_a_single_value_for_many():
    assert options('host = "http://h"\nusers = 4\nstop = "a b"').stop == ("a b",)


def test_targets_are_tables():
    found = options(
        """
        model = "m"
        target-mode = "mixed"
        users = 8
        [[targets]]
        name = "a"
        host = "http://a"
        weight = 3
        headers = {X-A = "b c"}
        [[targets]]
        host = "http://b"
        api_key_env = "B_KEY"
        header = ["X-D: env:E"]
        """
    )
    one, other = found.targets
    assert (one.name, one.host, one.model, one.weight, one.headers) == ("a", "http://a", "m", 3, ("X-A: b c",))
    assert (other.name, other.host, other.api_key_env, other.headers) == (
        *("target-2", "http://b", "B_KEY", ("X-D: env:E",)),
    )


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("users = [1\n", ["bench.toml is not TOML: Unclosed array (at end of document)."]),
        ("a = 1\na = 2\n", ["bench.toml is not TOML: Cannot overwrite a value (at line 2, column 6)."]),
        ("usres = 4", ["bench.toml: there is no option 'usres'; did you mean users?"]),
        ("xyzzy = 4", ["bench.toml: there is no option 'xyzzy'."]),
        ("resume = 'x'", ["bench.toml: there is no option 'resume'."]),
        ("target = 'name=a'", ["bench.toml: target is a string: it is a table, [target]."]),
        ("[lod]\nusers = 1", ["bench.toml: there is no table [lod]; did you mean [load]?"]),
        ("[load]\nusres = 1", ["bench.toml: there is no option 'usres' in [load]; did you mean users?"]),
        ("[load]\nseed = 1", ["bench.toml: seed belongs under [workload], not under [load]."]),
        ("run-time = 1\n[load]\nrun_time = 2", ["bench.toml: run_time stands there twice; keep one of them."]),
        ("users = 1\ntest-runs = 2", ["bench.toml: test-runs stands there twice; keep one of them."]),
        ("salt = 'on'", ["bench.toml: salt is a string: give true or false."]),
        ("keep-text = 1", ["bench.toml: keep-text is a number: give true or false."]),
        ("seed = true", ["bench.toml: seed is true or false: give a string or a number."]),
        ("seed = [1]", ["bench.toml: seed is a list: give a string or a number."]),
        ("seed = 2026-11-21", ["bench.toml: seed is a date or a time: give a string or a number."]),
        ("users = {a = 1}", ["bench.toml: users is a table: give a list of values."]),
        ("users = [[1]]", ["bench.toml: users is a list: give values, each a string or a number."]),
        ("slo = {ttft = true}", ["bench.toml: slo is true or false: give a string or a number for each key."]),
        ("targets = 'a'", ["bench.toml: targets is a string: give a table for each, [[targets]]."]),
        (
            "[[targets]]\nmodle = 'm'\nweight = true\n[[targets]]\nzzz = 1",
            [
                "bench.toml: targets 1: there is no key 'modle'; did you mean model?",
                "bench.toml: targets 1: weight is true or false: give a string or a number.",
                "bench.toml: targets 2: there is no key 'zzz'.",
            ],
        ),
    ],
)
def test_what_is_wrong_with_a_file(text, sentences):
    assert mistakes(text) == sentences


def test_all_mistakes_come_together_and_what_is_right_is_read():
    config = read("usres = 4\nsalt = 3\n[load]\nseed = 1\nusers = 7\n[[targets]]\nname = 'a'\nhots = 'b'\n", FILE)
    assert len(config.mistakes) == 4
    assert config.raw == {"users": "7", "targets": ["name=a"]}


def test_a_value_is_called_by_its_file_and_key():
    config = read('host = "http://h"\nmax_tokens = "x"\n[[targets]]\nweight = 0\n[[targets]]\nname = "a/b"\n', FILE)
    with pytest.raises(UsageMistakes) as info:
        resolve(config.raw, config.called)
    assert info.value.mistakes[:3] == [
        "bench.toml: max_tokens 'x': give a whole number of one or more.",
        "bench.toml: targets 1: give as weight a whole number, 1 to 1000.",
        "bench.toml: targets 2: give as name letters, digits, dots, dashes and underscores, 40 at most, and not mixed.",
    ]


def test_quality_is_an_option_and_a_table():
    least = 'host = "http://h"\n'
    assert options(least + 'quality = ["empty", "refusal"]').quality == ("empty", "refusal")
    assert options(least + 'scorers = "empty"').quality == ("empty",)
    assert options(least + '[quality]\nscorers = ["empty", "./mine.py"]\ntolerance = 0.01').quality == (
        "empty",
        "./mine.py",
    )


@pytest.mark.parametrize(
    "judge",
    [
        "judge = \"host=http://j model=m dialect=messages 'header=X-A: b c'\"",
        '[quality]\njudge = {host = "http://j", model = "m", dialect = "messages", headers = {X-A = "b c"}}',
        '[quality.judge]\nhost = "http://j"\nmodel = "m"\ndialect = "messages"\nheader = ["X-A: b c"]',
    ],
)
def test_whom_scorers_ask_is_a_table_or_a_word(judge):
    found = options(f'host = "http://h"\nmodel = "other"\n{judge}').judge
    assert (found.name, found.host, found.model, found.dialect) == ("judge", "http://j", "m", "messages")
    assert (found.api_key_env, found.headers) == ("ANTHROPIC_API_KEY", ("X-A: b c",))


def test_what_is_wrong_with_a_judge():
    assert mistakes('[quality.judge]\nmodle = "m"\nhost = true') == [
        "bench.toml: judge cannot be told: there is no key 'modle'; did you mean model?",
        "bench.toml: judge cannot be told: host is true or false: give a string or a number.",
    ]


# Written

GIVEN = {
    "host": "http://h",
    "model": "7",
    "dialect": "chat",
    "api_key_env": "KEY",
    "headers": ["X-A: b, c", "X-D: env:E"],
    "targets": ["name=a weight=3", "name=b host=http://g 'header=X-A: b c' header=X-E:f model=007"],
    "target_mode": "mixed",
    "probe": False,
    "plots": "off",
    "max_tokens": "300",
    "stream": "off",
    "connect_timeout_s": "1.5s",
    "first_byte_timeout_s": "10",
    "idle_timeout_s": "5",
    "timeout_s": "1h",
    "min_tokens": "3",
    "ignore_eos": True,
    "temperature": "0.50",
    "top_p": "1e-1",
    "sampling_seed": "-3",
    "stop": ["a b", '"', "é\n"],
    "extra_body": '{"a": {"b": null}, "c": "\\"x\\""}',
    "testset": "file.csv",
    "testset_format": "csv",
    "testset_columns": "prompt=question,expected=answer",
    "image_size": "64x32",
    "image_pool": "3",
    "images_per_request": "2",
    "salt": "on",
    "seed": "9",
    "users": "2 8,4",
    "run_time_s": "1m",
    "settle_s": "0",
    "drain_s": "500ms",
    "spawn_rate": "0.5",
    "locustfile": "my file.py",
    "processes": "2",
    "master_bind_host": "*",
    "master_bind_port": "5558",
    "expect_workers": "3",
    "expect_workers_max_wait_s": "9",
    "on_worker_loss": "continue",
    "slo": ["ttft=500ms", "e2e=9"],
    "keep_text": False,
    "work_dir": ".",
    "name": "nightly",
    "desc": 'Says "hello", twice',
    "fail_on": "invalid",
    "lang": "zh",
    "conversations": "live",
    "think_time": "uniform:1s,5s",
    "max_turns": "3",
    "tokenizer": "tokenizer.json",
}
OTHERS = (
    {"host": "http://h"},
    {"host": "http://h", "requests": "20", "users": ["4", "5"], "images": "folder", "master": "true"},
    {"host": "http://h", "calibrate": True},
    {"query_model": "ask.py"},
    {
        "host": "http://h",
        "input_tokens": "normal:512,128",
        "output_tokens": "64",
        "synthetic_prompts": "5",
        "prefix_share": "0.5",
        "prefix_pool": "2",
    },
    {"host": "http://h", "input_chars": "100"},
    {
        "host": "http://h",
        "prices": "prices.toml",
        "canary_every": "5",
        "canaries": "my.jsonl",
        "logprobs": True,
        "quality": ["accuracy", "coherence", "toxicity-moderation", "./my_scorer.py"],
        "tolerance": "0.001",
        "judge": "host=http://j model=7 dialect=messages api-key-env=J_KEY 'header=X-A: b c'",
        "judge_sample": "20",
        "judge_rate": "0.5",
        "judge_concurrency": "4",
        "moderation": "host=http://m",
        "texts": "texts.jsonl",
    },
)


@pytest.mark.parametrize("raw", [GIVEN, *OTHERS])
def test_what_is_written_is_read_as_what_was_given(raw):
    written = render(raw)
    assert options(written) == resolve(raw)


def test_every_option_can_be_written():
    given = {key for raw in (GIVEN, *OTHERS) for key in raw}
    assert given == {option.key for option in OPTIONS}


def test_what_is_written_has_native_values_in_the_tables_of_their_groups():
    written = render({"host": "http://h", "users": "1 2", "settle_s": "2s", "salt": "on", "seed": "3", "model": None})
    assert (
        written
        == """\
[target]
host = "http://h"

[workload]
salt = true
seed = 3

[load]
users = [
    1,
    2,
]
settle = "2s"
"""
    )


def test_the_tables_are_no_options():
    assert not GROUPS.keys() & {flag.removeprefix("--") for option in OPTIONS for flag in option.flags} - {
        "target",
        "quality",
    }
