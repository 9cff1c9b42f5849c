import json

from harness.dialects.ask import Ask
from harness.dialects.chat import Chat
from harness.testset import Image, Message

IMAGE = Image("image/jpeg", "/9j/4AAQ", "sha256:00")


def said(content):
    ask = Ask(
        id="r1", url="http://h/v1/chat/completions", model="m", messages=(Message("user", content),), max_tokens=8
    )
    return json.loads(Chat().encode(ask).body)["messages"]


def test_words_alone_stay_a_string():
    assert said("Look.") == [{"role": "user", "content": "Look."}]


def test_images_are_parts_in_the_order_of_the_message():
    assert said(("Before", IMAGE, "after")) == [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "Before"},
                {"type": "image_url", "image_url": {"url": "data:image/jpeg;base64,/9j/4AAQ"}},
                {"type": "text", "text": "after"},
            ],
        }
    ]
