import os
from pathlib import Path

import msgspec
import pytest

from harness import run
from harness.run import RunError

WHOLE = run.Phases(spawn_ns=10, settle_ns=20, window_ns=30, cooldown_ns=40, end_ns=50)
MANIFEST = run.Manifest(
    id="20260131T120000Z-sweep",
    name="sweep",
    description="nightly",
    state="done",
    begun="2026-01-31T12:00:00Z",
    ended="2026-01-31T12:05:00Z",
    command=["llocust", "sweep", "--header", "X-Key: ***"],
    options={"users": [1, 8], "run_time_s": 30.0, "model": None},
    versions={"llocust": "0.1.0"},
    machine=run.Host(
        name="box", system="Linux", kernel="6.1", machine="x86_64", cpu="a CPU", cores=2, memory_bytes=8_000_000_000
    ),
    git=run.Git("ea3935e", dirty=True),
    url="http://127.0.0.1:8000/v1/chat/completions",
    model="m",
    dialect="chat",
    testset=run.TestsetInfo("chat", "testsets/chat.jsonl", "sha256:00", 120),
    stamps="kernel",
    network={"http_proxy": "http://proxy:3128"},
    probe="GET /v1/models: 200",
    processes=[
        run.Process(worker="w0", host="box", pid=7, start=run.Anchor(10, 20), end=run.Anchor(30, 40), offset_ns=-5)
    ],
    points=[
        run.Point(index=0, users=1, state="done", phases={"w0": WHOLE}),
        run.Point(index=12, users=256, target="canary", disk_full=True),
    ],
    notes=["The model was not given."],
)


def put(folder, text):
    (folder / "run.json").write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


# The folder


def test_a_run_gets_a_folder_under_output(tmp_path):
    folder = run.create(tmp_path / "deep" / "work", "20260131T120000Z-sweep")

    assert folder == tmp_path / "deep" / "work" / "output" / "20260131T120000Z-sweep"
    assert (folder / "points").is_dir()


def test_runs_of_the_same_second_and_name_get_a_number(tmp_path):
    folders = [run.create(tmp_path, "a") for _ in range(3)]

    assert [folder.name for folder in folders] == ["a", "a-2", "a-3"]


def test_no_run_is_written_over_another(tmp_path):
    first = run.create(tmp_path, "a")
    put(first, "kept")
    run.create(tmp_path, "a")

    assert (first / "run.json").read_text() == "kept"


def test_when_all_names_are_taken_the_user_is_told(tmp_path, monkeypatch):
    def taken(path, *args, **kwargs):
        raise FileExistsError(17, "File exists", str(path))

    (tmp_path / "output").mkdir()
    monkeypatch.setattr(Path, "mkdir", taken)

    with pytest.raises(RunError, match="exists a thousand times over; clear the directory"):
        run._make_unique(tmp_path / "output" / "a")


def test_latest_is_a_relative_link_to_the_newest_run(tmp_path):
    run.create(tmp_path, "a")
    newest = run.create(tmp_path, "b")
    latest = tmp_path / "output" / "latest"

    assert latest.readlink() == Path("b")
    assert latest.resolve() == newest.resolve()
    assert sorted(path.name for path in (tmp_path / "output").iterdir()) == ["a", "b", "latest"]


def test_latest_survives_a_moved_work_dir(tmp_path):
    run.create(tmp_path / "here", "a")
    (tmp_path / "here").rename(tmp_path / "there")

    assert (tmp_path / "there" / "output" / "latest" / "points").is_dir()


def test_a_link_left_over_from_a_crash_is_no_hindrance(tmp_path):
    (tmp_path / "output").mkdir()
    (tmp_path / "output" / f".latest-{os.getpid()}").symlink_to("nowhere")

    run.create(tmp_path, "a")

    assert (tmp_path / "output" / "latest").readlink() == Path("a")


@pytest.mark.parametrize(
    ("in_the_way", "reason"), [("work", "Not a directory"), ("work/output", "File exists")], ids=["work_dir", "output"]
)
def test_a_work_dir_that_cannot_be_used_is_a_sentence(tmp_path, in_the_way, reason):
    file = tmp_path / in_the_way
    file.parent.mkdir(exist_ok=True)
    file.write_text("")

    with pytest.raises(RunError) as caught:
        run.create(tmp_path / "work", "a")
    output = tmp_path / "work" / "output"
    assert str(caught.value) == (
        f"Results cannot be written to {output}: {reason}. Choose another directory with --work-dir."
    )


def test_a_work_dir_without_permission_is_a_sentence(tmp_path, monkeypatch):
    # The tests may run as root, who may write everywhere.
    def refuse(path, *args, **kwargs):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "mkdir", refuse)

    with pytest.raises(RunError, match=r"output: Permission denied\. Choose another directory with --work-dir\."):
        run.create(tmp_path, "a")


