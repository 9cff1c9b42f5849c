"""The prompt sets that travel with the program: what README.md says of them is so."""

import base64
import re
import struct
from importlib.resources import files

import pytest

from harness import shelf
from harness.conversation import split
from testsets import make_arithmetic, make_ceval, make_dialogues, make_vision
from testsets.make_long import make, read_blocks

README = (files("testsets") / "README.md").read_text(encoding="utf-8")
NAMES = shelf.shipped()


def table(heading):
    """{first cell: other cells} of the table whose second heading is `heading`."""
    body = README.split(f"| set | {heading} |")[1].split("\n\n")[0]
    rows = [re.split(r"\s*\|\s*", line.strip("| ")) for line in body.splitlines()[2:]]
    return {cells[0].strip("`"): cells[1:] for cells in rows}


DIGESTS = table("digest")
WHAT = table("prompts | language | what | origin | licence")


@pytest.fixture(params=NAMES)
def testset(request):
    return shelf.find(request.param)


def test_the_readme_speaks_of_every_set():
    assert list(WHAT) == NAMES
    assert list(DIGESTS) == NAMES


def test_digests_are_those_of_the_readme(testset):
    assert DIGESTS[testset.name] == [f"`{testset.digest}`"]


def test_counts_are_those_of_the_readme(testset):
    assert WHAT[testset.name][0] == str(len(testset.prompts))


def test_every_set_names_its_licence(testset):
    assert WHAT[testset.name][-1] == "CC0-1.0"


def test_ids_are_unique_and_in_order(testset):
    ids = [prompt.id for prompt in testset.prompts]

    assert None not in ids
    assert ids == sorted(set(ids))


def test_no_prompt_occurs_twice(testset):
    texts = {prompt.messages for prompt in testset.prompts}

    assert len(texts) == len(testset.prompts)


def test_every_conversation_ends_with_a_question_of_the_user(testset):
    assert {prompt.messages[-1].role for prompt in testset.prompts} == {"user"}


def test_the_default_set_holds_conversations():
    chat = shelf.find("chat").prompts

    assert sum(len(prompt.messages) > 1 for prompt in chat) == 8
    assert any(prompt.messages[0].role == "system" for prompt in chat)


@pytest.mark.parametrize(("name", "script"), [("chat-ko", r"[\uac00-\ud7a3]"), ("chat-zh", r"[\u4e00-\u9fff]")])
def test_a_set_is_in_its_language(name, script):
    for prompt in shelf.find(name).prompts:
        assert len(re.findall(script, prompt.messages[0].content)) >= 10, prompt.id


MADE = {
    "long.jsonl": make(read_blocks()),
    "arithmetic.jsonl": make_arithmetic.make(),
    "dialogues.jsonl": make_dialogues.make(make_dialogues.read_dialogues()),
    "ceval-zh.jsonl": make_ceval.make(make_ceval.read_subjects()),
    **make_vision.make(),
}


@pytest.mark.parametrize("path", MADE)
def test_what_has_a_script_is_made_by_it(path):
    assert MADE[path] == (files("testsets") / path).read_bytes()


def test_no_image_lies_about_that_no_script_makes():
    found = {f"vision/{entry.name}" for entry in (files("testsets") / "vision").iterdir()}

    assert found == {path for path in MADE if path.startswith("vision/")}


@pytest.mark.parametrize("name", ["arithmetic", "ceval-zh", "long", "vision"])
def test_sets_with_answers_have_one_for_each_prompt(name):
    assert all(prompt.expected for prompt in shelf.find(name).prompts)


def test_every_sum_comes_out():
    for prompt in shelf.find("arithmetic").prompts:
        bare = re.fullmatch(r"What is ([\d +×÷()-]+)\? Give only the final number\.", prompt.messages[0].content)
        if bare is not None:
            assert eval(bare[1].replace("×", "*").replace("÷", "/")) == int(prompt.expected), prompt.id


def test_a_choice_comes_with_two_worked_examples_and_four_letters():
    for prompt in shelf.find("ceval-zh").prompts:
        assert [message.role for message in prompt.messages] == ["system", *["user", "assistant"] * 2, "user"]
        assert re.findall(r"^([A-D])\. ", prompt.messages[-1].text, re.MULTILINE) == list("ABCD")
        assert prompt.expected in "ABCD"


def test_the_right_choice_is_the_one_that_the_script_was_given():
    right = {each.question: each.right for subject in make_ceval.read_subjects() for each in subject.questions}
    for prompt in shelf.find("ceval-zh").prompts:
        question, *choices = prompt.messages[-1].text.splitlines()
        assert f"{prompt.expected}. {right[question]}" in choices


def test_dialogues_have_three_to_five_turns_and_all_but_the_last_are_answered():
    lengths = []
    for prompt in shelf.find("dialogues").prompts:
        turns = split(prompt.messages)
        assert [message.role for message in turns[0].said[:-1]] in ([], ["system"])
        assert [len(turn.answer) for turn in turns] == [1] * (len(turns) - 1) + [0]
        lengths.append(len(turns))
    assert set(lengths) == {3, 4, 5}
    assert sum(prompt.messages[0].role == "system" for prompt in shelf.find("dialogues").prompts) == 3


def test_every_drawing_is_shown_once_and_whole():
    shown = [prompt.messages[0].images for prompt in shelf.find("vision").prompts]

    assert len({image.digest for (image,) in shown}) == 20
    for (image,) in shown:
        data = base64.b64decode(image.base64)
        # Width and height are the first two numbers behind the mark, a length and the name IHDR.
        assert struct.unpack(">II", data[16:24]) == (224, 224)


def test_long_documents_are_long_and_the_file_is_not():
    words = [len(prompt.messages[0].content.split()) for prompt in shelf.find("long").prompts]

    assert min(words) >= 1500
    assert max(words) <= 4000
    assert len((files("testsets") / "long.jsonl").read_bytes()) < 600_000


@pytest.mark.parametrize("name", NAMES)
def test_short_and_ordinary_prompts_keep_to_the_lengths_the_readme_gives(name):
    limits = {"short": (1, 13), "chat": (9, 140), "vision": (9, 20)}
    low, high = limits.get(name, (1, 4000))
    for prompt in shelf.find(name).prompts:
        assert low <= sum(len(message.text.split()) for message in prompt.messages) <= high, prompt.id


@pytest.mark.parametrize("needle", [kind.needle for kind in read_blocks().kinds])
def test_the_answer_to_a_long_document_stands_in_it_once(needle):
    # The longest piece of the hidden paragraph without a field is the same in all documents of its kind.
    fixed = max(re.split(r"\{\w+\}", needle), key=len)
    found = [prompt.messages[0].content.count(fixed) for prompt in shelf.find("long").prompts]

    # 24 documents of four kinds in turn: six hold this paragraph, once each.
    assert sorted(found) == [0] * 18 + [1] * 6
