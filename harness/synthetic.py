"""Prompts made to measure: text without a meaning, so long as was asked for, and as much of it shared. Pure."""

import random
from collections.abc import Sequence
from typing import Literal

import msgspec

from harness.lengths import Drawable, draw
from harness.record import Wanted
from harness.ruler import Ruler
from harness.salt import SPECIMEN
from harness.testset import Message, Prompt, Testset, digest
from harness.vocabulary import name_of, prose, shuffled

NAME = "synthetic"
_SOURCE = "a list of words"
_SPARE_WORDS = 8
"""For the blanks and full stops where the parts of a prompt meet."""


class Recipe(msgspec.Struct, frozen=True, kw_only=True):
    """All that decides the prompts, but for how their length is measured."""

    input: Drawable
    output: Drawable | None = None
    """In tokens; None leaves it to the run's bound."""
    unit: Literal["tokens", "characters"]
    """Of the input."""
    prompts: int
    prefix_share: float = 0.0
    """0..1, of each prompt's length."""
    prefix_pool: int = 1
    salted: bool = False
    """A salt will stand before each prompt, and is part of its length."""
    seed: int = 0


def make(recipe: Recipe, ruler: Ruler) -> Testset:
    """The prompts. Costs about 0.3 ms for one of a thousand words, and what the ruler takes."""
    wanted = [draw(recipe.input, recipe.seed, "input", number) for number in range(recipe.prompts)]
    before = f"{SPECIMEN} " if recipe.salted else ""
    heads = _heads(recipe, ruler, wanted)
    wholes = [before + text for text in _wholes(recipe, ruler, wanted, heads)]
    fitting = ruler.fit(wholes, wanted, len(before) + 1)
    texts = [text.removeprefix(before) for text in fitting.texts]
    prompts = [_prompt(recipe, number, text, wanted[number]) for number, text in enumerate(texts)]
    sent = [[prompt.messages[0].text, prompt.max_tokens] for prompt in prompts]
    return Testset(NAME, _SOURCE, _digest(sent), tuple(prompts), missed=fitting.missed)


def answered(testset: Testset, output: Drawable, seed: int) -> Testset:
    """A set of somebody's with lengths for its answers; what is asked for being another, so is its digest."""
    prompts = tuple(_answered(prompt, draw(output, seed, "output", prompt.index)) for prompt in testset.prompts)
    sent = [testset.digest, *(prompt.max_tokens for prompt in prompts)]
    return msgspec.structs.replace(testset, prompts=prompts, digest=_digest(sent))


def _heads(recipe: Recipe, ruler: Ruler, wanted: Sequence[int]) -> list[str]:
    """What each prompt begins with, as others of its pool do: of each prefix as much as is its share."""
    heads = [""] * len(wanted)
    lengths = [round(recipe.prefix_share * length) for length in wanted]
    for number in range(recipe.prefix_pool if any(lengths) else 0):
        own = range(number, len(wanted), recipe.prefix_pool)
        count = ruler.words(max((lengths[place] for place in own), default=0)) + _SPARE_WORDS
        text = _text(recipe.seed, "prefix", number, count)
        for place, head in zip(own, ruler.heads(text, [lengths[place] for place in own]), strict=True):
            heads[place] = head
    return heads


def _wholes(recipe: Recipe, ruler: Ruler, wanted: Sequence[int], heads: Sequence[str]) -> list[str]:
    """Heads and, behind them, more text than is wanted."""
    wholes = []
    for number, (length, head) in enumerate(zip(wanted, heads, strict=True)):
        count = ruler.words(length - round(recipe.prefix_share * length)) + _SPARE_WORDS
        joint = " " if head and not head.endswith(" ") else ""
        wholes.append(head + joint + _text(recipe.seed, "prompt", number, count))
    return wholes


def _text(seed: int, what: str, number: int, count: int) -> str:
    chance = random.Random(f"{seed}/{what}/{number}")  # noqa: S311 - fairness is wanted here, not secrecy
    return prose(name_of(number, shuffled(seed)), count, chance)


def _prompt(recipe: Recipe, number: int, text: str, length: int) -> Prompt:
    prompt = Prompt(
        index=number, messages=(Message("user", text),), wanted=Wanted(prompt=length, output=None, unit=recipe.unit)
    )
    if recipe.output is None:
        return prompt
    return _answered(prompt, draw(recipe.output, recipe.seed, "output", number))


def _answered(prompt: Prompt, length: int) -> Prompt:
    wanted = msgspec.structs.replace(prompt.wanted or Wanted(), output=length)
    return msgspec.structs.replace(prompt, wanted=wanted, max_tokens=length)


def _digest(sent: Sequence[object]) -> str:
    return digest(msgspec.json.encode(sent))
