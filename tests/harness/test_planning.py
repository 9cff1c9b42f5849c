"""The points of a sweep: planned from users and targets, written down with what was told, and resumed."""

import os

import pytest

from harness import run
from harness.sweep import prepare, read_command

WORDS = ("--host", "http://127.0.0.1:9", "--no-probe", "--model", "m", "--users", "2", "4")
TWO = ("--target", "name=a", "--target", "name=b model=n")


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch, tmp_path):
    for name in [name for name in os.environ if name.startswith("LLOCUST_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)


def planned(*words):
    folder, _ = prepare(read_command([*WORDS, *words]))
    return folder


def points(folder) -> list[tuple]:
    return [(point.index, point.users, point.target, point.state) for point in run.read_manifest(folder).points]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ((), [(1, 2, "default"), (2, 4, "default")]),
        (TWO, [(1, 2, "a"), (2, 2, "b"), (3, 4, "a"), (4, 4, "b")]),
        ((*TWO, "--target-mode", "sequential"), [(1, 2, "a"), (2, 4, "a"), (3, 2, "b"), (4, 4, "b")]),
        ((*TWO, "--target-mode", "mixed"), [(1, 2, "mixed"), (2, 4, "mixed")]),
    ],
)
def test_points_wait_in_their_order(words, expected):
    assert points(planned(*words)) == [(*each, "planned") for each in expected]


def test_a_mixed_point_says_who_has_which():
    folder = planned("--target", "name=a weight=3", "--target", "name=b weight=1", "--target-mode", "mixed")
    assert [point.shares for point in run.read_manifest(folder).points] == [{"a": 1, "b": 1}, {"a": 3, "b": 1}]


def test_what_was_told_stands_in_the_folder_and_tells_it_again(monkeypatch, tmp_path):
    (tmp_path / "llocust.toml").write_text('extra-body = "body.json"\nquiet = true\n')
    (tmp_path / "body.json").write_text('{"top_k": 4}')
    monkeypatch.setenv("LLOCUST_SEED", "7")
    folder, options = prepare(read_command([*WORDS, *TWO, "--header", "X-Key: env:HOME", "--stop", "a b"]))
    monkeypatch.delenv("LLOCUST_SEED")
    (tmp_path / "llocust.toml").unlink()
    (tmp_path / "body.json").unlink()
    assert (options.seed, options.extra_body) == (7, {"top_k": 4})
    assert read_command(["--config", str(folder / run.CONFIG)]).resolve() == options


def test_a_resumed_sweep_runs_what_is_missing_of_each_target():
    folder = planned(*TWO)
    manifest = run.read_manifest(folder)
    for point, state in zip(manifest.points, ("done", "running", "interrupted", "done"), strict=True):
        point.state = state
    run.write_manifest(folder, manifest)
    prepare(read_command(["--resume", str(folder)]))
    assert points(folder)[1:] == [
        (2, 2, "b", "interrupted"),
        (3, 4, "a", "interrupted"),
        (4, 4, "b", "done"),
        (5, 2, "b", "planned"),
        (6, 4, "a", "planned"),
    ]
