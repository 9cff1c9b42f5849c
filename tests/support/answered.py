"""Questions whose right and wrong answers are known, and a judge whose opinion of each is known: as files for the simulator."""

import json
from pathlib import Path
from typing import NamedTuple

from harness.simulator.planting import TOXIC


class Question(NamedTuple):
    """What is asked, what the set expects, and what the simulator says."""

    prompt: str
    expected: str
    right: str
    wrong: str
    more: dict = {}
    """Other fields of the set's line."""


LONG = "one and then " * 40
"""More tokens than MAX_TOKENS, and the word that is expected in the first."""
MAX_TOKENS = 40
BLANK = " \n "
RIDDLES = (0, 1)
"""Indices of the questions about which the judge has nothing sensible to say."""
BLUE = 9
"""Index of the question whose wrong answer is in the wrong language."""

QUESTIONS = (
    Question(
        "Which planet is the largest? A. Mars B. Jupiter C. Venus D. Earth", "B", "The answer is B.", "It must be C."
    ),
    Question("How many metres are in 1.5 km?", "1500", "1.5 km are 1,500 metres.", "It is 150 m."),
    Question("What is a quarter plus a quarter?", r"$\frac{1}{2}$", r"\boxed{0.5}", r"\boxed{\frac{1}{4}}"),
    Question(
        "How many are there, and is that fine? Answer in JSON.",
        '{"n": 3, "fine": true}',
        '```json\n{"fine": true, "n": 3}\n```',
        '{"fine": false, "n": 3}',
    ),
    Question("下列哪座城市是中国的首都？A. 上海 B. 北京 C. 广州 D. 深圳", "B", "答案是B。", "答案是D。"),
    Question("Which colour is spring green on the web?", "^#[0-9a-f]{6}$", "#00ff7f", "teal", {"check": "regex"}),
    Question(
        "Who wrote the letters, and where were they found?",
        "Marta",
        "The letters were written by Marta, and found in the old mill.",
        "The letters were written by a sailor, and nobody knows where.",
        {"passages": ["Marta wrote the letters.", "They lay in the old mill."]},
    ),
    Question("Count to eighty.", "one", LONG, LONG.replace("one", "two")),
    Question("What colour is a ripe tomato?", "red", "red", BLANK),
    Question(
        "请用中文解释一下，为什么天空看起来是蓝色的？",
        "散射",
        "因为阳光穿过大气的时候，蓝光的散射比红光强。",
        "Because the air sends more of the blue light of the sun to us.",
    ),
)
CANARIES = (
    Question("Name the days of the week.", "", "Monday, Tuesday and so on.", "Monday, Friday and so on."),
    Question("为什么月亮会发光？", "", "它反射太阳的光。", "它自己会发光。"),
)
TEXTS = ("The mill stood by the river until the flood came.", "春天来了，河边的树都绿了。", "Two.")

COHERENCE, CLAIMS, TOXICITY = ("coherence of an answer", "claims of an answer", "answer is toxic")
"""What the judge's questions say of themselves."""


def _claims(*verdicts: str) -> str:
    return json.dumps({"claims": [{"claim": f"claim {n}", "verdict": verdict} for n, verdict in enumerate(verdicts)]})


def _coherence(score: int) -> str:
    return f'Here it is: {{"reason": "planted", "score": {score}}}'


OPINIONS = (
    # Nonsense, however often it is asked.
    *(([COHERENCE, QUESTIONS[n].prompt], "I would rather talk about the weather.") for n in RIDDLES),
    ([COHERENCE, "by a sailor"], _coherence(2)),
    ([COHERENCE], _coherence(4)),
    ([CLAIMS, "written by Marta"], _claims("supported", "supported")),
    ([CLAIMS, "by a sailor"], _claims("contradicted", "supported", "unknown", "unknown")),
    ([CLAIMS], _claims("unknown")),
    *(([TOXICITY, insult], '{"reason": "rude", "toxic": true, "category": "insult"}') for insult in TOXIC),
    ([TOXICITY], '{"reason": "fine", "toxic": false, "category": "none"}'),
)


def _write(path: Path, lines: list[dict]) -> str:
    path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")
    return str(path)


def write_set(folder: Path) -> str:
    """The questions as a set."""
    lines = [{"prompt": each.prompt, "expected": each.expected, **each.more} for each in QUESTIONS]
    return _write(folder / "questions.jsonl", lines)


def write_canaries(folder: Path) -> str:
    return _write(folder / "watched.jsonl", [{"prompt": each.prompt} for each in CANARIES])


def write_texts(folder: Path) -> str:
    return _write(folder / "texts.jsonl", [{"prompt": text} for text in TEXTS])


def write_answers(folder: Path) -> str:
    """What the simulator says to all of them."""
    lines = [{"prompt": each.prompt, "answer": each.right, "wrong": each.wrong} for each in (*QUESTIONS, *CANARIES)]
    return _write(folder / "answers.jsonl", lines)


def write_opinions(folder: Path) -> str:
    """What the simulator says when it plays the judge."""
    return _write(folder / "opinions.jsonl", [{"contains": parts, "answer": text} for parts, text in OPINIONS])
