"""Options of a run that asks by query_model(): what they become, and which are refused."""

import pytest

from harness.options import UsageMistakes, resolve


def refused(**given):
    with pytest.raises(UsageMistakes) as caught:
        resolve({"query_model": "here/model_query.py", **given})
    return caught.value.mistakes


def test_neither_a_host_nor_a_model_is_needed():
    options = resolve({"query_model": "here/model_query.py"})
    assert (options.query_model, options.dialect, options.model) == (
        "here/model_query.py",
        "query_model",
        "model_query",
    )
    (target,) = options.all_targets
    assert (target.host, target.dialect, target.model) == ("here/model_query.py", "query_model", "model_query")


def test_a_model_is_what_it_is_called():
    assert resolve({"query_model": "f.py", "model": "house-7b", "probe": "off"}).model == "house-7b"


def test_without_it_a_host_is():
    with pytest.raises(UsageMistakes, match="--host is missing"):
        resolve({})


MEANINGLESS = [
    ("dialect", "chat", "--dialect"),
    ("headers", ["X-Team: a"], "--header"),
    ("api_key_env", "HOUSE_KEY", "--api-key-env"),
    ("stream", False, "--stream"),
    ("connect_timeout_s", "3", "--connect-timeout"),
    ("temperature", "0.5", "--temperature"),
    ("extra_body", "{}", "--extra-body"),
    ("image_size", "8x8", "--image-size"),
]


@pytest.mark.parametrize(("key", "value", "name"), MEANINGLESS)
def test_what_means_nothing_is_refused(key, value, name):
    why = "means nothing with --query-model, which makes its requests itself: leave it out."
    assert refused(**{key: value}) == [f"{name}: {why}"]


def test_a_host_is_refused_with_where_it_is_said_instead():
    assert refused(host="http://h") == [
        "--host: --query-model has the server's address in its own file: leave this out, and change it there."
    ]


def test_calibration_is_of_another_way():
    assert refused(calibrate=True) == [
        "--calibrate: measures llocust's own way to the server, which --query-model does not take: leave it out."
    ]


@pytest.mark.parametrize(
    ("key", "value"), [("stream", True), ("calibrate", False), ("max_tokens", "9"), ("timeout_s", "9")]
)
def test_what_means_something_or_changes_nothing_is_taken(key, value):
    options = resolve({"query_model": "f.py", key: value})
    assert (options.query_model, getattr(options, key)) == ("f.py", value if isinstance(value, bool) else 9)
