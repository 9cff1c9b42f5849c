"""`llocust init`: writes a file with which something of one's own is begun."""

import argparse
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from harness.options import UsageMistakes


class Start(NamedTuple):
    """A file to begin with, and what is typed when it is ready."""

    file: str
    command: str
    about: str


STARTS = {
    "query-model": Start(
        "model_query.py",
        "llocust sweep --query-model {file}",
        "a function that asks by a client of your own and yields the answer",
    ),
    "dialect": Start(
        "my_dialect.py",
        "llocust sweep --host URL --dialect {file} --model NAME",
        "two functions that say how your server is asked and how it answers",
    ),
    "locustfile": Start(
        "my_user.py", "llocust sweep --host URL --locustfile {file}", "a Locust user that logs in before it asks"
    ),
    "prices": Start(
        "prices.toml", "llocust report output/latest --prices {file}", "a table of what tokens and machines cost"
    ),
    "scorer": Start(
        "my_scorer.py", "llocust quality output/latest --scorers {file}", "a function that says what an answer is worth"
    ),
}


class Written(NamedTuple):
    """What is there now, and what comes next."""

    path: Path
    command: str


def write(argv: list[str]) -> Written:
    """Raises UsageMistakes; nothing that is there is ever written over."""
    typed = _parser().parse_args(argv)
    start = STARTS[typed.what]
    path = Path(typed.dir) / start.file
    text = (files("harness") / "templates" / f"{start.file}.txt").read_bytes()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as file:
            file.write(text)
    except FileExistsError:
        raise UsageMistakes([f"{path} is there already, and stays as it is; give another place with --dir."]) from None
    except OSError as error:
        raise UsageMistakes([f"{path} cannot be written: {error.strerror}; give another place with --dir."]) from error
    return Written(path, start.command.format(file=_typed(path)))


def _typed(path: Path) -> str:
    # So that it cannot be taken for a name: of a dialect, a module, a shipped locustfile.
    return str(path) if path.is_absolute() or len(path.parts) > 1 else f"./{path}"


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> "None":  # type: ignore[override]
        raise UsageMistakes([f"{message[:1].upper()}{message[1:]}. `llocust init --help` tells what there is."])


def _parser() -> argparse.ArgumentParser:
    made = _Parser(
        "llocust init",
        description="Write a file to begin with. It says in its own words what to change, and what to type then.",
        epilog=" · ".join(f"{name}: {start.about}" for name, start in STARTS.items()),
        allow_abbrev=False,
    )
    made.add_argument("what", choices=tuple(STARTS), help="which one")
    made.add_argument("--dir", default=".", metavar="DIR", help="where to put it (.)")
    return made
