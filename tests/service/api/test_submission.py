"""POST /runs takes what `llocust sweep --config` takes, but for what is the machine's own business."""

from harness.options import GROUPS, OPTIONS
from service.api import submission
from service.api.submission import Submission, Target

NOT_TAKEN = {
    *("work_dir", "locustfile", "query_model", "tokenizer", "api_key_env", "lang", "fail_on"),
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


def test_no_key_is_shown():
    submitted = Submission(host="http://h", api_key="sk-of-mine", targets=[{"host": "http://i", "api_key": "sk-too"}])
    assert "sk-" not in repr(submitted) + str(submitted) + submitted.model_dump_json()
