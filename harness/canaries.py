"""Canaries: a few prompts that are asked again and again while the load changes, each time in just the same way. Pure.

A miner takes a canary along because it falls silent first. An answer that was chosen without chance and has become
another one says that something in the server has: its batches, its kernels, its cache, or the model that it falls back to.
"""

import msgspec

from harness.testset import Prompt, Testset

NAME = "canaries"
"""Records call their prompts canaries/0, canaries/1 and so on, whatever set they are of."""


def flock(testset: Testset) -> Testset:
    """The prompts of a set as canaries."""
    prompts = tuple(msgspec.structs.replace(prompt, canary=True) for prompt in testset.prompts)
    return msgspec.structs.replace(testset, name=NAME, prompts=prompts)


def canary_at(canaries: Testset, every: int, user: int, number: int) -> Prompt | None:
    """The canary that is due as a global user's `number`-th prompt, from 0; None where an ordinary one is.

    Every `every`-th is one, each user's first at another place, so that not all ask at once. Every user begins with the
    same canary: points of a few requests then have those in common that they asked at all.
    """
    if (number + user) % every:
        return None
    earlier = (number + user) // every - -(-user // every)
    return canaries.prompts[earlier % len(canaries.prompts)]
