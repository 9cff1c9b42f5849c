"""Small prompt sets read from bytes, and images that need no file."""

import pytest

from harness.formats import File, parse
from harness.formats.row import Mistake, Reading
from harness.pictures import image_of
from harness.png import noise
from harness.testset import TestsetError as Mistakes

DOT = noise(3, 2, "a dot")
"""A whole PNG file."""


def look(name):
    """A folder with dot.png in it and nothing else."""
    if name == "dot.png":
        return image_of(DOT)
    raise Mistake(f"the image {name} is not there.")


def read(source, data, named=None, **columns):
    data = data if isinstance(data, bytes) else data.encode()
    return parse(File("set", source, data), Reading(look, columns), named)


def mistakes(source, data, named=None, **columns):
    with pytest.raises(Mistakes) as caught:
        read(source, data, named, **columns)
    return caught.value.mistakes


def asked(testset):
    """Role and words of every message of every prompt."""
    return [[(message.role, message.text) for message in prompt.messages] for prompt in testset.prompts]
