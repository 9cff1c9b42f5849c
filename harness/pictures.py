"""What makes bytes an image: which of the kinds that models take, and whether it is there to its end.

No decoder is asked: that takes minutes for a folder of photographs, and the one who must read them is the server. A
wrong or torn file is found by how each kind begins and ends.
"""

import base64
import binascii
import hashlib
from typing import NamedTuple

from harness.testset import Image

SUFFIXES = (".png", ".jpg", ".jpeg", ".gif", ".webp")

_KINDS = "PNG, JPEG, GIF or WebP"
_DATA_URL = "data:"


class NoImage(Exception):
    """Why bytes are no image that could be sent, as the rest of a sentence about them."""


class _Kind(NamedTuple):
    media_type: str
    begins: tuple[bytes, ...]
    ends: bytes
    """Stands near the end of a whole file; empty where the length is told at the beginning."""
    tail_bytes: int = 0
    """How near: cameras and editors write a little behind the last mark."""


_TABLE = (
    _Kind("image/png", (b"\x89PNG\r\n\x1a\n",), b"IEND\xaeB`\x82", 4096),
    _Kind("image/jpeg", (b"\xff\xd8\xff",), b"\xff\xd9", 4096),
    _Kind("image/gif", (b"GIF87a", b"GIF89a"), b"\x3b", 1),
    _Kind("image/webp", (b"RIFF",), b""),
)


def image_of(data: bytes) -> Image:
    """The image in the bytes of a file. Raises NoImage."""
    media_type = _media_type(data)
    encoded = base64.b64encode(data).decode("ascii")
    return Image(media_type, encoded, "sha256:" + hashlib.sha256(data).hexdigest())


def is_data_url(text: str) -> bool:
    """Whether this is meant as an image itself rather than as the name of one."""
    return text[: len(_DATA_URL)].lower() == _DATA_URL


def image_of_url(url: str) -> Image:
    """The image in `data:image/png;base64,…`. Raises NoImage."""
    head, comma, encoded = url.partition(",")
    told, semicolon, coding = head[len(_DATA_URL) :].partition(";")
    if not (comma and semicolon and coding == "base64"):
        raise NoImage("is no data URL such as data:image/png;base64,...")
    try:
        data = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise NoImage("is a data URL whose base64 cannot be read") from None
    image = image_of(data)
    if told.lower().replace("image/jpg", "image/jpeg") != image.media_type:
        raise NoImage(f"is a data URL that says {told or 'nothing'} and holds {image.media_type}")
    return image


def _media_type(data: bytes) -> str:
    for kind in _TABLE:
        if data.startswith(kind.begins) and (kind.ends or data[8:12] == b"WEBP"):
            if not _is_whole(kind, data):
                raise NoImage(f"is an {kind.media_type} without its end; copy the file again")
            return kind.media_type
    raise NoImage(f"is no {_KINDS} image")


def _is_whole(kind: _Kind, data: bytes) -> bool:
    if kind.ends:
        return kind.ends in data.rstrip(b"\0")[-kind.tail_bytes :]
    return len(data) >= int.from_bytes(data[4:8], "little") + 8
