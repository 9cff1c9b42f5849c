"""What is shown while answers are scored: a bar for each scorer."""

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from harness.screen import Event


class ScoreScreen:
    """On a terminal bars, which stay; elsewhere a line for each scorer, when it has ended."""

    def __init__(self) -> None:
        self._console = console = Console()
        self._progress = Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
            console=console, disable=not console.is_terminal,
        )  # fmt: skip
        self._tasks: dict[str, TaskID] = {}
        self._last: Event | None = None
        self._progress.start()

    def show(self, event: Event) -> None:
        if event["event"] != "score":
            return
        if self._last is not None and self._last["scorer"] != event["scorer"]:
            self._tell_last()
        self._last = event
        task = self._task(event["scorer"])
        self._progress.update(task, completed=event["done"], total=event["of"])

    def close(self) -> None:
        """The bars stay as they are."""
        self._tell_last()
        self._progress.stop()

    def _task(self, scorer: str) -> TaskID:
        if scorer not in self._tasks:
            self._tasks[scorer] = self._progress.add_task(scorer, total=None)
        return self._tasks[scorer]

    def _tell_last(self) -> None:
        if self._last is not None and not self._console.is_terminal:
            line = score_line(self._last)
            self._console.print(line, highlight=False, markup=False, soft_wrap=True)


def score_line(event: Event) -> str:
    """How far a scorer has come."""
    return f"{event['scorer']}: {event['done']:,} of {event['of']:,}"
