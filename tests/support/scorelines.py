"""Lines of quality.jsonl from few words."""

from pathlib import Path

from harness.run import QUALITY
from harness.score import BY_NAME, Line, Score, Scorer, to_line


def scorer(name: str = "accuracy", **fields) -> Scorer:
    """One of the shipped ones, in its first version; its digest is its name with the version after it."""
    meaning = BY_NAME.get(name, BY_NAME["accuracy"])
    version = fields.setdefault("version", 1)
    told = {field: getattr(meaning, field) for field in ("label", "kind", "better", "definition", "checks")}
    return Scorer(**({"name": name, "digest": f"{name}-{version}"} | told | fields))


def score(request: str | None, value: float | None = None, of: str = "accuracy", **fields) -> Score:
    """By the first version of a scorer."""
    return Score(**({"scorer": of, "digest": f"{of}-1", "request": request, "value": value} | fields))


def write_scores(folder: Path, *lines: Line) -> None:
    """After those that are there."""
    with (folder / QUALITY).open("ab") as file:
        file.writelines(map(to_line, lines))
