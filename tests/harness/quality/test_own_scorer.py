"""Scorers of the user's own: loaded, asked, and each mistake told in a sentence that belongs to one answer or to the file."""

import sys
from pathlib import Path

import pytest
from support.gaps import gap

from harness.init import write as init
from harness.options import UsageMistakes, resolve
from harness.quality import own
from harness.quality.answer import Answer, Asker, Found
from harness.run import PromptText
from harness.score import Meaning

LENGTH = "def score(answer):\n    return len(answer.text)\n"


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if name.startswith("_own_"):
            del sys.modules[name]


def scorer(text, file="mine.py"):
    Path(file).write_text(text, encoding="utf-8")
    return own.load(file)


def refusal(text, file="mine.py"):
    with pytest.raises(UsageMistakes) as caught:
        scorer(text, file)
    (sentence,) = caught.value.mistakes
    return sentence


def answer(text, expected=None):
    prompt = PromptText("set/0", "Why?")
    return Answer(
        id="a",
        point=1,
        target="default",
        model="m",
        text=text,
        finish="stop",
        asked="Why?",
        expected=expected,
        prompt=prompt,
    )


def test_a_function_is_all_it_takes():
    made = scorer(LENGTH)
    assert made.meaning == Meaning("mine", "mine", "mean", "neither", "mine")
    assert (made.version, made.asks, made.settings["file"]) == (1, False, "mine.py")
    assert gap(made, [answer("four")]) is None
    assert made.applies(answer("four"))
    assert made.score(answer("four")) == Found(4.0)


def test_what_the_file_says_of_itself():
    words = '"""Politeness: 1 with a please.\n\nMore of it."""\nlabel = "Polite"\nkind = "ratio"\nbetter = "higher"\n'
    words += "checks = True\nversion = 3\nasks = True\ndef score(answer):\n    return 'please' in answer.text\n"
    made = scorer(words, "polite-1.py")
    assert made.meaning == Meaning("polite-1", "Polite", "ratio", "higher", "Politeness: 1 with a please.", checks=True)
    assert (made.version, made.asks) == (3, True)
    assert isinstance(made, Asker)
    assert made.score_again(answer("Yes please")) == Found(1.0)
    assert made.score(answer("Yes please")) == Found(1.0)
    assert made.score(answer("Now")) == Found(0.0)


def test_the_definition_may_stand_apart():
    assert scorer('"""A file."""\ndefinition = "letters"\n' + LENGTH).meaning.definition == "letters"


def test_another_text_of_the_file_is_another_scorer():
    before = scorer(LENGTH, "one.py").settings
    after = scorer(LENGTH + "# changed\n", "two.py").settings
    assert before["digest"] != after["digest"]
    assert scorer(LENGTH, "three.py").settings["digest"] == before["digest"]


@pytest.mark.parametrize(
    ("gives", "found"),
    [
        ("None", Found(None, why="The scorer gave none.")),
        ("'4'", Found(None, why="The scorer gave a str, and not a number or None.")),
        ("float('nan')", Found(None, why="The scorer gave nan, which is no finite number.")),
        ("-float('inf')", Found(None, why="The scorer gave -inf, which is no finite number.")),
        ("True", Found(1.0)),
        ("__import__('decimal').Decimal('0.5')", Found(0.5)),
        ("__import__('numpy').float32(0.25)", Found(0.25)),
        ("1 / 0", Found(None, why="The scorer raised ZeroDivisionError on line 2: division by zero.")),
        ("exit(3)", Found(None, why="The scorer raised SystemExit on line 2: 3.")),
        ("answer.metadata", None),
    ],
)
def test_what_it_gives(gives, found):
    made = scorer(f"def score(answer):\n    return {gives}\n").score(answer("text"))
    if found is None:
        assert made.value is None
        assert made.why == "The scorer raised AttributeError on line 2: 'Answer' object has no attribute 'metadata'."
    else:
        assert made == found


def test_a_ratio_is_of_zeros_and_ones():
    made = scorer('kind = "ratio"\ndef score(answer):\n    return 0.5\n')
    assert made.score(answer("x")) == Found(None, why='The scorer gave 0.5, and its kind is "ratio": 0 or 1.')


def test_it_may_say_more_than_a_number():
    text = "from harness.quality.answer import Found\ndef score(answer):\n"
    made = scorer(
        text + "    return Found(2, label='two', detail={'of': 3}) if answer.text else Found(None, why='no')\n"
    )
    assert made.score(answer("x")) == Found(2.0, label="two", detail={"of": 3})
    assert made.score(answer("")) == Found(None, why="no")
    assert isinstance(made.score(answer("x")).value, float)


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ("1, label=5", "Expected `str | null`, got `int` - at `$.label`"),
        ("1, detail=None", "Expected `object`, got `null` - at `$.detail`"),
        ("1, detail={'it': object()}", "Encoding objects of type object is unsupported"),
        ("1, label='\\ud800'", "'utf-8' codec can't encode character '\\ud800' in position 0: surrogates not allowed"),
    ],
)
def test_a_found_that_is_no_line_of_json_is_the_fault_of_one_answer(fields, why):
    made = scorer(f"from harness.quality.answer import Found\ndef score(answer):\n    return Found({fields})\n")
    found = made.score(answer("x"))
    assert (found.value, found.why) == (None, f"The scorer gave a Found that cannot be written down: {why}.")


