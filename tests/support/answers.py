"""An answer to be scored, of which a test says what matters."""

from harness.quality.answer import Answer
from harness.run import PromptText


def answer(text, expected=None, *, finish="stop", asked="Why?", logprobs=None, **metadata):
    return Answer(
        id="a",
        point=1,
        target="default",
        model="m",
        text=text,
        finish=finish,
        asked=asked,
        expected=expected,
        prompt=PromptText("set/0", asked, [], expected, metadata),
        logprobs=logprobs,
    )
