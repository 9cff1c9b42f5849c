"""Prompts and answers made to measure, and what of these options goes together."""

from collections.abc import Mapping
from typing import Any

from harness import values
from harness.lengths import lengths
from harness.options.option import Option
from harness.options.resolved import SYNTHETIC_PROMPTS

SYNTHETIC: tuple[Option, ...] = (
    Option(
        "input_tokens",
        ("--input-tokens",),
        lengths,
        "–",
        "instead of --testset: make prompts of so many tokens, such as 512, uniform:256,1024, normal:512,128, lognormal:512,256 "
        "or histogram:FILE",
        "LENGTHS",
    ),
    Option("input_chars", ("--input-chars",), lengths, "–", "instead of --testset: the same in characters", "LENGTHS"),
    Option(
        "output_tokens",
        ("--output-tokens",),
        lengths,
        "–",
        "bound of each prompt's answer, in the same forms; with --ignore-eos answers have just that length",
        "LENGTHS",
    ),
    Option(
        "synthetic_prompts",
        ("--synthetic-prompts",),
        values.positive,
        str(SYNTHETIC_PROMPTS),
        "how many different prompts are made",
        "N",
    ),
    Option(
        "prefix_share",
        ("--prefix-share",),
        values.share,
        "0",
        "share of each made prompt, 0 to 1, that is a beginning common to many",
        "R",
    ),
    Option("prefix_pool", ("--prefix-pool",), values.positive, "1", "how many such beginnings there are", "N"),
)

_OF_A_SET = {
    "testset": "--testset",
    "testset_format": "--testset-format",
    "testset_columns": "--testset-columns",
    "conversations": "--conversations",
}


def synthetic_contradictions(resolved: Mapping[str, Any], given: Mapping[str, Any]) -> list[str]:
    """A sentence each."""
    mistakes = []
    inputs = [
        flag for key, flag in (("input_tokens", "--input-tokens"), ("input_chars", "--input-chars")) if key in given
    ]
    if len(inputs) == 2:
        mistakes.append("--input-tokens and --input-chars exclude each other: give lengths in one of the two.")
    if inputs:
        mistakes += [
            f"{inputs[0]} makes the prompts: leave out {flag}." for key, flag in _OF_A_SET.items() if key in given
        ]
    else:
        mistakes += _without_prompts(resolved)
    if "input_tokens" in given and resolved.get("probe") is False and not resolved.get("tokenizer"):
        mistakes.append(
            "--no-probe leaves nobody to ask how long a token is: add --tokenizer FILE, or give --input-chars."
        )
    share = resolved.get("prefix_share") or 0.0
    if share and resolved.get("salt"):
        mistakes.append(
            "--salt stands in front of a prompt, where --prefix-share would have a common beginning: choose one."
        )
    if (resolved.get("prefix_pool") or 1) > 1 and not share:
        mistakes.append("--prefix-pool needs --prefix-share: it is the number of common beginnings.")
    if "output_tokens" in given and "min_tokens" in given:
        mistakes.append(
            "--output-tokens and --min-tokens exclude each other: for answers of just that length add --ignore-eos."
        )
    return mistakes


def _without_prompts(resolved: Mapping[str, Any]) -> list[str]:
    idle = {
        "--synthetic-prompts": (resolved.get("synthetic_prompts") or SYNTHETIC_PROMPTS) != SYNTHETIC_PROMPTS,
        "--prefix-share": bool(resolved.get("prefix_share")),
    }
    return [
        f"{flag} is about prompts that are made: add --input-tokens or --input-chars."
        for flag, is_given in idle.items()
        if is_given
    ]