def test_a_found_without_a_value_has_a_reason():
    made = scorer("from harness.quality.answer import Found\ndef score(answer):\n    return Found(None)\n")
    assert made.score(answer("x")) == Found(None, why="The scorer gave none.")


def test_a_score_in_more_words_is_looked_at_as_well():
    made = scorer("from harness.quality.answer import Found\ndef score(answer):\n    return Found(float('nan'))\n")
    assert made.score(answer("x")) == Found(None, why="The scorer gave nan, which is no finite number.")


def test_it_may_leave_answers_out():
    made = scorer("def applies(answer):\n    return answer.expected is not None\n" + LENGTH)
    assert [made.applies(answer("x")), made.applies(answer("x", "y"))] == [False, True]


def test_where_it_cannot_tell_the_score_says_so():
    made = scorer("def applies(answer):\n    return answer.style\n" + LENGTH)
    assert made.applies(answer("x"))
    assert made.score(answer("x")).why == (
        "The scorer raised AttributeError on line 2: 'Answer' object has no attribute 'style'."
    )


def test_keys_of_the_environment_are_in_no_sentence(monkeypatch):
    monkeypatch.setenv("MY_API_KEY", "canary-7f3a")
    made = scorer("import os\ndef score(answer):\n    raise ValueError(os.environ['MY_API_KEY'])\n")
    assert "canary-7f3a" not in made.score(answer("x")).why


@pytest.mark.parametrize(
    ("text", "flaw"),
    [
        ("", "it has no function score(answer)"),
        ("score = 3\n", "it has no function score(answer)"),
        ("def score():\n    return 1\n", "its score() has to be a plain function of one argument, answer"),
        ("async def score(answer):\n    return 1\n", "its score() has to be a plain function of one argument, answer"),
        ("def score(answer):\n    yield 1\n", "its score() has to be a plain function of one argument, answer"),
        (LENGTH + "applies = True\n", "its applies is no function of an answer"),
        (LENGTH + "def applies():\n    return 1\n", "its applies() has to be a plain function of one argument, answer"),
        (LENGTH + "kind = 'share'\n", "its kind 'share' is none of ratio, mean"),
        (LENGTH + "better = 'more'\n", "its better 'more' is none of higher, lower, neither"),
        (LENGTH + "label = 3\n", "its label is of type int, and has to be str"),
        (LENGTH + "version = True\n", "its version is of type bool, and has to be int"),
        (LENGTH + "checks = True\n", 'it says checks = True, and so has to say kind = "ratio"'),
    ],
)
def test_a_file_that_is_no_scorer(text, flaw):
    assert refusal(text) == f"--scorers 'mine.py' is no scorer: {flaw}; see `llocust init scorer`."


def test_all_mistakes_are_told_at_once():
    sentence = refusal("kind = 'share'\nlabel = 3\n")
    assert "score(answer); its kind 'share'" in sentence
    assert "; its label is of type int" in sentence


@pytest.mark.parametrize("file", ["accuracy.py", "toxicity-judge.py"])
def test_a_shipped_name_is_taken(file):
    assert f"{file[:-3]} is the name of a shipped scorer: call the file otherwise" in refusal(LENGTH, file)


@pytest.mark.parametrize("file", ["My.py", "1st.py", "a b.py", "é.py"])
def test_a_name_that_no_column_could_have(file):
    assert "its file name has to be of small letters, digits, - and _" in refusal(LENGTH, file)


def test_a_file_that_is_not_there_or_cannot_be_imported():
    with pytest.raises(UsageMistakes, match=r"^--scorers 'none\.py': there is no file of that name"):
        own.load("none.py")
    assert refusal("import nowhere\n").startswith(
        "--scorers 'mine.py': importing it raised ModuleNotFoundError on line 1"
    )


def options(*scorers):
    return resolve({"host": "http://h", "quality": list(scorers)})


def test_files_are_looked_at_before_a_run():
    Path("mine.py").write_text(LENGTH, encoding="utf-8")
    own.check(options("accuracy", "mine.py"))
    own.check(options())
    with pytest.raises(UsageMistakes) as caught:
        own.check(options("none.py", "mine.py", "other.py"))
    assert [mistake.partition(":")[0] for mistake in caught.value.mistakes] == [
        "--scorers 'none.py'",
        "--scorers 'other.py'",
    ]


def test_two_files_of_one_name_would_be_mixed_up():
    for place in ("mine.py", "there/mine.py"):
        Path(place).parent.mkdir(exist_ok=True)
        Path(place).write_text(LENGTH, encoding="utf-8")
    with pytest.raises(UsageMistakes) as caught:
        own.check(options("mine.py", "there/mine.py"))
    assert caught.value.mistakes == [
        "--scorers 'there/mine.py': its scores would be called as those of 'mine.py': rename one."
    ]


def test_the_file_to_begin_with_is_a_scorer():
    written = init(["scorer"])
    assert written.command == "llocust quality output/latest --scorers ./my_scorer.py"
    made = own.load("./my_scorer.py")
    assert made.meaning.name == "my_scorer"
    assert made.meaning.label == "Different words"
    assert made.meaning.better == "higher"
    # "a a b c": three different words of four.
    assert made.score(answer("A a b c")) == Found(0.75)
    assert made.score(answer(" ")) == Found(None, why="The scorer gave none.")
