"""The only code that touches sockets: it sends a call, stamps what comes back, and says how a transfer broke.

`Wire` and `mount` are imported on first use: whoever needs only `network` or `models` shall not load gevent.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.wire.transport import mount
    from harness.wire.wire import Wire

__all__ = ["Wire", "mount"]


def __getattr__(name: str) -> Any:
    if name == "Wire":
        from harness.wire.wire import Wire

        return Wire
    if name == "mount":
        from harness.wire.transport import mount

        return mount
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
