"""What a worker ships: whole lines of one of its files, compressed, numbered by the byte at which they begin.

As in TCP (RFC 9293, 3.4) the number of a block is its position in the stream. The receiver therefore needs to remember
nothing but how many bytes it holds, and whatever is lost, doubled or late falls into place by itself.
"""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple, TypeVar

import msgspec

try:
    from compression import zstd  # type: ignore[import-not-found,unused-ignore]
except ImportError:  # before Python 3.14
    from backports import zstd  # type: ignore[no-redef,unused-ignore]

Noun = TypeVar("Noun")
Kind = Literal["records", "health"]

BLOCK_BYTES = 512 * 1024
"""Of lines, before compression. A line that is longer travels alone."""
LARGEST_BYTES = 64 * 1024 * 1024
"""What a receiver unpacks at most, as whoever can reach its port may send."""

# The least work that zstd offers without giving up its entropy coding, and a check sum in every frame (XXH64).
_PACKING: Mapping[int, int] = {
    zstd.CompressionParameter.compression_level: 1,
    zstd.CompressionParameter.checksum_flag: 1,
}


class Damaged(Exception):
    """A message that is no block, or one whose bytes are not those that were sent."""


class Stream(NamedTuple):
    """One file of one worker at one point."""

    worker: str
    point: int
    kind: Kind


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """`data` holds `size` bytes of a stream from byte `begin` on, packed."""

    worker: str
    point: int
    kind: Kind
    begin: int
    size: int
    data: bytes

    @property
    def stream(self) -> Stream:
        """Whose lines they are."""
        return Stream(self.worker, self.point, self.kind)


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a block: how many bytes of its stream are held, from the first on without a hole."""

    worker: str
    point: int
    kind: Kind
    held: int
    gap: bool = False
    """The block could not be used: it began behind what is held, or it was damaged."""

    @property
    def stream(self) -> Stream:
        """What is held of."""
        return Stream(self.worker, self.point, self.kind)


def whole_lines(data: bytes) -> int:
    """How many bytes of `data` are lines with their end."""
    return data.rfind(b"\n") + 1


def pack(stream: Stream, begin: int, data: bytes) -> Block:
    """Raises nothing; takes the time of a compression."""
    packed: bytes = zstd.compress(data, options=_PACKING)
    return Block(worker=stream.worker, point=stream.point, kind=stream.kind, begin=begin, size=len(data), data=packed)


def unpack(block: Block) -> bytes:
    """The lines. Raises Damaged."""
    if not 0 < block.size <= LARGEST_BYTES or block.begin < 0:
        raise Damaged(f"A block says that it holds {block.size} bytes from byte {block.begin} on.")
    unpacker = zstd.ZstdDecompressor()
    try:
        data: bytes = unpacker.decompress(block.data, max_length=block.size + 1)
    except zstd.ZstdError as error:
        raise Damaged(f"A block cannot be unpacked: {error}.") from error
    if len(data) != block.size or not unpacker.eof:
        raise Damaged(f"A block of {block.size} bytes has others, or not all of them.")
    return data


def to_message(noun: Block | Receipt) -> dict[str, Any]:
    """As plain values."""
    return {name: getattr(noun, name) for name in noun.__struct_fields__}


def block_of(message: Mapping[str, Any]) -> Block:
    """Raises Damaged."""
    return _read(message, Block)


def receipt_of(message: Mapping[str, Any]) -> Receipt:
    """Raises Damaged."""
    return _read(message, Receipt)


def _read(message: Mapping[str, Any], noun: type[Noun]) -> Noun:
    try:
        # Not strict about bytes alone: msgspec would read them from base64 text, which nobody sends.
        return msgspec.convert(message, noun, builtin_types=(bytes,))
    except msgspec.ValidationError as error:
        raise Damaged(f"A message is no {noun.__name__.lower()}: {error}.") from error
