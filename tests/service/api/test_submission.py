"""POST /runs takes what `llocust sweep --config` takes, but for what is the machine's own business."""

from typing import get_args

from harness.options import GROUPS, OPTIONS
from harness.score import BY_NAME
from harness.targets import KEYS
from service.api import submission
from service.api.submission import Asked, Judge, Scorer, Submission, Target

NOT_TAKEN = {
    *("work_dir", "locustfile", "query_model", "tokenizer", "prices", "api_key_env", "lang", "fail_on"),
    *(
        "master",
        "master_bind_host",
        "master_bind_port",
        "expect_workers",
        "expect_workers_max_wait_s",
        "on_worker_loss",
    ),
}
"""Paths, programs and ports of the machine, variables of its environment, and what is about a terminal."""


def names(option):
    if option.key == "targets":
        return {"targets"}
    if option.key == "headers":
        return {"headers"}
    return {flag.removeprefix("--") for flag in option.flags if flag.startswith("--")}


def test_every_option_is_taken_or_left_out_on_purpose():
    taken = {field.alias for field in Submission.model_fields.values()}
    for option in OPTIONS:
        assert bool(names(option) & taken) is (option.key not in NOT_TAKEN), option.key
    assert taken - {name for option in OPTIONS for name in names(option)} == {"api-key"}
    assert {field.alias for field in Target.model_fields.values()} - taken == {"weight"}


def test_the_tables_are_those_of_the_file():
    assert set(submission.GROUPS) == set(GROUPS)


def test_the_scorers_are_the_shipped_ones():
    assert get_args(Scorer) == tuple(BY_NAME)


def test_a_judge_is_told_as_a_target_is_but_for_what_only_targets_have():
    assert {name.replace("headers", "header") for name in Judge.model_fields} == {
        name.replace("-", "_") for name in KEYS
    } - {"name", "weight", "api_key_env"} | {"api_key"}
    assert Judge.model_fields.keys() - Asked.model_fields.keys() == {"dialect"}


def test_everybody_who_is_asked_is_known():
    others = {"judge": {"host": "http://j"}, "moderation": {"host": "http://m"}}
    submitted = Submission(host="http://h", targets=[{"host": "http://i"}, {"model": "m"}], **others)
    assert list(submitted.urls()) == ["http://h", "http://i", "http://j", "http://m"]


def test_no_key_is_shown():
    others = {
        "judge": {"host": "http://j", "api_key": "sk-judge"},
        "moderation": {"host": "http://m", "api_key": "sk-m"},
    }
    targets = [{"host": "http://i", "api_key": "sk-too"}]
    submitted = Submission(host="http://h", api_key="sk-of-mine", targets=targets, **others)
    assert "sk-" not in repr(submitted) + str(submitted) + submitted.model_dump_json()
