"""Content encodings, undone as the bytes come: identity is asked for, but some proxies compress all the same."""

from urllib3.response import HTTPResponse, MultiDecoder


class Coding:
    """One encoded body. `flaw` says why it cannot be read, once it cannot."""

    def __init__(self, encoding: str) -> None:
        self.flaw: str | None = None
        self._encoding = encoding
        self._decoder: MultiDecoder | None = None
        names = [name.strip() for name in encoding.split(",")]
        if len(names) <= MultiDecoder.max_decode_links and set(names) <= set(HTTPResponse.CONTENT_DECODERS):
            self._decoder = MultiDecoder(encoding)
        else:
            self.flaw = f"its content encoding {encoding!r} is unknown"

    def decode(self, data: bytes) -> bytes:
        """What `data` adds to the body; empty once there is a flaw."""
        if self._decoder is None:
            return b""
        try:
            return self._decoder.decompress(data)
        except HTTPResponse.DECODER_ERROR_CLASSES as error:
            self.flaw = f"its body is not valid {self._encoding}: {error}"
            self._decoder = None
            return b""


def coding_for(encoding: str) -> Coding | None:
    """What undoes a Content-Encoding header; None where there is nothing to undo."""
    names = [name.strip() for name in encoding.lower().split(",")]
    wanted = [name for name in names if name not in ("", "identity")]
    return Coding(", ".join(wanted)) if wanted else None
