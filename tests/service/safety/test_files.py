"""Files that runs may read."""

import pytest

from service.safety.files import Outside, below, shipped
from service.safety.files import testset as find_set


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "testsets"
    (folder / "team").mkdir(parents=True)
    (folder / "team" / "mine.jsonl").write_text('{"prompt": "x"}\n')
    (tmp_path / "secret.jsonl").write_text("{}")
    (folder / "link.jsonl").symlink_to(tmp_path / "secret.jsonl")
    (folder / "out").symlink_to(tmp_path)
    (folder / "inside.jsonl").symlink_to(folder / "team" / "mine.jsonl")
    (folder / "loop").symlink_to(folder / "loop")
    return folder


@pytest.mark.parametrize("name", ["team/mine.jsonl", "./team/mine.jsonl", "team//mine.jsonl", "inside.jsonl"])
def test_what_lies_there_is_found(root, name):
    assert below(root, name) == (root / "team" / "mine.jsonl").resolve()
    assert find_set(root, name) == str((root / "team" / "mine.jsonl").resolve())


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("/etc/passwd", "no name of a file here"),
        ("../secret.jsonl", "no name of a file here"),
        ("team/../../secret.jsonl", "no name of a file here"),
        ("..", "no name of a file here"),
        ("a\0b", "no name of a file here"),
        ("..\\secret.jsonl", "no name of a file here"),
        ("link.jsonl", "a link that leads out"),
        ("out/secret.jsonl", "a link that leads out"),
        ("loop", "There is no 'loop' in testsets"),
        ("nothing.jsonl", "There is no 'nothing.jsonl' in testsets"),
        ("~/x", "There is no '~/x' in testsets"),
        ("x" * 5_000, "There is no"),
    ],
)
def test_what_lies_elsewhere_is_not(root, name, why):
    with pytest.raises(Outside, match=why):
        find_set(root, name)


def test_a_shipped_set_goes_by_its_name(root):
    assert find_set(root, "chat") == "chat"
    assert "vision" in shipped()
