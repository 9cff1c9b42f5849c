"""POST /benchmark: one call that measures an endpoint, and answers when that is done."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import anyio
import msgspec
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field, model_validator
from starlette.concurrency import run_in_threadpool

from harness import run
from harness.record import Record, from_line
from harness.run import RunError
from service.api.submission import Count, Dialect, KeyOrNothing, Submission, Url, Word
from service.dependencies import JobsNow, SettingsNow, StoreNow
from service.errors import Refused, answers
from service.jobs.intake import take_in
from service.jobs.jobs import Jobs
from service.metrics import Metrics, latency_s, measure, tokens_per_s, tokens_used, ttft_s
from service.settings import Settings
from service.store.nouns import RunRow, StoreError
from service.store.prompts import PromptBook
from service.store.store import Store

router = APIRouter(tags=["benchmark"])

POLL_S = 0.1
AT_ONCE_PER_S = 1_000.0
"""Users that begin in a second: requests that are counted must not be over before the last user has begun."""
VISION = "vision"
"""The shipped set of images."""
_DIALECTS: dict[str, Dialect] = {
    "api.anthropic.com": "messages",
    "generativelanguage.googleapis.com": "gemini",
}
"""Of hosts that everybody knows."""


class Benchmark(BaseModel):
    """What to measure."""

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True, protected_namespaces=())

    api_endpoint: Annotated[
        Url, Field(description="Base URL, or the full address", examples=["http://127.0.0.1:8001/v1"])
    ]
    api_key: Annotated[KeyOrNothing | None, Field(description="Kept in memory alone")] = None
    model_name: Word
    num_requests: Count
    test_prompts: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=100_000)]] | None, Field(min_length=1, max_length=10_000)
    ] = None
    use_vision: bool | None = None
    vision_testset_path: Annotated[
        Word | None, Field(description="A set or a folder of images below DATA/testsets")
    ] = None
    users: Count = 1
    max_tokens: Count | None = None
    dialect: Dialect | None = None
    testset: Annotated[Word | None, Field(description="A shipped set, or a file below DATA/testsets")] = None

    @property
    def has_images(self) -> bool:
        """A path alone means them, too; `use_vision: false` beside it does not."""
        return bool(self.use_vision) or (self.use_vision is None and self.vision_testset_path is not None)

    @model_validator(mode="after")
    def _one_set(self) -> "Benchmark":
        if self.testset is not None and (self.test_prompts is not None or self.has_images):
            raise ValueError("testset, test_prompts and images are different prompts; give one of them")
        return self


class Individual(BaseModel):
    """One request. Times in seconds; null is "not observed"."""

    request_id: str
    success: bool
    latency: float | None
    ttft: float | None
    tokens: Annotated[int | None, Field(description="Prompt and output")]
    output_tokens: int | None
    tokens_per_second: float | None
    outcome: str
    error: str | None
    prompt: str | None
    response: str | None


class BenchmarkMetrics(Metrics):
    """And whether they may be trusted."""

    verdict: str | None


class Benchmarked(BaseModel):
    """What was measured. More of it is at /runs/{run}."""

    model_config = ConfigDict(protected_namespaces=())

    model_name: str
    timestamp: datetime
    metrics: BenchmarkMetrics
    individual_results: list[Individual]
    run: str


@router.post("/benchmark", responses=answers(409, 502, 503))
async def benchmark(
    wanted: Benchmark, *, request: Request, response: Response, settings: SettingsNow, store: StoreNow, jobs: JobsNow
) -> Benchmarked:
    """Measure an endpoint. Failed requests are part of the answer; who hangs up before it cancels the run."""
    submission = _submission(settings, wanted)
    row = await run_in_threadpool(take_in, settings, jobs, submission, _prompts(wanted.test_prompts))
    await _await_end(request, jobs, row.id)
    response.headers["Location"] = f"/runs/{row.id}"
    return await run_in_threadpool(_answer, settings, store, wanted.model_name, row.id)


def _submission(settings: Settings, wanted: Benchmark) -> Submission:
    return Submission(
        host=wanted.api_endpoint,
        api_key=wanted.api_key if wanted.api_key and wanted.api_key.get_secret_value() else None,
        model=wanted.model_name,
        dialect=wanted.dialect or _DIALECTS.get(_name(wanted.api_endpoint)),
        # A server that refuses the key is measured as one that fails, not asked about before.
        probe=False,
        users=[wanted.users],
        requests=wanted.num_requests,
        spawn_rate=AT_ONCE_PER_S,
        max_tokens=wanted.max_tokens,
        name="benchmark",
        **_prompt_source(settings, wanted),
    )


def _name(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _prompt_source(settings: Settings, wanted: Benchmark) -> dict[str, Any]:
    if not wanted.has_images:
        return {"testset": wanted.testset}
    source = wanted.vision_testset_path or VISION
    if wanted.test_prompts is None:
        return {"testset": source}
    if not (settings.testsets / source).is_dir():
        raise Refused(422, "test_prompts can be asked about a folder of images alone; a set has prompts of its own.")
    return {"images": source}


def _prompts(texts: list[str] | None) -> bytes | None:
    if texts is None:
        return None
    return b"".join(msgspec.json.encode({"prompt": text}) + b"\n" for text in texts)


async def _await_end(request: Request, jobs: Jobs, run_id: str) -> None:
    """Holds no thread while it waits. Raises Refused where nobody waits for the answer any more."""
    while jobs.state(run_id) is not None:
        if await request.is_disconnected():
            await run_in_threadpool(jobs.cancel, run_id)
            raise Refused(499, "Nobody waits for the answer, and the run was cancelled.")
        await anyio.sleep(POLL_S)


def _answer(settings: Settings, store: Store, model_name: str, run_id: str) -> Benchmarked:
    row = store.run(run_id)
    if row is None:
        raise StoreError(f"The run {run_id} is not in the database any more.")
    if row.state in ("queued", "running"):
        raise Refused(503, f"The service is being stopped; the run goes on, and is at /runs/{run_id} later.")
    if row.state == "cancelled":
        raise Refused(409, f"The run {run_id} was cancelled.", *([row.trouble] if row.trouble else []))
    if row.folder is None or row.begun is None:
        raise Refused(502, f"The run {run_id} failed.", row.trouble or "It did not say why.")
    try:
        return _benchmarked(settings.data / row.folder, row, model_name)
    except (RunError, OSError, msgspec.DecodeError, LookupError) as error:
        raise Refused(502, f"The run {run_id} cannot be read: {error}.") from error


def _benchmarked(folder: Path, row: RunRow, model_name: str) -> Benchmarked:
    report = msgspec.json.decode((folder / "report.json").read_bytes())
    records = [record for point in run.read_manifest(folder).points for record in _records(folder / point.folder)]
    measured = measure(records, report["points"][0]["window_s"])
    book = PromptBook(folder)
    assert row.begun is not None
    return Benchmarked(
        model_name=model_name,
        timestamp=row.begun,
        metrics=BenchmarkMetrics(**measured.model_dump(), verdict=row.verdict),
        individual_results=[_individual(record, book.text(record.prompt, None)) for record in records],
        run=row.id,
    )


def _records(folder: Path) -> list[Record]:
    """In the order in which they were sent."""
    records = []
    for path in sorted(folder.glob("records-*.jsonl")):
        with path.open("rb") as file:
            records += [record for line in file if (record := _record(line)) is not None]
    return sorted(records, key=lambda record: record.sent_ns or record.begun_ns)


def _record(line: bytes) -> Record | None:
    try:
        return from_line(line)
    except msgspec.DecodeError:
        return None  # the last line of a process that was killed


def _individual(record: Record, prompt: str | None) -> Individual:
    return Individual(
        request_id=record.id,
        success=record.outcome == "ok",
        latency=latency_s(record),
        ttft=ttft_s(record),
        tokens=tokens_used(record),
        output_tokens=None if record.usage is None else record.usage.output,
        tokens_per_second=tokens_per_s(record),
        outcome=record.outcome,
        error=record.fault,
        prompt=prompt,
        response=record.text,
    )
