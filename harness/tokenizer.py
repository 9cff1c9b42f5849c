"""A tokenizer from a file, as models bring one: `tokenizer.json` of the `tokenizers` library.

The library is asked for only where there is such a file: most runs count by what the server says.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from harness.testset import digest

_INSTALL = "install it with: pip install 'llocust[tokenizer]'"
_PLAIN = {"add_special_tokens": False}
_AT_ONCE = 64


class TokenizerError(Exception):
    """A tokenizer that cannot be used; the message is a sentence for the user, without the name of the option."""


class Tokenizer:
    """Counts tokens of plain text: no chat template is laid around it, and no special tokens are added."""

    def __init__(self, path: Path) -> None:
        """Raises TokenizerError where the file, or the library that reads it, is not there."""
        try:
            from tokenizers import Tokenizer as Library  # an optional dependency
        except ImportError as error:
            raise TokenizerError(f"{str(path)!r} needs the library `tokenizers`; {_INSTALL}.") from error
        try:
            data = path.read_bytes()
        except OSError as error:
            raise TokenizerError(f"{str(path)!r} cannot be read ({error.strerror}); give a tokenizer.json.") from error
        try:
            self._library = Library.from_buffer(data)
        except Exception as error:  # the library raises no narrower type
            raise TokenizerError(f"{str(path)!r} is no tokenizer.json of the `tokenizers` library: {error}.") from error
        # What a training script left on would cut long texts short, or fill short ones up.
        self._library.no_truncation()
        self._library.no_padding()
        self.source = str(path)
        self.digest = digest(data)

    def counts(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text."""
        return [len(each.ids) for part in _parts(texts) for each in self._library.encode_batch_fast(part, **_PLAIN)]

    def ends(self, texts: Sequence[str]) -> list[list[int]]:
        """Where each token of each text ends, in characters from its beginning."""
        encoded = (each for part in _parts(texts) for each in self._library.encode_batch(part, **_PLAIN))
        return [[end for _, end in each.offsets] for each in encoded]

    def count(self, text: str) -> int:
        """Tokens of one text."""
        return self.counts([text])[0]


def _parts(texts: Sequence[str]) -> Iterator[list[str]]:
    # All at once would be too much: what the library tells of a token takes more than a hundred bytes.
    return (list(texts[first : first + _AT_ONCE]) for first in range(0, len(texts), _AT_ONCE))
