"""What a sweep shows the server is what the set holds, byte for byte, as the simulator saw it."""

import hashlib
import json
from collections import Counter
from importlib.resources import files
from pathlib import Path

import pytest
from support.command import latest, llocust
from support.simulator import running_simulator

from harness import shelf
from harness.dialects import DIALECTS
from harness.options import Options
from harness.png import noise
from harness.testset import deal

TAKES_IMAGES = [name for name, dialect in DIALECTS.items() if dialect.takes_images]


@pytest.fixture(scope="module")
def simulator():
    with running_simulator("--ttft", "0.002", "--itl", "0.001", "--tokens", "3") as running:
        yield running


def swept(simulator, cwd, *words):
    """The records of a sweep with bounded points, each with what the server saw of its request."""
    simulator.reset()
    done = llocust("sweep", "--host", simulator.url, *words, cwd=cwd)
    assert done.returncode == 0, done.stderr + done.stdout
    truth = {row["id"]: row for row in simulator.requests()}
    return [(record, truth[record.id]) for record in latest(cwd).records()]


def digest_of(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("dialect", TAKES_IMAGES)
def test_the_shipped_drawings_arrive_with_their_questions(simulator, tmp_path, dialect):
    pairs = swept(
        simulator, tmp_path, *("--testset", "vision", "--users", "4", "--requests", "20", "--dialect", dialect)
    )

    rows = [json.loads(line) for line in (files("testsets") / "vision.jsonl").read_text().splitlines()]
    shown = [digest_of((files("testsets") / row["images"][0]).read_bytes()) for row in rows]
    sizes = [len((files("testsets") / row["images"][0]).read_bytes()) for row in rows]
    assert len(pairs) == 20
    for record, row in pairs:
        number = int(record.prompt.removeprefix("vision/"))
        assert row["images"] == [shown[number]]
        # Base64 writes three bytes as four.
        assert record.request_bytes > sizes[number] * 4 / 3


def test_images_of_a_folder_are_chosen_by_seed_user_and_turn(simulator, tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    data = [noise(9 + number, 9, "x") for number in range(6)]
    for number, each in enumerate(data):
        (folder / f"{number}.png").write_bytes(each)
    words = ("--testset", "short", "--images", "pictures", "--images-per-request", "2", "--seed", "5")
    pairs = swept(simulator, tmp_path, *words, "--users", "2", "--requests", "12")

    options = Options(host="h", testset="short", images=str(folder), images_per_request=2, seed=5)
    testset = shelf.take(options)
    seen = Counter((record.prompt, tuple(row["images"])) for record, row in pairs)
    assert seen.total() == 12
    expected = set()
    for user in range(2):
        for turn in range(12):
            prompt = deal(testset, 5, user, turn, 2)
            expected.add((f"short/{prompt.index}", tuple(image.digest for image in prompt.messages[-1].images)))
    assert seen.keys() <= expected
    assert {digest for _, images in seen for digest in images} <= {digest_of(each) for each in data}


@pytest.mark.parametrize("processes", ["0", "2"])
def test_every_process_draws_the_same_images(simulator, tmp_path, processes):
    words = ("--testset", "short", "--image-size", "40x30", "--image-pool", "3", "--images-per-request", "3")
    pairs = swept(simulator, tmp_path, *words, "--users", "2", "--requests", "6", "--processes", processes)

    drawn = sorted(digest_of(noise(40, 30, f"0/drawn/{number}")) for number in range(3))
    assert [sorted(row["images"]) for _, row in pairs] == [drawn] * 6


def test_a_dialect_without_images_is_refused_before_anything_is_sent(simulator, tmp_path):
    simulator.reset()
    words = ("sweep", "--host", simulator.url, "--dialect", "completions", "--testset", "vision")
    done = llocust(*words, cwd=tmp_path)

    assert done.returncode == 2
    assert "--dialect completions carries no images" in done.stderr
    assert simulator.requests() == []
    assert not Path(tmp_path / "output").exists()
