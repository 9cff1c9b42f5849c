"""The folder that images are read below, where the environment names one."""

import json

import pytest

from harness.png import noise
from harness.shelf import find
from harness.shelf.root import ROOT
from harness.testset import TestsetError as SetMistakes


@pytest.fixture
def place(tmp_path):
    inside, outside = tmp_path / "testsets", tmp_path / "private"
    for folder in (inside / "pictures", outside):
        folder.mkdir(parents=True)
        (folder / "cat.png").write_bytes(noise(2, 2, "x"))
    (outside / "cat.txt").write_text("a secret")
    return tmp_path


def written(place, name):
    path = place / "testsets" / "set.jsonl"
    path.write_text(json.dumps({"prompt": "?", "images": [name]}))
    return str(path)


@pytest.mark.parametrize("name", ["../private/cat.png", "link.png", "PLACE/private/cat.png"])
def test_images_outside_are_not_read(place, monkeypatch, name):
    (place / "testsets" / "link.png").symlink_to(place / "private" / "cat.png")
    path = written(place, name.replace("PLACE", str(place)))
    assert find(path).has_images  # where no service says otherwise
    monkeypatch.setenv(ROOT, str(place / "testsets"))
    with pytest.raises(SetMistakes, match="it lies outside of the folder that this service reads"):
        find(path)


def test_images_inside_are(place, monkeypatch):
    monkeypatch.setenv(ROOT, str(place / "testsets"))
    assert find(written(place, "pictures/cat.png")).has_images
    assert find(str(place / "testsets" / "pictures")).has_images
    assert find("vision").has_images


@pytest.mark.parametrize("name", ["cat.png", "cat.txt"])
def test_links_in_a_folder_of_images_do_not_lead_out(place, monkeypatch, name):
    pictures = place / "testsets" / "pictures"
    (pictures / name).unlink(missing_ok=True)
    (pictures / name).symlink_to(place / "private" / name)
    assert find(str(pictures)).has_images
    monkeypatch.setenv(ROOT, str(place / "testsets"))
    with pytest.raises(SetMistakes, match="it lies outside"):
        find(str(pictures))
