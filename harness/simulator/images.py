"""The images in a request, whatever API it speaks: each is base64, as a JSON string or in a data URL."""

import base64
import hashlib
import re

# How PNG, JPEG, GIF and WebP begin, in base64.
_IMAGE = re.compile(rb'(?:"|;base64,)((?:iVBORw0KGgo|/9j/|R0lGOD|UklGR)[A-Za-z0-9+/]+={0,2})[")]')


def digests(body: bytes) -> list[str]:
    """SHA-256 of the bytes of each image, in the order of the body, as `sha256:` and hexadecimal."""
    return ["sha256:" + hashlib.sha256(base64.b64decode(found[1])).hexdigest() for found in _IMAGE.finditer(body)]
