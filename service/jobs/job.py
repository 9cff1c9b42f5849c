"""One run that was asked for, before and while it runs."""

import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from service.jobs.child import Child
from service.jobs.directory import Directory


def new_id() -> str:
    """Sortable by time, to the millisecond, and unique."""
    now_ns = time.time_ns()
    seconds = time.strftime("%Y%m%dT%H%M%S", time.gmtime(now_ns // 1_000_000_000))
    return f"{seconds}{now_ns // 1_000_000 % 1_000:03d}Z-{secrets.token_hex(3)}"


@dataclass(slots=True, eq=False)
class Job:
    """A run that is queued or going on. Its keys are here and in its process's environment, and nowhere else."""

    directory: Directory
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    child: Child | None = None
    cancelled: bool = False
    why: str | None = None
    """What the service itself has to say about the end."""
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def id(self) -> str:
        return self.directory.id

    def scrubbed(self, text: str | None) -> str | None:
        """Text without this run's keys: a program that fails may print what it was given."""
        for secret in self.secrets.values():
            text = text and text.replace(secret, "***")
        return text
