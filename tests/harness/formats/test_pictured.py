"""Images in the messages of a file, and those that a file names beside them."""

import base64
import json

import pytest
from support.sets import DOT, look, mistakes, read

from harness.pictures import image_of

URL = "data:image/png;base64," + base64.b64encode(DOT).decode()


def said(*parts):
    return json.dumps({"messages": [{"role": "user", "content": list(parts)}]})


def text(words):
    return {"type": "text", "text": words}


def shown(url):
    return {"type": "image_url", "image_url": {"url": url}}


def test_images_stand_behind_what_the_user_says_last():
    talk = [("user", "One"), ("assistant", "Two"), ("user", "Three"), ("assistant", "Four")]
    messages = [{"role": role, "content": words} for role, words in talk]
    (prompt,) = read("p.jsonl", json.dumps({"messages": messages, "images": ["dot.png", URL]})).prompts

    image = image_of(DOT)
    assert [message.content for message in prompt.messages] == ["One", "Two", ("Three", image, image), "Four"]


def test_parts_keep_their_order():
    (prompt,) = read("p.jsonl", said(text("Before"), shown("dot.png"), text("after"), shown(URL))).prompts

    assert prompt.messages[0].content == ("Before", image_of(DOT), "after", image_of(DOT))
    assert prompt.messages[0].text == "Before\nafter"


def test_an_image_may_be_named_without_an_object():
    assert read("p.jsonl", said({"type": "image_url", "image_url": "dot.png"})).has_images


def test_a_set_without_images_says_so():
    assert not read("p.jsonl", said(text("Only"), text("words"))).has_images


@pytest.mark.parametrize(
    ("part", "sentence"),
    [
        (shown("none.png"), "the image none.png is not there."),
        (
            shown("HTTPS://x/y.png"),
            (
                'the image "HTTPS://x/y.png" is on the web, from where the server would fetch it while it is measured; '
                "download it and name the file."
            ),
        ),
        (shown(3), "an image must be the path of a file or a data URL, not 3."),
        (shown(" "), 'an image must be the path of a file or a data URL, not " ".'),
        (
            {"type": "image_url", "image_url": {"url": URL, "detail": "low"}},
            'the image_url of messages[0] must have "url" and nothing else.',
        ),
        ({"type": "video"}, 'a part of messages[0] has the type "video" and must be "text" or "image_url".'),
        ({"type": ["text"]}, 'a part of messages[0] has the type ["text"] and must be "text" or "image_url".'),
        ({"type": "text"}, "a part of messages[0] must have text and type and nothing else."),
        (text(" "), "a text part of messages[0] is empty."),
        (
            shown("data:image/png,abc"),
            'the image "data:image/png,abc" is no data URL such as data:image/png;base64,....',
        ),
        (
            shown("data:image/png;base64,@"),
            'the image "data:image/png;base64,@" is a data URL whose base64 cannot be read.',
        ),
    ],
)
def test_what_is_wrong_with_a_part_is_told_with_its_line(part, sentence):
    assert mistakes("p.jsonl", said(text("Look"), part)) == [f"p.jsonl:1: {sentence}"]


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"prompt": "a", "images": 3}, '"images" must be a list of paths of files or data URLs.'),
        ({"prompt": "a", "images": [None]}, "an image must be the path of a file or a data URL, not null."),
        (
            {"messages": [{"role": "system", "content": "a"}], "images": ["dot.png"]},
            "has images and no message of the user that could show them.",
        ),
    ],
)
def test_what_is_wrong_with_images_is_told_with_its_line(fields, sentence):
    assert mistakes("p.jsonl", json.dumps(fields)) == [f"p.jsonl:1: {sentence}"]


def test_the_folder_of_these_tests_holds_one_image():
    assert look("dot.png").media_type == "image/png"
