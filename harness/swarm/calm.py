"""Garbage collection in a load process, kept out of the measurement."""

import gc


def calm_garbage_collection() -> None:
    """An exchange leaves no rings behind, so there is next to nothing to collect, and looking for it stops the loop for
    tens of milliseconds: what is there at the start is never looked at again, and what comes only when it is much.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(200_000, 20, 100)
