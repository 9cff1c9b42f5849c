"""A run's options once they are read, and the mistakes where they cannot be."""

import msgspec

from harness.call import Timeouts

DEFAULT_USERS = (1, 2, 4, 8, 16)
DRAWN_IMAGES = 32


class UsageMistakes(Exception):
    """What is wrong with the options: a sentence each."""

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """A run's options, resolved. Never holds a secret: keys are named by their environment variable."""

    host: str
    model: str | None = None
    dialect: str = "chat"
    testset: str = "chat"
    testset_format: str | None = None
    testset_columns: dict[str, str] = {}
    """For fields of a prompt, what the set calls them."""
    images: str | None = None
    image_size: tuple[int, int] | None = None
    """Width and height in pixels."""
    image_pool: int = DRAWN_IMAGES
    images_per_request: int = 1
    users: tuple[int, ...] = DEFAULT_USERS
    run_time_s: float = 30.0
    requests: int | None = None
    settle_s: float = 30.0
    drain_s: float = 120.0
    spawn_rate: float | None = None
    connect_timeout_s: float = 10.0
    first_byte_timeout_s: float = 120.0
    idle_timeout_s: float = 60.0
    timeout_s: float = 600.0
    max_tokens: int = 256
    api_key_env: str = "OPENAI_API_KEY"
    headers: tuple[str, ...] = ()
    """As given: `Name: value` or `Name: env:VARIABLE`."""
    slo: dict[str, float] = {}
    """Bounds in seconds, by the names of SLO_METRICS."""
    stream: bool = True
    keep_text: bool = True
    salt: bool = False
    seed: int = 0
    processes: int = 0
    """Workers that are started beside the master; 0: the load is made in one process."""
    master: bool = False
    master_bind_host: str = "*"
    master_bind_port: int = 5557
    expect_workers: int = 1
    expect_workers_max_wait_s: float = 0.0
    """0: as long as it takes."""
    on_worker_loss: str = "stop"
    probe: bool = True
    calibrate: bool = False
    work_dir: str = "."
    name: str = "sweep"
    desc: str = ""
    locustfile: str | None = None
    fail_on: str | None = None
    lang: str = "en"

    @property
    def timeouts(self) -> Timeouts:
        """The four clocks of a request."""
        return Timeouts(self.connect_timeout_s, self.first_byte_timeout_s, self.idle_timeout_s, self.timeout_s)
