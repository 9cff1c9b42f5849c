"""Questions to somebody slow, several at once."""

import threading
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from queue import SimpleQueue
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class Answered(NamedTuple, Generic[T, R]):
    """What was asked, and what was found."""

    subject: T
    found: R


class _Broken(NamedTuple):
    error: BaseException


def ask_all(ask: Callable[[T], R], subjects: Iterable[T], threads: int) -> Iterator[Answered[T, R]]:
    """Each as it comes. A subject is taken when a thread is free for it. What `ask` raises is raised here."""
    todo: SimpleQueue[T | None] = SimpleQueue()
    done: SimpleQueue[Answered[T, R] | _Broken] = SimpleQueue()
    waiting = iter(subjects)
    under_way = 0
    try:
        for subject in islice(waiting, threads):
            # A thread that asks must not keep a process that is told to end: nobody is hurt by an answer that is not heard.
            threading.Thread(target=_work, args=(ask, todo, done), daemon=True).start()
            todo.put(subject)
            under_way += 1
        while under_way:
            answered = done.get()
            under_way -= 1
            if isinstance(answered, _Broken):
                raise answered.error
            for subject in islice(waiting, 1):
                todo.put(subject)
                under_way += 1
            yield answered
    finally:
        for _ in range(threads):
            todo.put(None)


def _work(ask: Callable[[T], R], todo: "SimpleQueue[T | None]", done: "SimpleQueue[Answered[T, R] | _Broken]") -> None:
    while (subject := todo.get()) is not None:
        try:
            done.put(Answered(subject, ask(subject)))
        except BaseException as error:  # noqa: BLE001 - raised again where the answers are waited for
            done.put(_Broken(error))
