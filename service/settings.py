"""What the service is told when it is started, and the bounds that it keeps."""

import ipaddress
import sys
from dataclasses import dataclass, field
from pathlib import Path

from service.safety.tokens import Token

LOOPBACK = ("127.0.0.1", "::1", "localhost")
DEFAULT_PORT = 8000


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The most that one request may ask for."""

    body_bytes: int = 4_000_000
    requests: int = 10_000
    """Of a point that is bounded by their number."""
    points: int = 100
    """User counts times targets."""
    users: int = 1_000
    """Of a point."""
    duration_s: float = 3_600.0
    """Of a whole run, from its first to its last moment; what takes longer is cancelled."""
    max_tokens: int = 32_768
    queue: int = 20
    """Runs that wait."""
    listeners: int = 100
    """Streams of progress that are open at once."""
    processes: int = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All of it; made once and never changed."""

    data: Path
    """Runs, test sets, imports, and the embedded database."""
    database: str | None = None
    """URL of the database; None: SQLite in `data`."""
    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    tokens: tuple[Token, ...] = ()
    """Empty: whoever reaches the service may do all."""
    allowed_targets: tuple[str, ...] = ()
    """Host names and networks that runs may ask, beside what the rule of `targets` allows."""
    at_once: int = 1
    """Runs that go on at the same time; two spoil each other's measurement."""
    limits: Limits = field(default_factory=Limits)
    suggested_host: str | None = None
    """What the form for a run begins with."""
    debug_file: Path | None = None
    """A file of results that is served in place of the database's."""
    program: tuple[str, ...] = (sys.executable, "-P", "-m", "harness.cli")
    """The `llocust` that makes the runs."""

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine reaches it."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host in LOOPBACK

    @property
    def database_url(self) -> str:
        """Of the database, or of the embedded one.

        While a file is served in the database's place, that need not be there: runs are kept in the embedded one.
        """
        given = self.database if self.debug_file is None else None
        return given or f"sqlite:///{self.data.resolve() / 'llocust.db'}"

    @property
    def runs(self) -> Path:
        """A directory for each run that the service made."""
        return self.data / "runs"

    @property
    def testsets(self) -> Path:
        """Prompt sets and images that runs may use."""
        return self.data / "testsets"

    @property
    def imports(self) -> Path:
        """Run folders made elsewhere."""
        return self.data / "imports"
