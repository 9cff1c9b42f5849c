"""The prompt sets that travel with the program: what README.md says of them is so."""

import re
from importlib.resources import files

import pytest

from harness import shelf
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


def test_the_long_set_is_made_by_its_script():
    assert make(read_blocks()) == (files("testsets") / "long.jsonl").read_bytes()


def test_long_documents_are_long_and_the_file_is_not():
    words = [len(prompt.messages[0].content.split()) for prompt in shelf.find("long").prompts]

    assert min(words) >= 1500
    assert max(words) <= 4000
    assert len((files("testsets") / "long.jsonl").read_bytes()) < 600_000


@pytest.mark.parametrize("name", NAMES)
def test_short_and_ordinary_prompts_keep_to_the_lengths_the_readme_gives(name):
    limits = {"short": (1, 13), "chat": (9, 140)}
    low, high = limits.get(name, (1, 4000))
    for prompt in shelf.find(name).prompts:
        assert low <= sum(len(message.content.split()) for message in prompt.messages) <= high, prompt.id


@pytest.mark.parametrize("needle", [kind.needle for kind in read_blocks().kinds])
def test_the_answer_to_a_long_document_stands_in_it_once(needle):
    # The longest piece of the hidden paragraph without a field is the same in all documents of its kind.
    fixed = max(re.split(r"\{\w+\}", needle), key=len)
    found = [prompt.messages[0].content.count(fixed) for prompt in shelf.find("long").prompts]

    # 24 documents of four kinds in turn: six hold this paragraph, once each.
    assert sorted(found) == [0] * 18 + [1] * 6
