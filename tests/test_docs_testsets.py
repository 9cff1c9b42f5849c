"""The examples of docs/testsets.md: every file shown is read as the page says, and every command finds what it names."""

import re
import shlex
from pathlib import Path

import pytest
from support.sets import DOT

from harness import shelf
from harness.sweep import read_command

PAGE = (Path(__file__).parents[1] / "docs" / "testsets.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"`([\w.]+)`:\n\n```\w+\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
COMMANDS = re.findall(r"^llocust (sweep .*)$", PAGE, re.MULTILINE)
(SNIPPET,) = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)

ASKED = {
    # What the last prompt of each file asks last, its expected answer, and how many prompts there are.
    "questions.txt": ("Write a haiku about a railway station.", None, 2),
    "tickets.jsonl": ("What is on this picture?", None, 5),
    "exam.jsonl": ("Which is a fruit?  A. plum  B. spoon", None, 2),
    "shared.json": ("And where does it end?", "In the North Sea.", 1),
    "faq.csv": ("What is 17 times 23?", "391", 2),
    "lakes.parquet": ("Name a lake.", "Baikal", 2),
}
MAPPED = {"faq.csv", "lakes.parquet"}


@pytest.fixture(autouse=True)
def shown(tmp_path, monkeypatch):
    """A folder with all that the page shows."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name, body in FILES.items():
        Path(name).write_text(body, encoding="utf-8")
    Path("photos").mkdir()
    for name in ("cat", "dog"):
        Path(f"photos/{name}.png").write_bytes(DOT)
    exec(SNIPPET)


def test_no_file_of_the_page_is_forgotten_by_this_test():
    assert {*FILES, "lakes.parquet"} == set(ASKED)


@pytest.mark.parametrize("name", ASKED)
def test_a_file_is_read_as_the_page_says(name):
    columns = {"prompt": "question", "expected": "answer"} if name in MAPPED else None
    prompts = shelf.find(name, columns=columns).prompts

    last = prompts[-1]
    assert (last.messages[-1].text, last.expected, len(prompts)) == ASKED[name]


def test_a_conversation_that_ends_with_an_answer_expects_it():
    assert shelf.find("exam.jsonl").prompts[0].expected == "B"


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_finds_what_it_names(command):
    options = read_command(shlex.split(command)[1:]).resolve()

    assert shelf.take(options).prompts


def test_the_sizes_told_are_those_of_drawings():
    options = read_command(["--host", "http://h", "--image-size", "512x512", "--image-pool", "1"]).resolve()
    (image,) = shelf.take(options).album.images

    # Base64 writes three bytes as four.
    assert f"has {len(image.base64) * 3 / 4 / 1024:.0f} KiB" in PAGE


def test_every_format_of_the_page_is_one():
    from harness.formats import FORMATS

    table = PAGE.split("| format | suffix |")[1].split("\n\n")[0]
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == list(FORMATS)
