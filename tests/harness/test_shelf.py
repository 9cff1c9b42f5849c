from pathlib import Path

import pytest

from harness import shelf
from harness.testset import TestsetError as Mistakes

SHIPPED = [
    *("arithmetic", "canaries", "ceval-zh", "chat", "chat-ko", "chat-zh", "code", "dialogues", "long", "short"),
    "vision",
]


def mistakes(name_or_path):
    with pytest.raises(Mistakes) as caught:
        shelf.find(name_or_path)
    return caught.value.mistakes


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty working directory, far from the project."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_shipped_sets_are_listed_by_name():
    assert shelf.shipped() == SHIPPED


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_set_is_found_from_any_directory(here, name):
    found = shelf.find(name)

    assert (found.name, found.source) == (name, f"testsets/{name}.jsonl")
    assert found.prompts


def test_a_path_is_found_and_named_by_its_stem(here):
    Path("sub").mkdir()
    Path("sub/mine.txt").write_text("Why?\n")

    found = shelf.find("sub/mine.txt")
    assert (found.name, found.source, len(found.prompts)) == ("mine", "sub/mine.txt", 1)
    assert shelf.find(str(here / "sub/mine.txt")).prompts == found.prompts


def test_a_file_wins_over_a_shipped_set(here):
    Path("chat").write_text("Why?\nHow?\n")

    assert len(shelf.find("chat").prompts) == 2


def test_a_directory_does_not_hide_a_shipped_set(here):
    Path("chat").mkdir()

    assert shelf.find("chat").source == "testsets/chat.jsonl"


def test_mistakes_in_a_file_name_it_as_it_was_given(here):
    Path("mine.jsonl").write_text("{}\n")

    assert mistakes("./mine.jsonl") == ['./mine.jsonl:1: must have either "prompt" or "messages" and has neither.']


@pytest.mark.parametrize(
    ("wanted", "hint"),
    [
        ("chatt", " Did you mean 'chat'?"),
        ("testsets/chat-kr.jsonl", " Did you mean 'chat-ko'?"),
        ("chat/12", ""),
        ("nothing-like-it", ""),
        ("", ""),
    ],
)
def test_an_unknown_name_is_answered_with_those_there_are(here, wanted, hint):
    (mistake,) = mistakes(wanted)

    listed = f"shipped sets: {', '.join(SHIPPED)}."
    assert mistake == f"Testset {wanted!r} is neither a file nor a shipped set; {listed}{hint}"


def test_a_path_through_a_file_is_an_unknown_name(here):
    Path("mine").write_text("Why?\n")

    assert mistakes("mine/inner")[0].startswith("Testset 'mine/inner' is neither a file nor a shipped set;")


def test_a_file_that_cannot_be_read_is_named_with_the_reason(here, monkeypatch):
    # The tests may run as root, for whom every file can be read.
    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", refuse)

    assert mistakes("secret.txt") == ["Testset 'secret.txt' cannot be read: Permission denied."]


def test_a_name_that_is_no_possible_path_is_answered_in_a_sentence(here):
    wanted = "x" * 300

    assert mistakes(wanted) == [f"Testset {wanted!r} cannot be read: File name too long."]
