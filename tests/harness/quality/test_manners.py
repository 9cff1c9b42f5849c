import pytest
from support.answers import answer
from support.gaps import gap

from harness.quality import manners
from harness.quality.answer import Found
from harness.score import BY_NAME

ENGLISH = "What is the capital of the country?"
CHINESE = "这个国家的首都是哪里？"


def test_each_is_of_its_meaning():
    made = {"refusal": manners.refusal(), "empty": manners.empty(), "truncated": manners.truncated()}
    made["language"] = manners.language()
    for name, scorer in made.items():
        assert scorer.meaning is BY_NAME[name]
        assert scorer.version == 1
        assert not scorer.asks


@pytest.mark.parametrize(
    ("text", "finish", "found"),
    [
        ("I cannot help with that.", "stop", Found(1.0, "i cannot help")),
        ("It is Paris.", "stop", Found(0.0)),
        ("", "stop", Found(0.0)),
        ("It is", "content_filter", Found(1.0, "content_filter")),
        ("It is", None, Found(0.0)),
    ],
)
def test_refusals(text, finish, found):
    scorer = manners.refusal()
    one = answer(text, finish=finish)
    assert gap(scorer, [one]) is None
    assert scorer.applies(one)
    assert scorer.score(one) == found


@pytest.mark.parametrize(
    ("text", "value"), [("", 1.0), (" \n\t\u200b\u3000", 1.0), (".", 0.0), ("Paris", 0.0), ("\u200bB", 0.0)]
)
def test_empty_answers(text, value):
    assert manners.empty().score(answer(text)) == Found(value)


def test_a_tool_call_is_not_empty():
    scorer = manners.empty()
    assert scorer.applies(answer("", finish=None))
    for finish in ("tool_calls", "tool_use", "function_call"):
        assert not scorer.applies(answer("", finish=finish))
        assert gap(scorer, [answer("", finish=finish)]) == "All answers of the run are tool calls, which are not read."
    assert gap(scorer, [answer("", finish="tool_use"), answer("")]) is None


@pytest.mark.parametrize(
    ("finish", "value"),
    [
        ("length", 1.0),
        ("max_tokens", 1.0),
        ("MAX_TOKENS", 1.0),
        ("max_output_tokens", 1.0),
        ("stop", 0.0),
        ("end_turn", 0.0),
        ("STOP", 0.0),
        ("eos_token", 0.0),
        ("completed", 0.0),
    ],
)
def test_truncated_answers(finish, value):
    assert manners.truncated().score(answer("Paris", finish=finish)) == Found(value, finish)


def test_without_a_finish_reason_nobody_knows():
    scorer = manners.truncated()
    assert not scorer.applies(answer("Paris", finish=None))
    assert scorer.score(answer("Paris", finish=None)) == Found(None, why="It came without a finish reason.")
    assert gap(scorer, [answer("Paris", finish=None)]) == (
        "No answer of the run came with a finish reason, so nobody says which were cut at the bound of their length."
    )
    assert gap(scorer, [answer("Paris", finish=None), answer("Paris")]) is None


@pytest.mark.parametrize(
    ("text", "asked", "metadata", "found"),
    [
        ("The capital of it is Paris.", ENGLISH, {}, Found(1.0, "en", detail={"asked": "en"})),
        ("首都是巴黎。", CHINESE, {}, Found(1.0, "zh", detail={"asked": "zh"})),
        ("The capital of it is Paris.", CHINESE, {}, Found(0.0, "en", detail={"asked": "zh"})),
        ("首都是巴黎。", ENGLISH, {}, Found(0.0, "zh", detail={"asked": "en"})),
        # The prompt says what it wants: a translation
        ("首都是巴黎。", ENGLISH, {"language": "zh-CN"}, Found(1.0, "zh", detail={"asked": "zh"})),
        # A set of code says so as well, of something else
        ("The capital of it is Paris.", ENGLISH, {"language": "python"}, Found(1.0, "en", detail={"asked": "en"})),
        ("The capital of it is Paris.", ENGLISH, {"language": None}, Found(1.0, "en", detail={"asked": "en"})),
    ],
)
def test_the_language_is_kept(text, asked, metadata, found):
    scorer = manners.language()
    one = answer(text, asked=asked, **metadata)
    assert scorer.applies(one)
    assert gap(scorer, [one]) is None
    assert scorer.score(one) == found


@pytest.mark.parametrize(("text", "asked"), [("42", ENGLISH), ("The capital of it is Paris.", "42"), ("B", CHINESE)])
def test_too_few_words_to_tell_a_language(text, asked):
    scorer = manners.language()
    one = answer(text, asked=asked)
    assert not scorer.applies(one)
    assert gap(scorer, [one]) == "No answer of the run has words enough to tell its language and that of its prompt."
    assert scorer.score(one) == Found(None, why="There are too few words to tell the language.")
