"""Tokens: made, kept as digests, read from the environment, found again."""

import hashlib

import pytest

from service.safety.tokens import Token, digest_of, find, make, read_tokens

A, B = "a" * 64, "0123456789abcdef" * 4


def test_the_digest_is_sha256():
    assert digest_of("llocust_x") == hashlib.sha256(b"llocust_x").hexdigest()


def test_entries_are_parted_by_blanks_and_commas():
    assert read_tokens(f" ci:run:{A},\n grafana:read:{B} ") == (Token("ci", "run", A), Token("grafana", "read", B))
    assert read_tokens("") == ()


@pytest.mark.parametrize(
    "entry",
    ["ci", "ci:run", f"ci:admin:{A}", f"ci:run:{A[:-1]}", f"ci:run:{A.upper()}", f":run:{A}", f"c i:run:{A}", "secret"],
)
def test_what_is_no_entry_is_told_by_its_number(entry):
    with pytest.raises(ValueError, match=r"Entry 2 of LLOCUST_TOKENS|Entry 3 of LLOCUST_TOKENS") as told:
        read_tokens(f"ok:read:{A} {entry}")
    assert entry not in str(told.value).replace("LLOCUST_TOKENS", "")


def test_a_made_token_is_let_in_by_its_entry():
    made = make("run", "ci")
    (kept,) = read_tokens(made.entry)
    assert find([kept], made.token) == kept
    assert made.token not in made.entry
    assert make("run").token != made.token


def test_nobody_else_is():
    (kept,) = read_tokens(make("read").entry)
    assert find([kept], kept.digest) is None
    assert find([kept], "") is None
    assert find([kept], "\udcff") is None
    assert find([], "x") is None


def test_no_digest_is_shown():
    assert A not in repr(Token("ci", "run", A))