def test_files_of_a_point_lie_in_its_folder():
    folder, point = Path("output/a"), run.Point(index=3, users=8)

    assert run.records_path(folder, point, "w0") == Path("output/a/points/03-users-8/records-w0.jsonl")
    assert run.health_path(folder, point, "w1") == Path("output/a/points/03-users-8/health-w1.jsonl")
    assert run.locust_path(folder, point) == Path("output/a/points/03-users-8/locust.json")


@pytest.mark.parametrize(
    ("index", "users", "folder"),
    [(0, 1, "points/00-users-1"), (12, 256, "points/12-users-256"), (100, 16, "points/100-users-16")],
)
def test_a_point_names_its_folder_by_index_and_users(index, users, folder):
    assert run.Point(index=index, users=users).folder == folder


# Phases


@pytest.mark.parametrize(
    ("now_ns", "phase"),
    [(10, "settle"), (29, "settle"), (30, "window"), (39, "window"), (40, "cooldown"), (99, "cooldown")],
)
def test_a_phase_begins_at_its_stamp(now_ns, phase):
    assert WHOLE.at(now_ns) == phase


def test_a_phase_that_has_not_begun_is_not_reached():
    assert run.Phases(spawn_ns=10).at(99) == "settle"
    assert run.Phases(spawn_ns=10, settle_ns=20, window_ns=30).at(99) == "window"


# Writing


def test_a_file_is_replaced_whole(tmp_path):
    path = tmp_path / "report.json"
    run.write_atomically(path, b"old and longer")
    run.write_atomically(path, b"new")

    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o644
    assert [each.name for each in tmp_path.iterdir()] == ["report.json"]


@pytest.mark.parametrize("broken", ["fsync", "replace", "chmod"])
def test_what_fails_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, broken):
    path = tmp_path / "report.json"
    run.write_atomically(path, b"old")

    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os if broken == "fsync" else Path, broken, full)

    with pytest.raises(OSError, match="No space left"):
        run.write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert [each.name for each in tmp_path.iterdir()] == ["report.json"]


def test_a_file_grows_beside_the_one_that_it_replaces(tmp_path, monkeypatch):
    # A rename is atomic within one file system only.
    seen = []
    monkeypatch.setattr(os, "fsync", lambda _: seen.extend(tmp_path.iterdir()))

    run.write_atomically(tmp_path / "report.json", b"new")

    assert len(seen) == 1
    assert seen[0].name.startswith(".report.json.")


def test_an_interrupt_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "report.json"
    run.write_atomically(path, b"old")

    def interrupt(descriptor):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)

    with pytest.raises(KeyboardInterrupt):
        run.write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert [each.name for each in tmp_path.iterdir()] == ["report.json"]


# The manifest


def test_a_manifest_is_read_as_it_was_written(tmp_path):
    run.write_manifest(tmp_path, MANIFEST)

    assert run.read_manifest(tmp_path) == MANIFEST


def test_a_manifest_is_made_for_eyes_as_well(tmp_path):
    run.write_manifest(tmp_path, MANIFEST)
    text = (tmp_path / "run.json").read_text()

    assert text.startswith('{\n  "schema": 1,\n  "id": "20260131T120000Z-sweep",\n')
    assert text.endswith("}\n")


def test_a_key_that_is_not_known_yet_is_passed_over(tmp_path):
    put(tmp_path, msgspec.json.encode(msgspec.to_builtins(MANIFEST) | {"planet": "earth"}))

    assert run.read_manifest(tmp_path) == MANIFEST


def told(folder):
    with pytest.raises(RunError) as caught:
        run.read_manifest(folder)
    return str(caught.value)


def test_a_folder_without_a_manifest_is_no_run(tmp_path):
    assert told(tmp_path) == f"{tmp_path} is not a run folder: it holds no run.json."
    assert told(tmp_path / "nowhere") == f"{tmp_path / 'nowhere'} is not a run folder: it holds no run.json."


def test_a_manifest_that_cannot_be_read_is_a_sentence(tmp_path):
    (tmp_path / "run.json").mkdir()

    assert told(tmp_path) == f"{tmp_path / 'run.json'} cannot be read: Is a directory."


@pytest.mark.parametrize(("schema", "said"), [("2", "2"), ("null", "None")])
def test_another_schema_is_refused_before_anything_else_is_looked_at(tmp_path, schema, said):
    put(tmp_path, f'{{"schema": {schema}, "id": 17}}')

    assert told(tmp_path) == f"{tmp_path / 'run.json'} has schema {said}; this version of llocust reads schema 1."


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "nonsense", '{"schema": 1}', '{"schema": 1, "id": 17}', b'{"schema": 1, "id": "\xff"}', b"\0" * 9],
)
def test_what_is_no_manifest_is_a_sentence(tmp_path, text):
    sentence = told(put(tmp_path, text))

    assert sentence.startswith(f"{tmp_path / 'run.json'} is not a manifest: ")
    assert sentence.endswith(".")
