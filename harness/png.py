"""PNG files that are the same bytes on every machine: up to sixteen colours, not compressed.

Compressors promise the same bytes from one version to the next for nobody. A master and its workers must send the same
images though each draws its own, and the set that is shipped must come out of its script as it was. Format:
https://www.w3.org/TR/png-3/ and, for stored blocks, RFC 1951 section 3.2.4.
"""

import random
import struct
import zlib

_MAGIC = b"\x89PNG\r\n\x1a\n"
_INDEXED = 3
_STORED_BYTES = 0xFFFF
_ZLIB_HEAD = b"\x78\x01"
_NOISE_BITS = 4


def draw(width: int, height: int, palette: list[tuple[int, int, int]], packed: bytes) -> bytes:
    """The file of an image; `packed` holds rows of palette indexes, high bits first, each row from a byte of its own.

    An index has 2 bits where the palette has four colours at most, else 4 bits.
    """
    bits = 2 if len(palette) <= 4 else 4
    row = (width * bits + 7) // 8
    rows = b"".join(b"\0" + packed[at : at + row] for at in range(0, row * height, row))
    head = struct.pack(">IIBBBBB", width, height, bits, _INDEXED, 0, 0, 0)
    colours = b"".join(bytes(colour) for colour in palette)
    chunks = ((b"IHDR", head), (b"PLTE", colours), (b"IDAT", _stored(rows)), (b"IEND", b""))
    return _MAGIC + b"".join(_chunk(name, body) for name, body in chunks)


def noise(width: int, height: int, seed: str) -> bytes:
    """The file of an image in which every pixel has one of sixteen colours by chance."""
    chance = random.Random(seed)  # noqa: S311 - a picture is wanted here, not a secret
    colours = chance.randbytes(3 << _NOISE_BITS)
    palette = [(colours[at], colours[at + 1], colours[at + 2]) for at in range(0, len(colours), 3)]
    return draw(width, height, palette, chance.randbytes((width * _NOISE_BITS + 7) // 8 * height))


def _stored(data: bytes) -> bytes:
    pieces = [data[at : at + _STORED_BYTES] for at in range(0, len(data), _STORED_BYTES)]
    last = len(pieces) - 1
    blocks = (
        struct.pack("<BHH", at == last, len(piece), len(piece) ^ 0xFFFF) + piece for at, piece in enumerate(pieces)
    )
    return _ZLIB_HEAD + b"".join(blocks) + struct.pack(">I", zlib.adler32(data))


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
