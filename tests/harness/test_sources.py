"""What is typed prevails over the environment, that over config files, the nearer over the farther, and these over defaults."""

import os

import pytest

from harness.options import UsageMistakes
from harness.sweep import read_command

HOST = ("--host", "http://h")


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch, tmp_path):
    """Neither its environment nor its config files."""
    for name in [name for name in os.environ if name.startswith("LLOCUST_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    monkeypatch.chdir(tmp_path)


def options(*words):
    return read_command([*HOST, *words]).resolve()


def mistakes(*words) -> list[str]:
    with pytest.raises(UsageMistakes) as info:
        read_command([*HOST, *words]).resolve()
    return info.value.mistakes


def test_the_environment(monkeypatch):
    monkeypatch.setenv("LLOCUST_USERS", "3 5")
    monkeypatch.setenv("LLOCUST_RUN_TIME", "7s")
    monkeypatch.setenv("LLOCUST_HEADER", "X-A: b")
    monkeypatch.setenv("LLOCUST_KEEP_TEXT", "false")
    monkeypatch.setenv("LLOCUST_SALT", "true")
    monkeypatch.setenv("LLOCUST_TEMPERATURE", "0")
    monkeypatch.setenv("LLOCUST_DESC", "")
    given = options()
    assert (given.users, given.run_time_s, given.headers) == ((3, 5), 7, ("X-A: b",))
    assert (given.keep_text, given.salt, given.temperature, given.desc) == (False, True, 0, "")


def test_several_values_in_one_variable(monkeypatch):
    monkeypatch.setenv("LLOCUST_HEADER", '["X-A: b, c", "X-D: env:E"]')
    monkeypatch.setenv("LLOCUST_TARGET", '["name=a", "name=b"]')
    monkeypatch.setenv("LLOCUST_STOP", "a b, c")
    given = options()
    assert given.headers == ("X-A: b, c", "X-D: env:E")
    assert [target.name for target in given.targets] == ["a", "b"]
    assert given.stop == ("a b, c",)


def test_mistakes_in_the_environment(monkeypatch):
    monkeypatch.setenv("LLOCUST_STOP", "[INST]")
    monkeypatch.setenv("LLOCUST_MAX_TOKENS", "x")
    assert mistakes() == [
        'LLOCUST_STOP: give one value, or a list such as ["a", "b"].',
        "LLOCUST_MAX_TOKENS 'x': give a whole number of one or more.",
    ]


def test_each_place_prevails_over_the_farther_ones(monkeypatch, tmp_path):
    for path, value in (("home/.llocust.toml", 1), ("llocust.toml", 2), ("mine.toml", 3)):
        keys = ("drain", "settle", "seed", "max-tokens", "timeout")[value - 1 :]
        (tmp_path / path).write_text("".join(f"{key} = {value}\n" for key in keys))
    monkeypatch.setenv("LLOCUST_MAX_TOKENS", "4")
    monkeypatch.setenv("LLOCUST_TIMEOUT", "4")
    given = options("--config", "mine.toml", "--timeout", "5")
    assert (given.drain_s, given.settle_s, given.seed, given.max_tokens, given.timeout_s) == (1, 2, 3, 4, 5)


def test_a_list_is_replaced_and_not_added_to(tmp_path):
    (tmp_path / "llocust.toml").write_text('header = ["X-A: b"]\n[[targets]]\nname = "a"\n')
    given = options("--header", "X-C: d", "--target", "name=b", "--target", "name=c")
    assert given.headers == ("X-C: d",)
    assert [target.name for target in given.targets] == ["b", "c"]


def test_the_file_may_be_named_by_a_variable(monkeypatch, tmp_path):
    (tmp_path / "mine.toml").write_text("seed = 9\n")
    monkeypatch.setenv("LLOCUST_CONFIG", "mine.toml")
    assert options().seed == 9


@pytest.mark.parametrize(
    ("file", "typed", "found"),
    [
        ("requests = 50", ("--run-time", "3"), (None, 3)),
        ("run-time = 3", ("--requests", "50"), (50, 30)),
    ],
)
def test_a_bound_replaces_one_of_the_other_kind_that_stands_farther_off(tmp_path, file, typed, found):
    (tmp_path / "llocust.toml").write_text(file)
    given = options(*typed, "--users", "1")
    assert (given.requests, given.run_time_s) == found


def test_two_bounds_in_one_place_are_a_mistake(tmp_path):
    (tmp_path / "llocust.toml").write_text("requests = 50\nrun-time = 3\n")
    assert mistakes() == ["--requests and --run-time exclude each other: bound a point by one of them."]


def test_a_file_for_the_body(tmp_path):
    (tmp_path / "body.json").write_text('{"top_k": 4}')
    assert options("--extra-body", "body.json").extra_body == {"top_k": 4}
    (tmp_path / "llocust.toml").write_text('extra-body = "body.json"')
    assert options().extra_body == {"top_k": 4}
    (tmp_path / "body.json").write_text("top_k: 4")
    assert mistakes() == [
        "llocust.toml: extra-body: give a JSON object, or the path of a file with one; there is no such file."
    ]


def test_mistakes_of_files_variables_and_words_come_together(monkeypatch, tmp_path):
    (tmp_path / "llocust.toml").write_text("usres = 4\nseed = 'x'\n")
    (tmp_path / "home/.llocust.toml").write_bytes(b"\xff\n")
    monkeypatch.setenv("LLOCUST_SETTLE", "soon")
    found = mistakes("--config", "none.toml", "--drain", "never")
    assert [sentence.split(": ")[0] for sentence in found] == [
        "~/.llocust.toml is not TOML",
        "llocust.toml",
        "--config none.toml",
        "llocust.toml",
        "LLOCUST_SETTLE 'soon'",
        "--drain 'never'",
    ]


def test_a_file_that_is_a_folder(tmp_path):
    (tmp_path / "mine.toml").mkdir()
    assert mistakes("-c", "mine.toml") == ["mine.toml cannot be read: Is a directory."]


def test_what_is_about_the_command_itself(monkeypatch, tmp_path):
    assert (read_command([]).quiet, read_command(["--quiet"]).quiet) == (False, True)
    (tmp_path / "llocust.toml").write_text("json-progress = true\n")
    assert read_command([]).json_progress is True
    monkeypatch.setenv("LLOCUST_QUIET", "on")
    with pytest.raises(UsageMistakes, match=r"^--quiet and --json-progress exclude each other\.$"):
        read_command([])
    monkeypatch.setenv("LLOCUST_QUIET", "maybe")
    with pytest.raises(UsageMistakes, match=r"^LLOCUST_QUIET 'maybe': give on or off\.$"):
        read_command([])


def test_a_run_that_is_resumed_takes_nothing_else():
    assert read_command(["--resume", "x"]).resume is not None
    with pytest.raises(UsageMistakes, match="leave out --seed, --config"):
        read_command(["--resume", "x", "--seed", "1", "-c", "y"])
