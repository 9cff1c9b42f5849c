"""What POST /runs takes: the TOML file of `llocust sweep --config` as JSON, but for what is the machine's own business.

Whether values make sense says `llocust sweep` itself. Here stands what is taken at all.
"""

import json
import re
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    SecretStr,
    StringConstraints,
    model_validator,
)

KEY_VARIABLE = "LLOCUST_SERVICE_KEY"
"""Holds a run's key in its environment; with a number or a word behind it, a target's, the judge's or the moderation's."""
GROUPS = ("target", "request", "workload", "load", "results", "quality")
"""Tables of the file, in which options may stand as well as at the top."""

Text = Annotated[
    str, StringConstraints(min_length=1, max_length=2_000, pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]+$")
]
Word = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
Url = Annotated[str, StringConstraints(min_length=1, max_length=2_000, pattern=r"^[^\x00-\x20\x7f]+$")]
Count = Annotated[int, Field(ge=1, le=1_000_000_000)]
Seed = Annotated[int, Field(ge=-(2**31), le=2**31)]
Ratio = Annotated[float, Field(ge=0, le=1)]
Number = Annotated[float, Field(ge=0, le=1e9)]
Duration = Annotated[float, Field(ge=0, le=1e6)] | Annotated[str, StringConstraints(min_length=1, max_length=20)]
Lengths = (
    Count
    | Annotated[str, StringConstraints(max_length=100, pattern=r"^([0-9]+|(uniform|normal|lognormal):[0-9a-z=.,]+)$")]
)
"""A number, or a distribution; one in a file is none of the service's."""


def _fits_a_header(key: SecretStr) -> SecretStr:
    # Its value is in no sentence, and never was in a regular expression of pydantic's, which shows what it tried.
    if not re.fullmatch(r"[\x20-\x7e]*", key.get_secret_value()):
        raise ValueError("a key is made of printable ASCII characters")
    return key


