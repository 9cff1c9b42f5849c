"""Output tokens by a tokenizer of the user's own, counted after the run and kept in its folder: tokens.json.

They stand beside the server's usage and never take its place: a server counts what it computed, the end of an answer
included, a tokenizer what can be read of it.
"""

from pathlib import Path

import msgspec
import pandas as pd

from harness.run import RunError, write_atomically
from harness.tokenizer import Tokenizer
from reports.frames import Counts, Frames

COUNTS = "tokens.json"


def count_tokens(frames: Frames, tokenizer: Tokenizer) -> Counts:
    """Count the stored answers of a run."""
    tokens: dict[str, int] = {}
    for point in frames.points:
        whole = point.requests[_is_whole(point.requests)]
        tokens.update(zip(whole["id"], tokenizer.counts(list(whole["text"])), strict=True))
    return Counts(tokenizer=tokenizer.source, digest=tokenizer.digest, tokens=tokens)


def _is_whole(requests: pd.DataFrame) -> "pd.Series[bool]":
    # Reasoning and tool calls are not stored as text: an answer with some has tokens that nobody could count.
    whole = (requests["text"].str.len() == requests["n_chars"]) & (requests["n_chars"] > 0)
    return whole.fillna(False).astype(bool)


def write_counts(folder: Path, counts: Counts) -> None:
    """Keep them in the run folder. Raises OSError."""
    write_atomically(folder / COUNTS, msgspec.json.encode(counts))


def read_counts(folder: Path) -> Counts | None:
    """None for a run in which nobody counted. Raises RunError."""
    path = folder / COUNTS
    try:
        return msgspec.json.decode(path.read_bytes(), type=Counts)
    except FileNotFoundError:
        return None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RunError(f"{path} holds no counts of tokens ({error}): count again with --tokenizer.") from error
