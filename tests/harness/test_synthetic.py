"""Prompts made to measure: their lengths, what they share, and what they hold."""

import random
import re
from itertools import takewhile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.words import piece_tokenizer, word_tokenizer

from harness.lengths import lengths
from harness.record import Wanted
from harness.ruler import Characters, Tokens
from harness.salt import SPECIMEN, salt_of
from harness.synthetic import Recipe, answered, make
from harness.testset import Message, Prompt, Testset
from harness.tokenizer import Tokenizer
from harness.vocabulary import WORDS, name_of, prose, shuffled


def recipe(text="uniform:50,90", **changes):
    told = {"input": lengths(text), "unit": "characters", "prompts": 40}
    return Recipe(**told | changes)


def texts(testset):
    return [prompt.messages[0].text for prompt in testset.prompts]


def shared(one, other):
    """How many characters both begin with."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


@pytest.fixture(scope="module", params=["words", "pieces"])
def tokenizer(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("tokenizers") / "tokenizer.json"
    return Tokenizer({"words": word_tokenizer, "pieces": piece_tokenizer}[request.param](path))


# Lengths


def test_characters_are_exact():
    made = make(recipe(), Characters())
    assert [len(text) for text in texts(made)] == [prompt.wanted.prompt for prompt in made.prompts]
    assert {prompt.wanted.unit for prompt in made.prompts} == {"characters"}
    assert min(map(len, texts(made))) >= 50
    assert max(map(len, texts(made))) <= 90
    assert made.missed == 0


@pytest.mark.parametrize("changes", [{}, {"prefix_share": 0.5, "prefix_pool": 3}, {"salted": True}])
def test_tokens_of_a_tokenizer_are_exact(tokenizer, changes):
    made = make(recipe(unit="tokens", **changes), Tokens(tokenizer))
    before = f"{SPECIMEN} " if changes.get("salted") else ""
    counts = tokenizer.counts([before + text for text in texts(made)])
    assert counts == [prompt.wanted.prompt for prompt in made.prompts]
    assert made.missed == 0


def test_tokens_by_a_servers_count_are_characters():
    # Four characters a token and three tokens of a template: 20 tokens are (20 - 3) * 4 = 68 characters.
    made = make(recipe("20", unit="tokens"), Characters(per_token=4.0, beside=3.0))
    assert {len(text) for text in texts(made)} == {68}
    assert {prompt.wanted for prompt in made.prompts} == {Wanted(prompt=20, output=None, unit="tokens")}


def test_a_salt_is_part_of_the_length():
    made = make(recipe(salted=True), Characters())
    assert [len(f"{salt_of('any')} {text}") for text in texts(made)] == [each.wanted.prompt for each in made.prompts]


@pytest.mark.parametrize("name", ["", "5f0c-w0-3-000017", "ü"])
def test_a_salt_always_has_as_many_digits(name):
    salt = salt_of(name)
    assert (salt[0], salt[1:-1].isdigit(), salt[-1], len(salt)) == ("[", True, "]", 20)


def test_two_salts_differ():
    assert len({salt_of(f"run-{number}") for number in range(10_000)}) == 10_000


def test_a_length_that_leaves_no_room_is_missed_and_told():
    made = make(recipe("3", salted=True, prompts=5), Characters())
    assert texts(made) == [text[:1] for text in texts(made)]
    assert made.missed == 5


@given(st.integers(1, 400), st.floats(0, 1), st.integers(1, 4), st.booleans())
def test_whatever_is_asked_for_is_met_in_characters(length, share, pool, salted):
    salted = salted and length > len(SPECIMEN) + 1 and not share
    made = make(recipe(str(length), prefix_share=share, prefix_pool=pool, salted=salted, prompts=5), Characters())
    assert {len(text) for text in texts(made)} == {length - (len(SPECIMEN) + 1) * salted}
    assert not any(text.endswith(" ") for text in texts(made))


class Halves:
    """A tokenizer that knows both halves of a word of six letters, and of any other word only its letters."""

    def counts(self, texts):
        return [len(ends) for ends in self.ends(texts)]

    def ends(self, texts):
        return [[end for found in re.finditer("[a-z]+|[.]", text) for end in self._ends(found)] for text in texts]

    def _ends(self, word):
        begin, end = word.span()
        return [begin + 3, end] if end - begin == 6 else range(begin + 1, end + 1)


@pytest.mark.parametrize(
    ("length", "text"), [(4, "abcdef ghijkl"), (5, "abcdef ghijkl m"), (6, "abcdef ghijkl mnopqr")]
)
def test_a_word_that_is_other_tokens_once_it_is_cut(length, text):
    whole = "abcdef ghijkl mnopqr stuvwx"
    assert Tokens(Halves()).fit([whole], [length], 1) == ([text], 0)


class Blind:
    """A tokenizer for which no text has an odd number of tokens."""

    def counts(self, texts):
        return [len(text) // 2 * 2 for text in texts]

    def ends(self, texts):
        return [list(range(1, len(text) + 1)) for text in texts]


def test_what_a_tokenizer_cannot_hit_is_made_nearly_so_and_told():
    made = make(recipe("51", unit="tokens", prompts=3), Tokens(Blind()))
    assert {abs(count - 51) for count in Blind().counts(texts(made))} == {1}
    assert made.missed == 3


# What prompts have in common


def test_without_a_prefix_every_prompt_begins_with_other_words():
    made = make(recipe("200", prompts=600), Characters())
    begins = [tuple(text.split()[:2]) for text in texts(made)]
    assert len(set(begins)) == 600


@pytest.mark.parametrize("pool", [1, 3])
def test_a_prefix_is_common_to_its_pool_up_to_its_share(pool):
    made = make(recipe("uniform:200,400", prefix_share=0.5, prefix_pool=pool), Characters())
    for one in made.prompts:
        for other in made.prompts[: one.index]:
            common = shared(one.messages[0].text, other.messages[0].text)
            if (one.index - other.index) % pool:
                assert common < 40
            else:
                share = round(0.5 * min(one.wanted.prompt, other.wanted.prompt))
                # What follows may begin with the same few letters.
                assert share <= common < share + 20


def test_a_prefix_of_tokens_is_as_many_tokens(tokenizer):
    made = make(recipe("uniform:40,80", unit="tokens", prefix_share=0.25), Tokens(tokenizer))
    first = made.prompts[0]
    for other in made.prompts[1:]:
        common = shared(first.messages[0].text, other.messages[0].text)
        share = round(0.25 * min(first.wanted.prompt, other.wanted.prompt))
        assert abs(tokenizer.count(first.messages[0].text[:common]) - share) <= 2


def test_a_share_of_one_leaves_nothing_else():
    made = make(recipe("100", prefix_share=1.0), Characters())
    assert len(set(texts(made))) == 1


# What is made


def test_the_same_recipe_makes_the_same_set_and_any_other_another():
    base = make(recipe(), Characters())
    assert make(recipe(), Characters()) == base
    others = (
        make(recipe(seed=1), Characters()),
        make(recipe(salted=True), Characters()),
        make(recipe(prefix_share=0.1), Characters()),
        make(recipe(output=lengths("5")), Characters()),
        make(recipe(), Characters(per_token=1.01)),
        make(recipe(prompts=41), Characters()),
    )
    assert len({base.digest, *(other.digest for other in others)}) == 7


def test_a_larger_set_begins_with_the_smaller_one():
    small, large = make(recipe(prompts=5), Characters()), make(recipe(prompts=9), Characters())
    assert large.prompts[:5] == small.prompts


def test_answers_have_lengths_of_their_own():
    made = make(recipe(output=lengths("uniform:5,20")), Characters())
    wanted = [prompt.wanted.output for prompt in made.prompts]
    assert wanted == [prompt.max_tokens for prompt in made.prompts]
    assert set(wanted) <= set(range(5, 21))
    assert len(set(wanted)) > 5


def test_answers_of_a_set_that_is_there():
    prompts = tuple(Prompt(index=index, messages=(Message("user", "Why?"),), max_tokens=9) for index in range(3))
    own = Testset("own", "own.txt", "sha256:0", prompts)
    bounded = answered(own, lengths("12"), seed=0)
    assert [prompt.max_tokens for prompt in bounded.prompts] == [12, 12, 12]
    assert {prompt.wanted for prompt in bounded.prompts} == {Wanted(prompt=None, output=12)}
    assert [prompt.messages for prompt in bounded.prompts] == [prompt.messages for prompt in prompts]
    assert bounded.digest not in (own.digest, answered(own, lengths("13"), seed=0).digest)


# The words


def test_text_is_sentences_of_known_words():
    text = prose(["first", "second"], 60, random.Random(0))
    assert text.lower().startswith("first second ")
    assert len(text.split()) == 60
    assert all(6 <= len(sentence.split()) <= 16 for sentence in text.removesuffix(".").split(". ")[:-1])
    assert {word.strip(".").lower() for word in text.split()} <= {*WORDS, "first", "second"}


def test_words_are_plain_and_none_is_there_twice():
    assert len(set(WORDS)) == len(WORDS)
    assert all(word.isascii() and word.isalpha() and word.islower() for word in WORDS)


def test_a_number_in_words():
    words = ("zero", "one", "two")
    assert name_of(5, words) == ["two", "one"]
    assert name_of(0, words) == ["zero", "zero"]
    assert name_of(9, words) == ["zero", "zero", "one"]


def test_the_order_of_words_goes_with_the_seed():
    assert sorted(shuffled(1)) == sorted(WORDS)
    assert shuffled(1) == shuffled(1) != shuffled(2)
