import json

import msgspec
import pytest

from harness.dialects import DIALECTS, dialect_of
from harness.dialects.ask import Ask
from harness.dialects.piece import Text
from harness.dialects.yields import Question, prompt_text
from harness.sse import Event
from harness.testset import Message

YIELDS = dialect_of("query_model")


def test_it_cannot_be_chosen_by_name():
    assert "query_model" not in DIALECTS


def test_one_question_is_its_text():
    assert prompt_text((Message("user", "Why – 好?"),)) == "Why – 好?"


@pytest.mark.parametrize(
    "turns",
    [
        [("system", "Be brief."), ("user", "Why?")],
        [("user", "A?"), ("assistant", "B."), ("user", "C?")],
        [("system", "Only this.")],
    ],
)
def test_any_other_conversation_is_a_list_of_messages(turns):
    text = prompt_text(tuple(Message(role, said) for role, said in turns))
    assert json.loads(text) == [{"role": role, "content": said} for role, said in turns]
    assert text.startswith('[{"role":')  # by which the template tells one


def test_a_question_goes_with_its_bound():
    ask = Ask(id="r", url="u", model="m", messages=(Message("user", "Why?"),), max_tokens=9)
    assert msgspec.json.decode(YIELDS.encode(ask).body, type=Question) == Question("Why?", 9)


def test_an_event_is_text():
    assert YIELDS.decode(Event("message", "so")) == [Text("so")]


def test_where_it_asks_is_told_by_its_file():
    assert YIELDS.endpoint("model_query.py") == "query_model() in model_query.py"
    assert YIELDS.models("model_query.py") is None
