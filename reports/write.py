"""Every rendering of a run or a comparison, written into its folder, each whole or not at all."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow as pa

from harness.run import RunError, read_manifest, write_atomically
from harness.tokenizer import Tokenizer
from reports.build import build
from reports.charts import figures, remove_plots, save_plots
from reports.charts.look import Figure
from reports.compare import Comparison, compare
from reports.counts import count_tokens, write_counts
from reports.frames import Frames
from reports.load import load
from reports.models import side_by_side
from reports.prices import keep
from reports.render import csv, html, json, markdown, requests
from reports.report import Report

RENDERERS: dict[str, Callable[[Report, Frames, Sequence[Figure]], bytes]] = {
    "report.json": lambda report, *_: json.render(report),
    "points.csv": lambda report, *_: csv.render_points(report),
    "report.md": lambda report, frames, _: markdown.render(report, frames).encode(),
    "report.html": lambda *told: html.render(*told).encode(),
}
"""By the name of the file."""

TABLE_RENDERERS: dict[str, Callable[[pa.Table], bytes]] = {
    "requests.csv": requests.render_csv,
    "requests.parquet": requests.render_parquet,
}
"""Of the table of all requests, which is large and made once."""

COMPARISON_RENDERERS: dict[str, Callable[[Comparison], bytes]] = {
    "compare.json": json.render,
    "compare.csv": csv.render_comparison,
    "compare.md": lambda comparison: markdown.render_comparison(comparison).encode(),
    "compare.html": lambda comparison: html.render_comparison(comparison).encode(),
}

MODELS_PAGE, MODELS_TEXT = "models.html", "models.md"
"""Of a run of several targets."""


def write(
    folder: Path, tokenizer: Tokenizer | None = None, prices: Path | None = None, *, plots: bool | None = None
) -> Report:
    """Rebuild every rendering of a run from its facts, its tokens counted first where there is a tokenizer, and by the table
    of prices that is given, or else the one that it has. Figures become files of their own too with `plots`, or where the
    run was told so; without, none stay from another time.

    Raises harness.run.RunError, and PricesError for a table that cannot be used.
    """
    if prices is not None:
        read_manifest(folder)  # nothing is written into what is no run folder
        keep(folder, prices)
    if tokenizer is not None:
        _count(folder, tokenizer)
    frames = load(folder)
    report = build(frames)
    drawn = figures(report, frames)
    try:
        _write_requests(folder, frames)
        for name, render in RENDERERS.items():
            write_atomically(folder / name, render(report, frames, drawn))
        _write_models(folder, report, frames, drawn)
        change_plots = save_plots if _has_plots(frames, asked=plots) else remove_plots
        change_plots(drawn, folder / "plots")
    except OSError as error:
        raise RunError(f"The report cannot be written to {folder}: {error.strerror}.") from error
    return report


def _write_models(folder: Path, report: Report, frames: Frames, drawn: Sequence[Figure]) -> None:
    models = side_by_side(report, frames)
    if models is not None:
        write_atomically(folder / MODELS_PAGE, html.render_models(report, frames, models, drawn).encode())
        write_atomically(folder / MODELS_TEXT, markdown.render_models(report, models).encode())


def _has_plots(frames: Frames, *, asked: bool | None) -> bool:
    return frames.manifest.options.get("plots") is not False if asked is None else asked


def _count(folder: Path, tokenizer: Tokenizer) -> None:
    try:
        write_counts(folder, count_tokens(load(folder), tokenizer))
    except OSError as error:
        raise RunError(f"The counts of tokens cannot be written to {folder}: {error.strerror}.") from error


def _write_requests(folder: Path, frames: Frames) -> None:
    table = requests.requests_table(frames)
    for name, render in TABLE_RENDERERS.items():
        write_atomically(folder / name, render(table))


def write_comparison(base: Path, candidate: Path, into: Path) -> Comparison:
    """Compare two run folders. Raises RunError, and CompareError where they cannot be compared."""
    base_frames, candidate_frames = load(base), load(candidate)
    comparison = compare(build(base_frames), build(candidate_frames), base_frames, candidate_frames)
    try:
        into.mkdir(parents=True, exist_ok=True)
        for name, render in COMPARISON_RENDERERS.items():
            write_atomically(into / name, render(comparison))
    except OSError as error:
        raise RunError(
            f"The comparison cannot be written to {into}: {error.strerror}. Choose another directory with --output."
        ) from error
    return comparison
