"""Run folders whose answers can be scored, and scorers that say what they are told to say."""

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from support.folders import manifest, point, record, write_point

from harness.options import Options
from harness.quality.answer import NOTHING_TO_SCORE, Answer, Found, Passage
from harness.quality.asking import Asking
from harness.record import Record
from harness.run import PromptText, TargetInfo, read_manifest, write_manifest, write_prompts
from harness.score import Gap, Meaning, Score, Scorer, from_line


def said(text: str | None, seq: int, at: int = 1, **fields) -> Record:
    """A record of an answer."""
    return record(seq * 10.0, seq=seq, text=text, point=at, id=f"p{at}-{seq}", **fields)


def write_answers(
    folder: Path,
    points: Sequence[Sequence[Record]],
    *,
    prompts: Sequence[PromptText] | None = (),
    targets: Sequence[str] = (),
) -> Path:
    """A run with a point for each row of records. `prompts`: None keeps no file of them."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = [point(index, users=index) for index in range(1, len(points) + 1)]
    infos = [TargetInfo(name=name, url=f"http://{name}/v1", model=name, dialect="chat") for name in targets]
    write_manifest(folder, manifest(rows, targets=infos, options={"host": "http://127.0.0.1:8000"}))
    for row, records in zip(rows, points, strict=True):
        write_point(folder, row, records)
    if prompts is not None:
        write_prompts(folder, prompts)
    return folder


def asking(folder: Path, *scorers: str, **options) -> Asking:
    """What is known to scorers of the run."""
    return Asking(folder, read_manifest(folder), Options(host="http://127.0.0.1:8000", quality=scorers, **options))


class Spoken:
    """A scorer whose words are a function of the answer; `heard` has the ids it was given, in order."""

    def __init__(
        self,
        say: Callable[[Answer], Found | float | None] = lambda answer: float(len(answer.text)),
        *,
        name: str = "spoken",
        version: int = 1,
        applies: Callable[[Answer], bool] = lambda _: True,
        lacking: str = NOTHING_TO_SCORE,
        **settings,
    ) -> None:
        self.meaning = Meaning(name, name.title(), "mean", "higher", "as it is told")
        self.version = version
        self.settings = settings
        self.asks = False
        self.heard: list[str] = []
        self._say = say
        self.applies = applies
        self.lacking = lacking

    def score(self, answer: Answer) -> Found:
        self.heard.append(answer.id)
        said = self._say(answer)
        return said if isinstance(said, Found) else Found(said)


class Judging(Spoken):
    """One that somebody is asked for."""

    def __init__(self, *arguments, **fields) -> None:
        super().__init__(*arguments, **fields)
        self.asks = True
        self.heard_again: list[str] = []
        self._lock = threading.Lock()

    def score(self, answer: Answer) -> Found:
        with self._lock:
            return super().score(answer)

    def score_again(self, answer: Answer) -> Found:
        with self._lock:
            self.heard_again.append(answer.id)
            found = self._say(answer)
            return found if isinstance(found, Found) else Found(found)


class Reading:
    """A scorer of texts."""

    def __init__(self, *, unable: Sequence[str] = (), passing: Sequence[str] = ()) -> None:
        self.meaning = Meaning("reading", "Reading", "mean", "lower", "characters", needs="texts")
        self.version = 1
        self.settings: dict[str, object] = {}
        self.heard: list[tuple[str, str]] = []
        self.unable = unable
        self.passing = passing

    def gap(self, target: str) -> str | None:
        return f"{target} cannot read." if target in self.unable else None

    def score(self, passage: Passage) -> Found:
        self.heard.append((passage.target, passage.name))
        if passage.target in self.passing:
            return Found(None, why="busy", passing=True)
        return Found(float(len(passage.text)))


def lines(folder: Path) -> list[Scorer | Score | Gap]:
    return [from_line(line) for line in (folder / "quality.jsonl").read_bytes().splitlines(keepends=True)]


def scores(folder: Path) -> list[Score]:
    return [line for line in lines(folder) if isinstance(line, Score)]


def gaps(folder: Path) -> list[Gap]:
    return [line for line in lines(folder) if isinstance(line, Gap)]


def values(folder: Path, *, repeat: bool = False) -> dict[str, float | None]:
    """By request, the last."""
    return {str(each.request): each.value for each in scores(folder) if each.repeat is repeat}
