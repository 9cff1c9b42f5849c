"""Answers to be judged, and a run whose options name a judge."""

from pathlib import Path

from support.folders import manifest

from harness.options import Options
from harness.quality.answer import Answer
from harness.quality.asking import Asking
from harness.run import PromptText
from harness.targets import Target

KEY_ENV = "CANARY_KEY"
KEY = "key-canary-5d1f0c2ab9e84477"
"""A secret that must be found nowhere but in the header that it is for."""


def an_answer(text: str = "Paris.", asked: str = "What is the capital of France?", **fields) -> Answer:
    metadata = fields.pop("metadata", {})
    told = {"id": "r-1", "point": 1, "target": "default", "model": "m", "finish": "stop", "expected": None}
    return Answer(text=text, asked=asked, prompt=PromptText("p/0", asked, metadata=metadata), **(told | fields))


def a_judge(url: str, dialect: str = "chat", **fields) -> Target:
    told = {"name": "judge", "model": "arbiter", "api_key_env": KEY_ENV} | fields
    return Target(host=url, dialect=dialect, **told)


def asking(folder: Path, **options) -> Asking:
    return Asking(folder, manifest(), Options(**{"host": "http://127.0.0.1:1", "model": "tiny"} | options))
