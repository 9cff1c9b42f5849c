"""Synthetic prompts and bounded answers as options ask for them, with the files that they name."""

import json

import pytest
from support.words import word_tokenizer

from harness import shelf
from harness.lengths import lengths
from harness.options import Options
from harness.run import LengthProbe, Yardstick
from harness.testset import TestsetError as Mistakes
from harness.tokenizer import Tokenizer

USAGE = Yardstick(
    source="usage", chars_per_token=5.0, overhead_tokens=2.0, probes=[LengthProbe(10, 4), LengthProbe(20, 6)]
)


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def options(**changes):
    spelled = {
        key: lengths(value) if isinstance(value, str) and key != "tokenizer" else value
        for key, value in changes.items()
    }
    return Options(host="http://h", synthetic_prompts=20, **spelled)


def texts(testset):
    return [prompt.messages[0].text for prompt in testset.prompts]


def mistakes(**changes):
    with pytest.raises(Mistakes) as caught:
        shelf.take(options(**changes))
    return caught.value.mistakes


def test_characters():
    made = shelf.take(options(input_chars="77", output_tokens="5"))
    assert {len(text) for text in texts(made)} == {77}
    assert {prompt.max_tokens for prompt in made.prompts} == {5}
    assert (made.name, len(made.prompts)) == ("synthetic", 20)


def test_tokens_of_a_tokenizer(here):
    path = word_tokenizer(here / "t.json")
    made = shelf.take(options(input_tokens="uniform:20,30", tokenizer="t.json"))
    assert Tokenizer(path).counts(texts(made)) == [prompt.wanted.prompt for prompt in made.prompts]


def test_a_tokenizer_has_no_say_in_characters(here):
    word_tokenizer(here / "t.json")
    assert shelf.take(options(input_chars="50", tokenizer="t.json")) == shelf.take(options(input_chars="50"))


def test_tokens_by_the_servers_own_count():
    # (30 - 2) * 5 characters, and four characters a token as long as the server was not asked.
    assert {len(text) for text in texts(shelf.take(options(input_tokens="30"), USAGE))} == {140}
    assert {len(text) for text in texts(shelf.take(options(input_tokens="30")))} == {120}


@pytest.mark.parametrize(
    ("name", "data"), [("h.csv", "length,weight\n40,1\n60,1\n"), ("h.json", json.dumps({"40": 1, "60": 1}))]
)
def test_a_histogram_file(here, name, data):
    (here / name).write_text(data)
    made = shelf.take(options(input_chars=f"histogram:{name}"))
    assert {len(text) for text in texts(made)} == {40, 60}


def test_images_go_with_synthetic_prompts():
    made = shelf.take(options(input_chars="50", image_size=(4, 4), image_pool=2))
    assert made.has_images


def test_a_sets_own_answers_are_bounded():
    plain, bounded = shelf.take(options()), shelf.take(options(output_tokens="7"))
    assert {prompt.max_tokens for prompt in bounded.prompts} == {7}
    assert texts(bounded) == texts(plain)
    assert bounded.digest != plain.digest


def test_every_mistake_in_the_files_at_once(here):
    (here / "bad.csv").write_text("10,1\nten,1\n")
    assert mistakes(input_tokens="histogram:none.csv", output_tokens="histogram:bad.csv") == [
        "--input-tokens: none.csv cannot be read (No such file or directory).",
        "--output-tokens: bad.csv: line 2 is not two numbers, a length of one or more and its weight.",
    ]
    (here / "latin.csv").write_bytes(b"\xe9")
    assert mistakes(input_chars="histogram:latin.csv") == ["--input-chars: latin.csv is not UTF-8 text."]


def test_a_tokenizer_that_is_not_there():
    (only,) = mistakes(input_tokens="30", tokenizer="none.json")
    assert only.startswith("--tokenizer 'none.json' cannot be read")


@pytest.mark.parametrize("changes", [{}, {"output_tokens": "histogram:none.csv"}])
def test_a_set_without_lengths_asks_for_no_file(changes):
    if changes:
        assert mistakes(**changes) == ["--output-tokens: none.csv cannot be read (No such file or directory)."]
    else:
        assert shelf.take(options()).prompts[0].wanted is None
