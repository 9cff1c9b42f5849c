"""What a sweep shows while it runs: a progress bar, a status line a second, or JSON for programs."""

import sys
import time
from collections.abc import Mapping
from typing import Any, Protocol

import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from harness.targets import DEFAULT

Event = Mapping[str, Any]

_LABELS = {
    "en": {
        "users": "users",
        "counts": "ok/failed",
        "latency_s": "latency",
        "chars_per_s_stream": "chars/s per stream",
        "chars_per_s_total": "total chars/s",
        "ttft_p95_s": "TTFT p95",
    },
    "zh": {
        "users": "并发",
        "counts": "问答/错误",
        "latency_s": "平均延迟",
        "chars_per_s_stream": "出字均速",
        "chars_per_s_total": "总吞吐",
        "ttft_p95_s": "首字延迟 p95",
    },
}

# Where in a point's share of the bar each phase lies.
_SPAN = {"spawn": (0.0, 0.05), "settle": (0.05, 0.15), "window": (0.15, 0.95), "cooldown": (0.95, 1.0)}


def status_line(event: Event, clock: str, lang: str) -> str:
    """One second of a point, e.g. `23:16:06 [users] 4 [ok/failed] 31/0 [latency] 1.32 s …`; “–” is not observed."""
    labels = _LABELS[lang]
    figures = {
        "users": str(event["users"]),
        "counts": f"{event['ok']}/{event['failed']}",
        "latency_s": _figure(event["latency_s"], ".2f", " s"),
        "chars_per_s_stream": _figure(event["chars_per_s_stream"], ".1f"),
        "chars_per_s_total": _figure(event["chars_per_s_total"], ".1f"),
        "ttft_p95_s": _figure(event["ttft_p95_s"], ".2f", " s"),
    }
    return f"{clock} " + " ".join(f"[{labels[key]}] {text}" for key, text in figures.items())


def point_line(event: Event) -> str:
    """The beginning of a point; its target where there are several."""
    target = event.get("target", DEFAULT)
    of_target = "" if target == DEFAULT else f", {target}"
    return f"Point {event['number']} of {event['of']}: {_users(event['users'])}{of_target}"


def _users(count: int) -> str:
    return f"{count} user{'' if count == 1 else 's'}"


def _figure(value: float | None, form: str, unit: str = "") -> str:
    return "–" if value is None else f"{value:{form}}{unit}"


def done_ratio(event: Event) -> float:
    """How much of its point a tick stands for, 0 to 1."""
    begin, end = _SPAN[event["phase"]]
    if event["phase"] == "window" and event["requests"]:
        inside: float = event["ended"] / event["requests"]
    else:
        inside = event["elapsed_s"] / event["limit_s"] if event["limit_s"] else 0.0
    done: float = begin + (end - begin) * min(inside, 1.0)
    return done


class Screen(Protocol):
    """Something that is told what the load process says."""

    def show(self, event: Event) -> None: ...

    def close(self) -> None: ...


class JsonScreen:
    """One JSON object a line."""

    def show(self, event: Event) -> None:
        sys.stdout.write(msgspec.json.encode(event).decode() + "\n")
        sys.stdout.flush()

    def close(self) -> None:
        """Nothing is held."""


class QuietScreen:
    """Nothing at all."""

    def show(self, event: Event) -> None:
        """Nothing is shown."""

    def close(self) -> None:
        """Nothing is held."""


class BarScreen:
    """A bar for the sweep, and above it a line a second."""

    def __init__(self, lang: str) -> None:
        self._console = console = Console()
        self._lang = lang
        self._progress = Progress(
            TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"), TimeElapsedColumn(),
            console=console, transient=True, disable=not console.is_terminal,
        )  # fmt: skip
        self._task: TaskID = self._progress.add_task("starting", total=1.0)
        self._number, self._of = 1, 1
        self._progress.start()

    def show(self, event: Event) -> None:
        if event["event"] == "point":
            self._number, self._of = event["number"], event["of"]
            self._console.print(point_line(event), highlight=False, markup=False, soft_wrap=True)
        elif event["event"] == "worker":
            self._console.print(event["text"], highlight=False, markup=False, soft_wrap=True)
        elif event["event"] == "tick":
            line = status_line(event, time.strftime("%H:%M:%S"), self._lang)
            self._console.print(line, highlight=False, markup=False, soft_wrap=True)
            done = (self._number - 1 + done_ratio(event)) / self._of
            description = f"point {self._number}/{self._of} {event['phase']}"
            self._progress.update(self._task, completed=done, description=description)

    def close(self) -> None:
        self._progress.stop()
