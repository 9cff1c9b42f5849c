"""A run's options once they are read, and the mistakes where they cannot be."""

from typing import Any

import msgspec

from harness.call import Timeouts
from harness.lengths import Lengths
from harness.pauses import ThinkTime
from harness.sampling import Sampling
from harness.targets import DEFAULT, Target

DEFAULT_USERS = (1, 2, 4, 8, 16)
DEFAULT_MAX_TOKENS = 256
DRAWN_IMAGES = 32
SYNTHETIC_PROMPTS = 1000
DEFAULT_CANARIES = "canaries"


class UsageMistakes(Exception):
    """What is wrong with the options: a sentence each."""

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """A run's options, resolved. Never holds a secret: keys are named by their environment variable."""

    host: str
    """The file, with `query_model`, which alone knows whom it asks."""
    model: str | None = None
    dialect: str = "chat"
    query_model: str | None = None
    targets: tuple[Target, ...] = ()
    """Each whole; none in a run of one target, which the options above and below are about."""
    target_mode: str = "interleaved"
    testset: str = "chat"
    testset_format: str | None = None
    testset_columns: dict[str, str] = {}
    """For fields of a prompt, what the set calls them."""
    images: str | None = None
    image_size: tuple[int, int] | None = None
    """Width and height in pixels."""
    image_pool: int = DRAWN_IMAGES
    images_per_request: int = 1
    input_tokens: Lengths | None = None
    input_chars: Lengths | None = None
    output_tokens: Lengths | None = None
    synthetic_prompts: int = SYNTHETIC_PROMPTS
    prefix_share: float = 0.0
    """0..1, of each prompt's length."""
    prefix_pool: int = 1
    conversations: str | None = None
    """replay or live; None: a prompt is asked as one request, whatever dialogue is in it."""
    think_time: ThinkTime | None = None
    max_turns: int | None = None
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
    max_tokens: int = DEFAULT_MAX_TOKENS
    min_tokens: int | None = None
    ignore_eos: bool = False
    temperature: float | None = None
    top_p: float | None = None
    sampling_seed: int | None = None
    stop: tuple[str, ...] = ()
    extra_body: dict[str, Any] = {}
    api_key_env: str = "OPENAI_API_KEY"
    headers: tuple[str, ...] = ()
    """As given: `Name: value` or `Name: env:VARIABLE`."""
    slo: dict[str, float] = {}
    """Bounds in seconds, by the names of SLO_METRICS."""
    stream: bool = True
    keep_text: bool = True
    plots: bool = True
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
    quality: tuple[str, ...] = ()
    """Names of harness.score.MEANINGS."""
    tolerance: float = 1e-6
    """Of a number that is checked, as a share of the expected one."""
    judge: Target | None = None
    judge_sample: int | None = None
    """Answers of a point; None: all."""
    judge_rate: float | None = None
    """Questions a second; None: as many as the endpoint answers."""
    judge_concurrency: int = 8
    moderation: Target | None = None
    texts: str | None = None
    prices: str | None = None
    canary_every: int | None = None
    """Of each user's requests every so-many-th is a canary; None: none."""
    canaries: str = DEFAULT_CANARIES
    logprobs: bool = False
    tokenizer: str | None = None
    calibrate: bool = False
    work_dir: str = "."
    name: str = "sweep"
    desc: str = ""
    locustfile: str | None = None
    fail_on: str | None = None
    lang: str = "en"

    @property
    def is_synthetic(self) -> bool:
        """Whether the prompts are made to measure, and come from no set."""
        return self.input_tokens is not None or self.input_chars is not None

    @property
    def all_targets(self) -> tuple[Target, ...]:
        """Those of --target, or the one that the other options make."""
        return self.targets or (
            Target(
                name=DEFAULT,
                host=self.host,
                model=self.model,
                dialect=self.dialect,
                api_key_env=self.api_key_env,
                headers=self.headers,
                weight=1,
            ),
        )

    @property
    def dialects(self) -> tuple[str, ...]:
        """Of all targets, each once."""
        return tuple(dict.fromkeys(target.dialect for target in self.all_targets))

    @property
    def sampling(self) -> Sampling:
        """What is asked of the server's choice of tokens."""
        return Sampling(
            temperature=self.temperature,
            top_p=self.top_p,
            seed=self.sampling_seed,
            stop=self.stop,
            ignore_eos=self.ignore_eos,
            min_tokens=self.min_tokens,
        )

    @property
    def timeouts(self) -> Timeouts:
        """The four clocks of a request."""
        return Timeouts(self.connect_timeout_s, self.first_byte_timeout_s, self.idle_timeout_s, self.timeout_s)
