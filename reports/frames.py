"""A loaded run: its facts as columns. Made by `load`, read by everything to its right.

Times are float64 or int64 as said; NaN (or NaT-free -1 where said) is "not observed".
"""

from dataclasses import dataclass

import msgspec
import numpy as np
import numpy.typing as npt
import pandas as pd

from harness.record import LocustStats
from harness.run import Manifest, Point
from harness.score import Gap, Score, Scorer
from reports.report import Price

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Events:
    """All content-bearing events of a point's requests, flat, in request order.

    Request i of the frame owns the slice offsets[i]:offsets[i + 1] of every other array.
    """

    offsets: Ints
    """Length n + 1."""
    at_us: Ints
    """Microseconds since the request was sent."""
    chars: Ints
    kinds: npt.NDArray[np.uint8]
    """ASCII code of t, r or c."""


@dataclass(frozen=True, slots=True)
class PointFrames:
    """One point's facts.

    requests: one row a record, sorted by (sent or begun, id), every scalar field of `Record` a column (usage_prompt,
    usage_output, usage_cached, usage_reasoning flattened, wanted_prompt, wanted_output, wanted_unit; lag_p50_us, lag_max_us). Besides:
    counted_output (tokens by a tokenizer of the user's), n_events, n_chars, first_us, last_us, first_text_us, bounded (number of bounded events), first_bounded (bool).
    health: one row a line, with `worker`; lag_us stays a list.
    """

    point: Point
    requests: pd.DataFrame
    events: Events
    health: pd.DataFrame
    locust: LocustStats | None
    torn_lines: int
    whole: "PointFrames | None" = None
    """The point of which this is the part of one target; None for a point that had but one."""

    @property
    def entire(self) -> "PointFrames":
        """The whole point, whichever part this is."""
        return self.whole or self


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """Output tokens as a tokenizer counted them after the run."""

    tokenizer: str
    """The path it was read from."""
    digest: str
    tokens: dict[str, int]
    """By the id of the request; without those of which the stored text is not all that was generated."""


@dataclass(frozen=True, slots=True)
class Scores:
    """The lines of quality.jsonl that count: of each scorer those of its last version and settings, of each subject the last."""

    scorers: list[Scorer]
    by_request: dict[str, dict[str, Score]]
    """By the scorer's name, then by the record's id."""
    repeats: dict[str, dict[str, Score]]
    """The same, of what was asked a second time."""
    of_texts: dict[str, list[Score]]
    """By the scorer's name: scores that belong to no request."""
    gaps: list[Gap]
    torn_lines: int


class Tariff(msgspec.Struct, frozen=True, kw_only=True):
    """A table of prices as the user wrote it."""

    currency: str
    as_of: str | None
    source: str | None
    rows: list[Price]


@dataclass(frozen=True, slots=True)
class Frames:
    """One run's facts."""

    manifest: Manifest
    points: list[PointFrames]
    counts: Counts | None = None
    scores: Scores | None = None
    """None where nobody scored."""
    tariff: Tariff | None = None
    """None where no prices were given."""
