"""The examples of docs/synthetic.md: commands make what they say, files are read, and lengths are those of the table."""

import re
import shlex
from pathlib import Path

import pytest
from support.words import piece_tokenizer

from harness import shelf
from harness.gauge import PROBE_CHARS
from harness.lengths import lengths, weighted
from harness.options import resolve
from harness.salt import SPECIMEN
from harness.sweep import read_command

PAGE = (Path(__file__).parents[1] / "docs" / "synthetic.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"`([\w.]+)`:\n\n```\w+\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
COMMANDS = re.findall(r"^llocust (sweep .*)$", PAGE, re.MULTILINE)
SHAPES = re.findall(r"`([\w:,.=]+)`", "\n".join(line for line in PAGE.split("| length | means |")[1].splitlines()[2:7]))


@pytest.fixture(autouse=True)
def shown(tmp_path, monkeypatch):
    """A folder with all that the page names."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name, body in FILES.items():
        Path(name).write_text(body, encoding="utf-8")
    piece_tokenizer(Path("tokenizer.json"))


def test_the_page_has_commands_files_and_shapes():
    assert (len(COMMANDS), sorted(FILES), len(SHAPES)) == (4, ["answers.csv", "inputs.json"], 6)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_makes_what_it_says(command):
    words = (
        [*shlex.split(command)[1:], "--synthetic-prompts", "20"] if "--input" in command else shlex.split(command)[1:]
    )
    options = read_command(words).resolve()
    prompts = shelf.take(options).prompts
    wanted = [prompt.wanted for prompt in prompts]
    assert all(each.output for each in wanted) is (options.output_tokens is not None)
    assert all(each.prompt for each in wanted) is options.is_synthetic


@pytest.mark.parametrize("name", FILES)
def test_a_histogram_is_read(name):
    assert weighted(FILES[name].encode()).lengths


@pytest.mark.parametrize("shape", SHAPES)
def test_a_shape_of_the_table_is_one(shape):
    assert lengths(shape.replace("FILE", "answers.csv"))


def test_the_longer_example_of_bounds_is_one():
    (shown,) = re.findall(r"such as `(normal:[^`]*)`", PAGE)
    assert lengths(shown).bounds.most == 2048


def test_figures_told():
    assert "twenty characters and a blank" in PAGE
    assert len(SPECIMEN) == 20
    assert "of 200 and\n  of 2,000 characters" in PAGE
    assert PROBE_CHARS == (200, 2000)
    assert resolve({"host": "http://h"}).synthetic_prompts == 1000
