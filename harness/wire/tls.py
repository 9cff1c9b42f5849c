"""TLS whose bytes we read ourselves: contexts that wrap a socket in urllib3's SSLTransport instead of an SSLSocket.

An SSLSocket reads the socket on its own, and the kernel's stamp is lost. SSLTransport works over two buffers in memory,
so that a reader can take the ciphertext with its stamp and hand it in.
"""

import functools
import ssl
from typing import Any

from urllib3.util.ssl_ import create_urllib3_context
from urllib3.util.ssltransport import SSLTransport


def make_context(*, verified: bool) -> ssl.SSLContext:
    """urllib3's own settings; certificates are loaded by the caller."""
    context = create_urllib3_context(cert_reqs=ssl.CERT_REQUIRED if verified else ssl.CERT_NONE)
    # On the object: urllib3 chooses the context's class itself, and asks it for no more than this.
    setattr(context, "wrap_socket", functools.partial(_wrap, context))  # noqa: B010 - mypy forbids to assign a method
    return context


class _Transport(SSLTransport):
    """May carry another one, as it does to the far side of a proxy that is itself spoken to over TLS."""

    @property
    def _io_refs(self) -> Any:
        # Python's own socket files count themselves here; urllib3 forwards the end of that count but not its beginning.
        return self.socket._io_refs  # type: ignore[attr-defined]  # noqa: SLF001

    @_io_refs.setter
    def _io_refs(self, count: int) -> None:
        self.socket._io_refs = count  # type: ignore[attr-defined]  # noqa: SLF001


def _wrap(context: ssl.SSLContext, sock: Any, server_hostname: str | None = None) -> SSLTransport:
    return _Transport(sock, context, server_hostname)
