"""quality.jsonl becomes scores: of all that was ever written to it, what counts."""

from pathlib import Path

import msgspec

from harness.run import QUALITY, RunError
from harness.score import MEANINGS, SCHEMA, Gap, Line, Score, Scorer, from_line, schema_of
from reports.frames import Scores

_PLACE = {meaning.name: place for place, meaning in enumerate(MEANINGS)}


def read_scores(folder: Path) -> Scores | None:
    """None for a run that nobody scored. Raises RunError, and OSError where the file cannot be read."""
    pile = _Pile()
    try:
        with (folder / QUALITY).open("rb") as file:
            for line in file:
                pile.read(line)
    except FileNotFoundError:
        return None
    if pile.newer is not None:
        raise RunError(
            f"{folder / QUALITY} has schema {pile.newer}; this version of llocust reads schema {SCHEMA}. "
            "Report with the version that scored it."
        )
    return pile.counting()


class _Pile:
    """Lines in the order in which they were written."""

    def __init__(self) -> None:
        self.scorers: dict[str, Scorer] = {}
        self.scores: list[Score] = []
        self.gaps: dict[tuple[str, str | None], Gap] = {}
        self.torn = 0
        self.newer: int | None = None

    def read(self, line: bytes) -> None:
        try:
            self._add(from_line(line))
        except msgspec.DecodeError:
            # A process that was killed leaves half a line.
            self.torn += 1
            self._expect(schema_of(line))

    def _add(self, line: Line) -> None:
        if isinstance(line, Score):
            self.scores.append(line)
        elif isinstance(line, Gap):
            self.gaps[line.scorer, line.target] = line
        else:
            self._begin(line)

    def _begin(self, scorer: Scorer) -> None:
        """What it could not do before, it has begun to try again."""
        self.scorers[scorer.name] = scorer
        self.gaps = {key: gap for key, gap in self.gaps.items() if gap.scorer != scorer.name}
        self._expect(scorer.schema)

    def _expect(self, schema: int | None) -> None:
        if schema not in (None, SCHEMA):
            self.newer = schema

    def counting(self) -> Scores:
        """Scores of the last version and settings of each scorer, and of each subject the last."""
        by_request: dict[str, dict[str, Score]] = {}
        repeats: dict[str, dict[str, Score]] = {}
        of_texts: dict[str, dict[tuple[str | None, str | None], Score]] = {}
        for score in self.scores:
            scorer = self.scorers.get(score.scorer)
            if scorer is None or scorer.digest != score.digest:
                continue
            if score.request is None:
                of_texts.setdefault(score.scorer, {})[score.target, score.text] = score
            else:
                (repeats if score.repeat else by_request).setdefault(score.scorer, {})[score.request] = score
        return Scores(
            scorers=sorted(self.scorers.values(), key=lambda scorer: _PLACE.get(scorer.name, len(_PLACE))),
            by_request=by_request,
            repeats=repeats,
            of_texts={name: list(scores.values()) for name, scores in of_texts.items()},
            gaps=list(self.gaps.values()),
            torn_lines=self.torn,
        )
