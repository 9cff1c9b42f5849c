"""When bytes arrived, as the kernel saw it: receive stamps of a socket, on CLOCK_REALTIME.

Linux gives with each recvmsg the time at which the last segment of what was read came in (socket(7), SO_TIMESTAMPNS).
Elsewhere, or on a socket that cannot, there is none, and a reader's own clock has to do.
"""

import atexit
import functools
import platform
import socket
import struct
import sys
from collections.abc import Sequence
from typing import Literal

_SO_TIMESTAMPNS = 35  # include/uapi/asm-generic/socket.h; Python has no name for it
_OTHER_NUMBERS = ("alpha", "mips", "parisc", "sparc")
_TIMESPEC = struct.Struct("@ll")
ANCILLARY_BYTES = socket.CMSG_SPACE(_TIMESPEC.size) if hasattr(socket, "CMSG_SPACE") else 0
NS_PER_S = 1_000_000_000

Ancillary = Sequence[tuple[int, int, bytes]]


def enable(sock: socket.socket) -> bool:
    """Ask the kernel to stamp what `sock` receives from now on; False where it cannot."""
    if not supported():
        return False
    try:
        sock.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
    except OSError:
        return False
    return True


@functools.cache
def keep() -> socket.socket:
    """A socket that asks for stamps as long as the process lives, and does nothing else.

    The kernel stamps only while some socket on the system wants it, and is slow to begin: without this one the first
    answers of a point would come without.
    """
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    enable(sock)
    atexit.register(sock.close)
    return sock


def supported() -> bool:
    """Whether this system has such stamps, under the number used here."""
    return sys.platform == "linux" and not platform.machine().startswith(_OTHER_NUMBERS)


def read(ancillary: Ancillary) -> int | None:
    """Nanoseconds since the epoch, from what recvmsg gave beside the data; None if there was no stamp in it."""
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == _SO_TIMESTAMPNS and len(data) >= _TIMESPEC.size:
            seconds, nanoseconds = _TIMESPEC.unpack_from(data)
            return int(seconds * NS_PER_S + nanoseconds)
    return None


def kind() -> Literal["kernel", "user"]:
    """`kernel` where a socket of this system can be stamped, else `user`: tried, not guessed."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as trial:
        return "kernel" if enable(trial) else "user"
