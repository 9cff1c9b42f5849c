"""A folder of images as a prompt set: one prompt an image."""

from pathlib import Path

from harness.formats import shortened
from harness.shelf.gallery import images_in
from harness.shelf.root import stay
from harness.testset import Image, Message, Prompt, Testset, TestsetError, digest, digest_of_all

QUESTION = "Describe this image."
"""Asked of an image that has no text of its own beside it."""


def read_folder(folder: Path, source: str) -> Testset:
    """The set. What is asked of `cat.png` stands in `cat.txt`, if that exists. Raises TestsetError."""
    images = images_in(folder)
    prompts: list[Prompt] = []
    mistakes: list[str] = []
    for path, image in images.items():
        try:
            prompts.append(_prompt(len(prompts), Path(path), image))
        except (OSError, UnicodeDecodeError) as error:
            mistakes.append(f"{path.with_suffix('.txt')} cannot be read: {_why(error)}.")
    if mistakes:
        raise TestsetError(shortened(mistakes))
    sent = [part for prompt in prompts for part in (digest(prompt.messages[0].text.encode()), _shown(prompt).digest)]
    return Testset(folder.resolve().name, source, digest_of_all(sent), tuple(prompts))


def _prompt(index: int, path: Path, image: Image) -> Prompt:
    beside = path.with_suffix(".txt")
    words = stay(beside, beside.parent).read_text(encoding="utf-8").strip() if beside.is_file() else ""
    return Prompt(index=index, messages=(Message("user", (words or QUESTION, image)),), id=path.name)


def _shown(prompt: Prompt) -> Image:
    return prompt.messages[0].images[0]


def _why(error: OSError | UnicodeDecodeError) -> str:
    return "it is not UTF-8" if isinstance(error, UnicodeDecodeError) else error.strerror or "no reason given"
