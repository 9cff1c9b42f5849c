"""How long the local scorers take for a large run, and how much memory: 100,000 short answers over four points.

    python tests/bench/scoring.py [ANSWERS] [SCORER...]

A third of the answers is right as it stands, a third right in a sentence, a third wrong; of the 1,000 prompts an eighth each is
Chinese, a choice, a formula or JSON, the others are numbers. A tenth of the wordings is drawn anew each time, so that not
everything has been seen before. Prints the figures beside the target; asserts nothing.
"""

import random
import resource
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.folders import manifest as manifest_of
from support.folders import point as point_of
from support.folders import record, write_point

from harness.options import Options
from harness.quality.asking import Asking
from harness.quality.scoring import score_run
from harness.record import LogProbs, Record
from harness.run import PromptText, read_manifest, write_manifest, write_prompts
from harness.score import MEANINGS

TARGET_S = 60.0
PROMPTS = 1_000
POINTS = 4
LOCAL = tuple(meaning.name for meaning in MEANINGS if meaning.needs in ("", "logprobs"))


class Task(NamedTuple):
    """A prompt, and sentences in which it may be answered."""

    prompt: PromptText
    right: str
    wrong: str
    sentence: str


def tasks(chance: random.Random) -> list[Task]:
    return [_task(f"bench/{index}", index, chance) for index in range(PROMPTS)]


def _task(name: str, index: int, chance: random.Random) -> Task:
    a, b = chance.randint(10, 9999), chance.randint(10, 9999)
    match index % 8:
        case 0:
            asked = PromptText(name, f"{a} 加 {b} 等于多少?只给出答案。", expected=str(a + b))
            return Task(asked, str(a + b), str(a - b), "我们先把两个数相加,所以答案是{}。")
        case 1:
            asked = PromptText(name, f"Which is right? A. {a} B. {b} C. both D. none", expected="ABCD"[a % 4])
            return Task(asked, "ABCD"[a % 4], "ABCD"[(a + 1) % 4], "Let us look at each of them. The answer is ({}).")
        case 2:
            asked = PromptText(name, f"Simplify {a}/{b}.", expected=rf"$\frac{{{a}}}{{{b}}}$")
            return Task(asked, rf"$\frac{{{2 * a}}}{{{2 * b}}}$", rf"$\frac{{{a}}}{{{b + 1}}}$", "Reduced, it is {}.")
        case 3:
            asked = PromptText(name, f"The sum of {a} and {b} as JSON.", expected=f'{{"sum": {a + b}}}')
            return Task(asked, f'{{ "sum": {a + b}.0 }}', f'{{"sum": {a}}}', "Here you are:\n```json\n{}\n```")
        case _:
            asked = PromptText(name, f"What is {a} + {b}?", expected=str(a + b))
            return Task(asked, str(a + b), str(a + b + 1), f"First {a}, and then {b} more of them; so it is {{}}.")


def make_run(folder: Path, n_answers: int) -> None:
    chance = random.Random(0)
    known = tasks(chance)
    rows = [point_of(index, users=index) for index in range(1, POINTS + 1)]
    write_manifest(folder, manifest_of(rows))
    write_prompts(folder, (task.prompt for task in known))
    for row in rows:
        write_point(folder, row, [_record(row.index, seq, known, chance) for seq in range(n_answers // POINTS)])


def _record(at: int, seq: int, known: list[Task], chance: random.Random) -> Record:
    task = chance.choice(known)
    kind = chance.randrange(3)
    text = (task.right, task.sentence.format(task.right), task.sentence.format(task.wrong))[kind]
    if chance.random() < 0.1:
        text = f"{text} [{chance.random()}]"
    return record(
        seq * 10.0, (100, 120), seq=seq, point=at, id=f"b{at}-{seq}", prompt=task.prompt.prompt, text=text,
        logprobs=LogProbs(-2.5, 5),
    )  # fmt: skip


class Watch:
    """When each scorer came to its end."""

    def __init__(self) -> None:
        self._begun_s = time.perf_counter()
        self.ended_s: dict[str, float] = {}

    def show(self, event: Mapping[str, Any]) -> None:
        if event["event"] == "score":
            self.ended_s[event["scorer"]] = time.perf_counter() - self._begun_s
        elif event["event"] == "gap":
            print(f"{event['scorer']}: {event['text']}")

    def lines(self) -> Iterator[str]:
        before_s = 0.0
        for scorer, ended_s in self.ended_s.items():
            yield f"{scorer:20} {ended_s - before_s:6.2f} s"
            before_s = ended_s


def main() -> None:
    n_answers = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    names = tuple(sys.argv[2:]) or LOCAL
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_run(folder, n_answers)
        watch = Watch()
        before = time.perf_counter()
        score_run(Asking(folder, read_manifest(folder), Options(host="http://h", quality=names)), watch.show)
        whole_s = time.perf_counter() - before
        size = (folder / "quality.jsonl").stat().st_size
    peak_bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(*watch.lines(), sep="\n")
    print(f"{n_answers:,} answers, {size / 1e6:.0f} MB of scores, peak {peak_bytes / 1e6:.0f} MB")
    print(f"{'all':20} {whole_s:6.2f} s   target {TARGET_S:g} s")


if __name__ == "__main__":
    main()
