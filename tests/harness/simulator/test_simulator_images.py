import base64
import hashlib
import json

import pytest

from harness.png import noise
from harness.simulator.images import digests

ONE, TWO = noise(5, 5, "one"), b"RIFF" + bytes(4) + b"WEBP, or what begins like one"
TEXTS = [base64.b64encode(data).decode() for data in (ONE, TWO)]
EXPECTED = ["sha256:" + hashlib.sha256(data).hexdigest() for data in (ONE, TWO)]


@pytest.mark.parametrize(
    "body",
    [
        {"messages": [{"content": [{"image_url": {"url": f"data:image/png;base64,{text}"}} for text in TEXTS]}]},
        {"messages": [{"content": [{"source": {"type": "base64", "data": text}} for text in TEXTS]}]},
        {"contents": [{"parts": [{"inlineData": {"data": text}} for text in TEXTS]}]},
        {"messages": [{"images": TEXTS}]},
        {"inputs": "Look: " + "".join(f"![](data:image/png;base64,{text})" for text in TEXTS)},
    ],
    ids=["chat", "messages", "gemini", "ollama", "tgi"],
)
def test_images_are_found_in_every_api(body):
    assert digests(json.dumps(body).encode()) == EXPECTED


def test_words_are_no_images():
    assert digests(b'{"messages": [{"content": "iVBORw0KGgo is how a PNG begins"}]}') == []
