"""A set of prompts: what one asks, in which order they are dealt, and to whom.

Nothing here reads a file or keeps state between two users: a worker that knows the seed, its index and how many
workers there are deals the same prompts to the same global users as a single process would.
"""

import hashlib
import random
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import msgspec

from harness.record import Wanted

# Orders of a set that may be in use at once: users / prompts of them, times how far fast users run ahead of slow ones.
_CACHED_ORDERS = 4096


class TestsetError(Exception):
    """A prompt set that cannot be used: every mistake found, one sentence each."""

    def __init__(self, mistakes: Sequence[str]) -> None:
        super().__init__(mistakes)
        self.mistakes = list(mistakes)

    def __str__(self) -> str:
        return "\n".join(self.mistakes)


class Image(msgspec.Struct, frozen=True):
    """A picture, encoded once for every request that sends it. Two prompts with the same file share one Image."""

    media_type: str
    """Such as image/png."""
    base64: str
    """The bytes of the file, in the standard alphabet, padded."""
    digest: str
    """Of the bytes, "sha256:" and hexadecimal."""

    @property
    def data_url(self) -> str:
        """As most APIs take it."""
        return f"data:{self.media_type};base64,{self.base64}"


Part = str | Image
"""What a message is made of: words, or a picture."""


class Message(msgspec.Struct, frozen=True):
    """One turn of a conversation. Text alone is a string; with pictures it is a tuple of parts, in the order of the file."""

    role: str
    content: str | tuple[Part, ...]

    @property
    def parts(self) -> tuple[Part, ...]:
        """The content as parts, also where it is a string."""
        return (self.content,) if isinstance(self.content, str) else self.content

    @property
    def text(self) -> str:
        """The words alone, a line feed between two parts."""
        return "\n".join(part for part in self.parts if isinstance(part, str))

    @property
    def images(self) -> tuple[Image, ...]:
        """The pictures alone."""
        return tuple(part for part in self.parts if isinstance(part, Image))

    def behind(self, words: str) -> "Message":
        """The message with words before all that it says."""
        if isinstance(self.content, str):
            return Message(self.role, f"{words} {self.content}")
        return Message(self.role, (words, *self.content))

    def showing(self, images: tuple[Image, ...]) -> "Message":
        """The message with images after all that it says."""
        return Message(self.role, (*self.parts, *images))


class Prompt(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked at once. A `system` key of the file is the first of `messages`."""

    index: int
    """Position in the file, from 0, blank lines not counted."""
    messages: tuple[Message, ...]
    max_tokens: int | None = None
    """Overrides the option of that name for this prompt, whichever is larger."""
    id: str | None = None
    wanted: Wanted | None = None
    """The lengths that a synthetic prompt was made for."""
    expected: str | None = None
    """The right answer, never sent."""
    metadata: dict[str, Any] = {}
    """What the file says of the prompt and means nothing to llocust, as it stood there."""
    canary: bool = False
    """Asked again and again in just the same way, whatever else the run's options say; the file does not tell."""

    def showing(self, images: tuple[Image, ...]) -> "Prompt":
        """The prompt with images after what its user says last. Raises ValueError where no user speaks."""
        for place in reversed(range(len(self.messages))):
            if self.messages[place].role == "user":
                shown = self.messages[place].showing(images)
                messages = (*self.messages[:place], shown, *self.messages[place + 1 :])
                return msgspec.structs.replace(self, messages=messages)
        raise ValueError("no message of the user could show the images")


class Album(msgspec.Struct, frozen=True):
    """Images that go with prompts which have nothing to do with them: so many a request, none twice in one."""

    images: tuple[Image, ...]
    per_request: int

    def pick(self, seed: int, user: int, turn: int) -> tuple[Image, ...]:
        """Those for global user `user` at its `turn`-th request, the same on every machine. Costs about 15 µs."""
        chance = random.Random(f"{seed}/images/{user}/{turn}")  # noqa: S311 - fairness is wanted here, not secrecy
        return tuple(chance.sample(self.images, self.per_request))


class Testset(msgspec.Struct, frozen=True):
    """Prompts in file order."""

    name: str
    source: str
    digest: str
    """Of all that is sent: the file as it is unpacked, and the images that are in other files."""
    prompts: tuple[Prompt, ...]
    album: Album | None = None
    left_out: int = 0
    """Entries of the file in which nothing is asked."""
    missed: int = 0
    """Synthetic prompts that could not be made just so long as was wanted."""

    @property
    def has_images(self) -> bool:
        """Whether any request shows one."""
        return self.album is not None or any(message.images for each in self.prompts for message in each.messages)


def digest(data: bytes) -> str:
    """The word sha256, a colon, and the hexadecimal digest."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def digest_of_all(digests: Sequence[str]) -> str:
    """One digest for several: of their lines, where there is more than one."""
    return digests[0] if len(digests) == 1 else digest("\n".join(digests).encode())


@lru_cache(maxsize=_CACHED_ORDERS)
def order(count: int, seed: int, cycle: int) -> tuple[int, ...]:
    """A permutation of range(count), the same on every machine for the same seed and cycle.

    The first call for a cycle costs about 0.3 µs a prompt; whoever starts a run may ask for cycle 0 beforehand.
    """
    # Seeding with a string goes through SHA-512, so neither PYTHONHASHSEED nor the platform has a say.
    shuffled = list(range(count))
    random.Random(f"{seed}/{cycle}").shuffle(shuffled)  # noqa: S311 - fairness is wanted here, not secrecy
    return tuple(shuffled)


def deal(testset: Testset, seed: int, user: int, turn: int, users: int) -> Prompt:
    """The prompt of global user `user` of `users` at its `turn`-th request, both from 0.

    Turn by turn the users go through the whole set, each time in a new order, before a prompt comes again.
    """
    cycle, place = divmod(user + turn * users, len(testset.prompts))
    prompt = testset.prompts[order(len(testset.prompts), seed, cycle)[place]]
    return prompt if testset.album is None else prompt.showing(testset.album.pick(seed, user, turn))


def share(index: int, count: int, n: int) -> range:
    """The global users of worker `index` of `count`, out of `n`: every `count`-th one, from `index` on."""
    return range(index, n, count)
