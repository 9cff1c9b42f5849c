"""Prompts and answers of the lengths that a run's options ask for."""

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from harness.lengths import Drawable, Histogram, Lengths, weighted
from harness.options import Options
from harness.ruler import Characters, Ruler, Tokens
from harness.run import Yardstick
from harness.synthetic import Recipe, answered, make
from harness.testset import Testset, TestsetError
from harness.tokenizer import Tokenizer, TokenizerError

_NOMINAL = Characters(per_token=4.0)
"""Stands in for the server's own counting until it was asked: all but the length of the prompts can be checked then."""


def make_prompts(options: Options, yardstick: Yardstick | None) -> Testset:
    """A set of synthetic prompts. `yardstick`: the run's, once it has one. Raises TestsetError."""
    mistakes: list[str] = []
    asked = options.input_tokens or options.input_chars
    assert asked is not None, "options of a run with synthetic prompts have either"
    drawn = _collect(lambda: _opened(asked, "--input-tokens" if options.input_tokens else "--input-chars"), mistakes)
    output = _collect(lambda: _opened(options.output_tokens, "--output-tokens"), mistakes)
    if mistakes or drawn is None:
        raise TestsetError(mistakes)
    recipe = Recipe(
        input=drawn,
        output=output,
        unit="characters" if options.input_tokens is None else "tokens",
        prompts=options.synthetic_prompts,
        prefix_share=options.prefix_share,
        prefix_pool=options.prefix_pool,
        salted=options.salt,
        seed=options.seed,
    )
    tokenizer = options.tokenizer if options.input_tokens is not None else None
    return _made(recipe, _characters(options, yardstick), tokenizer)


def bound_answers(testset: Testset, options: Options) -> Testset:
    """The set with the lengths of --output-tokens, where there are some. Raises TestsetError."""
    output = _opened(options.output_tokens, "--output-tokens")
    return testset if output is None else answered(testset, output, options.seed)


# A process takes its set two or three times, to check it and to use it, and a tokenizer is slow.
@lru_cache(maxsize=1)
def _made(recipe: Recipe, characters: Characters, tokenizer: str | None) -> Testset:
    ruler: Ruler = characters
    if tokenizer is not None:
        try:
            ruler = Tokens(Tokenizer(Path(tokenizer)))
        except TokenizerError as error:
            raise TestsetError([f"--tokenizer {error}"]) from error
    return make(recipe, ruler)


def _characters(options: Options, yardstick: Yardstick | None) -> Characters:
    if options.input_tokens is None:
        return Characters()
    if yardstick is None or yardstick.chars_per_token is None or yardstick.overhead_tokens is None:
        return _NOMINAL
    return Characters(yardstick.chars_per_token, yardstick.overhead_tokens)


def _opened(asked: Lengths | None, option: str) -> Drawable | None:
    if not isinstance(asked, Histogram):
        return asked
    try:
        return weighted(Path(asked.file).read_bytes())
    except OSError as error:
        raise TestsetError([f"{option}: {asked.file} cannot be read ({error.strerror})."]) from None
    except UnicodeDecodeError:
        raise TestsetError([f"{option}: {asked.file} is not UTF-8 text."]) from None
    except ValueError as error:
        raise TestsetError([f"{option}: {asked.file}: {error}."]) from None


def _collect(look: Callable[[], Drawable | None], mistakes: list[str]) -> Drawable | None:
    try:
        return look()
    except TestsetError as error:
        mistakes += error.mistakes
        return None
