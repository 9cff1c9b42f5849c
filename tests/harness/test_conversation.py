"""A dialogue of a set as turns, and what is sent at each of them."""

import json

import pytest
from support.folders import record
from support.sets import read

from harness.conversation import ALONE, Conversation, Place, Turn, following, split
from harness.pictures import image_of
from harness.png import noise
from harness.testset import Message, Prompt

S, U1, A1, U2, A2, U3 = (
    Message(role, text)
    for role, text in (
        ("system", "Be brief."),
        ("user", "One?"),
        ("assistant", "1."),
        ("user", "Two?"),
        ("assistant", "2."),
        ("user", "Three?"),
    )
)
TOOL, D = Message("tool", "{}"), Message("developer", "Now in French.")
SAID = Message("assistant", "Uno.")


@pytest.mark.parametrize(
    ("messages", "turns"),
    [
        ([U1], [Turn((U1,))]),
        ([U1, A1, U2], [Turn((U1,), (A1,)), Turn((U2,))]),
        # What the system says belongs to what the user says next.
        ([S, U1, A1, D, U2], [Turn((S, U1), (A1,)), Turn((D, U2))]),
        ([U1, D, A1, U2], [Turn((U1, D), (A1,)), Turn((U2,))]),
        # Nobody is asked for the last answer, or for more words of the system.
        ([U1, A1, U2, A2], [Turn((U1,), (A1,)), Turn((U2,), (A2,))]),
        ([U1, A1, S], [Turn((U1,), (A1,))]),
        # Said together, answered together.
        ([U1, U2, A1, U3], [Turn((U1, U2), (A1,)), Turn((U3,))]),
        ([U1, A1, TOOL, A2, U3], [Turn((U1,), (A1, TOOL, A2)), Turn((U3,))]),
        # A greeting is no answer.
        ([A1, U2, A2, U3], [Turn((A1, U2), (A2,)), Turn((U3,))]),
        # Without any user it is asked as it stands.
        ([S], [Turn((S,))]),
        ([S, A1], [Turn((S, A1))]),
    ],
)
def test_a_dialogue_is_split_where_the_assistant_is_to_answer(messages, turns):
    assert split(messages) == tuple(turns)


DIALOGUE = Prompt(index=7, messages=(S, U1, A1, U2, A2, U3), max_tokens=5, id="d-7")


def held(conversation, *answers):
    """What is asked at each turn, if it is answered so."""
    asked = [conversation.asked().messages]
    for text in answers:
        if not conversation.go_on(text):
            break
        asked.append(conversation.asked().messages)
    return asked


def test_replay_has_the_answers_of_the_set_as_its_history():
    conversation = Conversation(DIALOGUE, live=False)
    assert conversation.turns == 3
    # What the model said, or that it said nothing, makes no difference.
    assert held(conversation, "Uno.", "", "Tres.") == [(S, U1), (S, U1, A1, U2), (S, U1, A1, U2, A2, U3)]


def test_a_live_one_has_what_the_model_said():
    conversation = Conversation(DIALOGUE, live=True)
    dos = Message("assistant", "Dos.\n")
    assert held(conversation, "Uno.", "Dos.\n", "Tres.") == [(S, U1), (S, U1, SAID, U2), (S, U1, SAID, U2, dos, U3)]


def test_a_live_one_ends_where_the_model_says_nothing():
    assert len(held(Conversation(DIALOGUE, live=True), "Uno.", "", "Tres.")) == 2


def test_a_tools_result_goes_with_the_answer_that_was_replaced():
    prompt = Prompt(index=0, messages=(U1, A1, TOOL, A2, U3))
    assert held(Conversation(prompt, live=False), "x") == [(U1,), (U1, A1, TOOL, A2, U3)]
    assert held(Conversation(prompt, live=True), "Uno.") == [(U1,), (U1, SAID, U3)]


@pytest.mark.parametrize(("most", "turns"), [(None, 3), (1, 1), (2, 2), (3, 3), (9, 3)])
def test_turns_can_be_bounded(most, turns):
    conversation = Conversation(DIALOGUE, live=True, most=most)
    assert conversation.turns == turns
    assert len(held(conversation, "a", "b", "c", "d")) == turns


def test_a_turn_is_the_same_prompt_with_other_messages():
    asked = Conversation(DIALOGUE, live=True).asked()
    assert (asked.index, asked.max_tokens, asked.id, asked.messages) == (7, 5, "d-7", (S, U1))


def test_half_a_character_does_not_go_into_a_history():
    conversation = Conversation(DIALOGUE, live=True)
    assert conversation.go_on("cut \ud83d")
    assert conversation.asked().messages[2].content == "cut \ufffd"


def test_images_are_shown_at_the_turn_they_belong_to():
    shown = DIALOGUE.showing((image_of(noise(3, 2, "a dot")),))
    first, _, last = (messages[-1] for messages in held(Conversation(shown, live=False), "a", "b"))
    assert (len(first.images), len(last.images)) == (0, 1)


def test_the_next_turn_is_due_a_pause_after_the_last_byte():
    # Sent 5 s after the window began, ended 145 ms later; then 2 s are thought.
    ended = record(5_000, turn=1, turns=4, conversation="c-1")
    place = following(ended, 2_000_000)
    assert place == Place(2, 4, "c-1", 2_000_000, ended.sent_ns + 145_000_000 + 2_000_000_000)
    assert following(ended, None) == Place(2, 4, "c-1", None, None)


def test_a_request_of_its_own_is_no_turn():
    assert Place(0, None, None, None, None) == ALONE


# What formats make of a dialogue

SPOKEN = [{"role": message.role, "content": message.content} for message in DIALOGUE.messages]
TOLD = {"system": "system", "user": "human", "assistant": "gpt"}
FILES = {
    "d.jsonl": json.dumps({"messages": SPOKEN}),
    "c.jsonl": json.dumps([*SPOKEN, {"role": "assistant", "content": "3."}]),
    "s.json": json.dumps(
        [{"conversations": [{"from": TOLD[each["role"]], "value": each["content"]} for each in SPOKEN]}]
    ),
    "t.csv": 'messages\n"' + json.dumps(SPOKEN).replace('"', '""') + '"\n',
}


@pytest.mark.parametrize("name", FILES)
def test_a_whole_dialogue_comes_through_every_format(name):
    (prompt,) = read(name, FILES[name]).prompts
    assert split(prompt.messages) == (Turn((S, U1), (A1,)), Turn((U2,), (A2,)), Turn((U3,)))