KeyOrNothing = Annotated[SecretStr, Field(max_length=4_000), AfterValidator(_fits_a_header)]
Key = Annotated[KeyOrNothing, Field(min_length=1)]
HeaderName = Annotated[str, StringConstraints(max_length=200, pattern=r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")]
HeaderValue = Annotated[str, StringConstraints(max_length=2_000, pattern=r"^[^\x00-\x1f\x7f]*$")]


def _of_the_run(headers: dict[str, str]) -> dict[str, str]:
    """A header may bring what is in a variable. Of the service's there are some that no target should see."""
    variables = [value.strip().removeprefix("env:") for value in headers.values() if value.strip().startswith("env:")]
    if not all(variable.startswith(KEY_VARIABLE) for variable in variables):
        raise ValueError(f"a header can bring the api_key, as env:{KEY_VARIABLE}, and no other variable")
    return headers


Headers = Annotated[dict[HeaderName, HeaderValue], Field(max_length=50), AfterValidator(_of_the_run)]
Dialect = Literal["chat", "completions", "responses", "messages", "gemini", "ollama", "tgi"]
"""The shipped ones: one of the user's own is a program."""
Scorer = Literal[
    "accuracy",
    "choice",
    "exact",
    "contains",
    "regex",
    "numeric",
    "math",
    "json",
    "refusal",
    "empty",
    "truncated",
    "language",
    "chrf",
    "logprob",
    "perplexity",
    "factuality",
    "contradiction",
    "coherence",
    "toxicity-classifier",
    "toxicity-moderation",
    "toxicity-judge",
]
"""The shipped ones: one of the user's own is a program, too."""


MOST_EXTRA_BYTES = 64_000


def _plain_json(body: dict[str, Any]) -> dict[str, Any]:
    """Python's reader of JSON takes more than JSON is: half characters, and numbers that are none."""
    try:
        size = len(json.dumps(body, ensure_ascii=False, allow_nan=False).encode())
    except (ValueError, RecursionError):
        raise ValueError("give plain JSON: finite numbers, whole characters, and not too deep") from None
    if size > MOST_EXTRA_BYTES:
        raise ValueError(f"give {MOST_EXTRA_BYTES:,} bytes at most")
    return body


ExtraBody = Annotated[dict[str, JsonValue], Field(max_length=200), AfterValidator(_plain_json)]


class _Strict(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        allow_inf_nan=False,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
        alias_generator=lambda name: name.replace("_", "-"),
        hide_input_in_errors=True,
    )


class Target(_Strict):
    """One of several servers or models."""

    name: Word | None = None
    host: Url | None = None
    model: Word | None = None
    dialect: Dialect | None = None
    weight: Annotated[int, Field(ge=1, le=1_000)] | None = None
    headers: Headers | None = None
    api_key: Annotated[Key | None, Field(description="Kept in memory alone")] = None


class Asked(_Strict):
    """Whom scorers ask when the load has ended. Nothing is taken over from the targets, least of all a key."""

    host: Url
    model: Word | None = None
    headers: Headers | None = None
    api_key: Annotated[Key | None, Field(description="Kept in memory alone")] = None


class Judge(Asked):
    """A model that judges answers."""

    dialect: Dialect | None = None


class Submission(_Strict):
    """A run. Names are the options' of `llocust sweep`, with dashes or underscores, at the top or in the table of their group."""

    host: Url | None = None
    model: Word | None = None
    dialect: Dialect | None = None
    headers: Headers | None = None
    targets: Annotated[list[Target] | None, Field(min_length=1, max_length=50)] = None
    target_mode: Literal["interleaved", "sequential", "mixed"] | None = None
    probe: bool | None = None
    api_key: Annotated[
        Key | None, Field(description="Kept in memory alone, and given to the run in its environment")
    ] = None

    max_tokens: Count | None = None
    min_tokens: Count | None = None
    ignore_eos: bool | None = None
    temperature: Number | None = None
    top_p: Ratio | None = None
    sampling_seed: Seed | None = None
    stop: Annotated[list[Text] | None, Field(max_length=20)] = None
    logprobs: bool | None = None
    extra_body: ExtraBody | None = None
    stream: bool | None = None
    connect_timeout: Duration | None = None
    first_byte_timeout: Duration | None = None
    idle_timeout: Duration | None = None
    timeout: Duration | None = None

    testset: Annotated[Word | None, Field(description="A shipped set, or a file below DATA/testsets")] = None
    testset_format: Word | None = None
    testset_columns: Annotated[dict[Word, Word] | None, Field(max_length=20)] = None
    images: Annotated[Word | None, Field(description="A folder below DATA/testsets")] = None
    image_size: Annotated[str | None, StringConstraints(pattern=r"^[0-9]{1,5}x[0-9]{1,5}$")] = None
    image_pool: Annotated[int, Field(ge=1, le=1_000)] | None = None
    images_per_request: Annotated[int, Field(ge=1, le=100)] | None = None
    input_tokens: Lengths | None = None
    input_chars: Lengths | None = None
    output_tokens: Lengths | None = None
    synthetic_prompts: Annotated[int, Field(ge=1, le=100_000)] | None = None
    prefix_share: Ratio | None = None
    prefix_pool: Count | None = None
    conversations: Literal["replay", "live"] | None = None
    think_time: Annotated[str, StringConstraints(max_length=100, pattern=r"^[a-z:0-9.,]+$")] | Number | None = None
    max_turns: Count | None = None
    salt: bool | None = None
    canary_every: Count | None = None
    canaries: Annotated[Word | None, Field(description="A shipped set, or a file below DATA/testsets")] = None
    seed: Seed | None = None

    users: Annotated[list[Count] | None, Field(min_length=1, max_length=1_000)] = None
    run_time: Duration | None = None
    requests: Count | None = None
    settle: Duration | None = None
    drain: Duration | None = None
    spawn_rate: Number | None = None
    processes: Annotated[int, Field(ge=0, le=1_000)] | None = None

    slo: Annotated[dict[Word, Duration] | None, Field(max_length=10)] = None
    keep_text: bool | None = None
    plots: bool | None = None
    calibrate: bool | None = None
    name: Word | None = None
    desc: Annotated[
        str | None, StringConstraints(max_length=2_000, pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$")
    ] = None

    quality: Annotated[list[Scorer] | None, Field(min_length=1, max_length=50)] = None
    tolerance: Annotated[float | None, Field(ge=0, lt=1)] = None
    judge: Judge | None = None
    judge_sample: Count | None = None
    judge_rate: Number | None = None
    judge_concurrency: Annotated[int | None, Field(ge=1, le=100)] = None
    moderation: Asked | None = None
    texts: Annotated[Word | None, Field(description="A shipped set, or a file below DATA/testsets")] = None

    @model_validator(mode="before")
    @classmethod
    def _flatten(cls, given: Any) -> Any:
        """Options out of the tables of their groups."""
        if not isinstance(given, dict):
            return given
        flat = {key: value for key, value in given.items() if not (key in GROUPS and isinstance(value, dict))}
        for group in GROUPS:
            table = given.get(group)
            for key, value in (table if isinstance(table, dict) else {}).items():
                if key in flat:
                    raise ValueError(f"{key} stands there twice; keep one of them")
                flat[key] = value
        return flat

    def urls(self) -> Iterator[str]:
        """All that will be asked."""
        for each in (self, *(self.targets or ()), self.judge, self.moderation):
            if each is not None and each.host is not None:
                yield each.host
