"""docs/quality.md shows what there is: each scorer, each check, each prompt of the judge word by word, and a scorer that is one."""

import re
from pathlib import Path

import pytest

from harness.init import STARTS
from harness.quality import own
from harness.quality.answer import Answer, Found
from harness.run import PromptText
from harness.score import MEANINGS

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "quality.md").read_text(encoding="utf-8")
PROMPTS = sorted((ROOT / "harness" / "quality" / "prompts").glob("*.md"))


def cells(begins):
    """Of the rows of the table whose head begins so."""
    table = PAGE.split(f"| {begins} |", 1)[1].split("\n\n", 1)[0]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def test_every_scorer_has_its_row_in_the_order_of_the_report():
    named = [name for row in cells("name | value") for name in re.findall(r"`([^`]+)`", row[0])]
    assert named == [*(meaning.name for meaning in MEANINGS), "./my_scorer.py"]


@pytest.mark.parametrize("meaning", MEANINGS, ids=lambda meaning: meaning.name)
def test_what_is_better_is_what_the_report_goes_by(meaning):
    (row,) = (row for row in cells("name | value") if f"`{meaning.name}`" in row[0])
    assert row[2] == meaning.better


@pytest.mark.parametrize("meaning", [each for each in MEANINGS if each.needs], ids=lambda meaning: meaning.name)
def test_what_a_scorer_needs_is_told(meaning):
    (row,) = (row for row in cells("name | value") if f"`{meaning.name}`" in row[0])
    assert f"`--{meaning.needs}`" in row[3]


def test_every_check_has_its_row():
    checks = {meaning.name for meaning in MEANINGS if meaning.checks} - {"accuracy"}
    assert {row[0].strip("`") for row in cells("check")} == checks


@pytest.mark.parametrize("path", PROMPTS, ids=lambda path: path.stem)
def test_prompts_of_the_judge_stand_there_as_they_are_asked(path):
    assert path.read_text(encoding="utf-8") in blocks("text")


def test_no_other_prompt_stands_there():
    assert len(blocks("text")) == len(PROMPTS)


def test_the_scorer_shown_is_the_one_to_begin_with_and_scores(tmp_path):
    (shown,) = blocks("python")
    assert shown == (ROOT / "harness" / "templates" / f"{STARTS['scorer'].file}.txt").read_text(encoding="utf-8")
    path = tmp_path / "shown.py"
    path.write_text(shown, encoding="utf-8")
    prompt = PromptText("set/0", "Say it.")
    said = Answer(
        id="1",
        point=1,
        target="default",
        model="m",
        text="one two two",
        finish="stop",
        asked="Say it.",
        expected=None,
        prompt=prompt,
    )
    # Two different words of three.
    assert own.load(str(path)).score(said) == Found(2 / 3)


def test_what_an_answer_has_is_told():
    told = {name for row in cells("`answer.`") for name in re.findall(r"`([^`]+)`", row[0])}
    fields = set(Answer.__struct_fields__)
    assert {name.partition(".")[0] for name in told} == fields
    of_prompt = {name.partition(".")[2] for name in told if "." in name}
    assert of_prompt <= set(PromptText.__struct_fields__)


def test_what_a_file_may_say_is_told():
    told = {row[0].strip("`") for row in cells("name | if it says nothing")}
    assert told == {*own._NAMES, *own._CHOICES, "applies"}
