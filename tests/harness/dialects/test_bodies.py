"""The whole body that each API is sent for the same conversation."""

import json

import pytest

from harness.dialects import DIALECTS
from harness.dialects.ask import Ask
from harness.testset import Image, Message

PICTURE = Image("image/png", "iVBORw0KGgo=", "sha256:0")
DATA_URL = "data:image/png;base64,iVBORw0KGgo="
TURNS = (
    Message("system", "Be brief."),
    Message("user", ("What is this?", PICTURE)),
    Message("assistant", "A dot."),
    Message("user", "Sure?"),
)
BODIES = {
    "completions": {
        "model": "m",
        "prompt": "Be brief.\n\nWhat is this?\n\nA dot.\n\nSure?",
        "max_tokens": 64,
        "stream": True,
        "stream_options": {"include_usage": True},
    },
    "responses": {
        "model": "m",
        "input": [
            {"role": "system", "content": "Be brief."},
            {
                "role": "user",
                "content": [
                    {"type": "input_text", "text": "What is this?"},
                    {"type": "input_image", "image_url": DATA_URL},
                ],
            },
            {"role": "assistant", "content": "A dot."},
            {"role": "user", "content": "Sure?"},
        ],
        "max_output_tokens": 64,
        "stream": True,
        "store": False,
    },
    "messages": {
        "model": "m",
        "max_tokens": 64,
        "messages": [
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "What is this?"},
                    {
                        "type": "image",
                        "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="},
                    },
                ],
            },
            {"role": "assistant", "content": "A dot."},
            {"role": "user", "content": "Sure?"},
        ],
        "stream": True,
        "system": "Be brief.",
    },
    "gemini": {
        "contents": [
            {
                "role": "user",
                "parts": [
                    {"text": "What is this?"},
                    {"inlineData": {"mimeType": "image/png", "data": "iVBORw0KGgo="}},
                ],
            },
            {"role": "model", "parts": [{"text": "A dot."}]},
            {"role": "user", "parts": [{"text": "Sure?"}]},
        ],
        "generationConfig": {"maxOutputTokens": 64},
        "systemInstruction": {"parts": [{"text": "Be brief."}]},
    },
    "ollama": {
        "model": "m",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "What is this?", "images": ["iVBORw0KGgo="]},
            {"role": "assistant", "content": "A dot."},
            {"role": "user", "content": "Sure?"},
        ],
        "options": {"num_predict": 64},
        "stream": True,
    },
    "tgi": {
        "inputs": f"Be brief.\n\nWhat is this?![]({DATA_URL})\n\nA dot.\n\nSure?",
        "parameters": {"max_new_tokens": 64, "details": True},
    },
}


def body_of(dialect: str, messages=TURNS, *, stream: bool = True) -> dict:
    url = DIALECTS[dialect].endpoint("http://h")
    asked = Ask(id="1", url=url, model="m", messages=messages, max_tokens=64, stream=stream)
    return json.loads(DIALECTS[dialect].encode(asked).body)


@pytest.mark.parametrize("dialect", BODIES)
def test_what_is_sent(dialect):
    assert body_of(dialect) == BODIES[dialect]


def test_a_whole_answer_is_asked_for():
    assert {name: body_of(name, stream=False).get("stream") for name in DIALECTS} == {
        "chat": False,
        "completions": False,
        "responses": False,
        "messages": False,
        # By another path.
        "gemini": None,
        "ollama": False,
        "tgi": None,
    }
    assert "stream_options" not in body_of("completions", stream=False)


@pytest.mark.parametrize(("dialect", "key"), [("messages", "system"), ("gemini", "systemInstruction")])
def test_without_a_system_message_there_is_no_word_of_it(dialect, key):
    assert key not in body_of(dialect, (Message("user", "x"),))


def test_several_system_messages_are_one():
    turns = (Message("system", "Be brief."), Message("user", "x"), Message("developer", "In Norwegian."))
    assert body_of("messages", turns)["system"] == "Be brief.\n\nIn Norwegian."
    assert body_of("gemini", turns)["systemInstruction"] == {"parts": [{"text": "Be brief.\n\nIn Norwegian."}]}


def test_what_the_model_said_is_output_also_when_it_comes_in_parts():
    content = body_of("responses", (Message("user", "x"), Message("assistant", ("A", "B"))))["input"][1]["content"]
    assert content == [{"type": "output_text", "text": "A"}, {"type": "output_text", "text": "B"}]
