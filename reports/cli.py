"""`llocust report` and `llocust compare`: the reading side's command lines. Needs neither Locust nor a network."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console

from harness.run import RunError
from harness.tokenizer import Tokenizer, TokenizerError
from reports.compare import CompareError
from reports.prices import PricesError
from reports.render.screen import comparison_summary, summary
from reports.report import Report
from reports.write import MODELS_PAGE, write, write_comparison

OK, USAGE, CHECK_FAILED = 0, 2, 3
Gather = Callable[[Path, Sequence[Path]], Sequence[object]]
"""Brings into a run folder what its workers still have, also from the directories given; says what it brought."""

_RANK = {"trusted": 0, "doubtful": 1, "invalid": 2}


def report_main(argv: list[str], gather: Gather | None = None) -> int:
    """Rebuild the renderings of runs; 2 where one cannot be read, 3 where --fail-on says so.

    `gather` completes each run folder first.
    """
    parser = _report_parser(with_spools=gather is not None)
    options = parser.parse_args(argv)
    if gather is not None and options.spool and len(options.runs) != 1:
        parser.error("--spool belongs to one run; name only that.")
    try:
        if gather is not None:
            for brought in (each for folder in options.runs for each in gather(folder, options.spool)):
                print(brought, file=sys.stderr)
        tokenizer = Tokenizer(options.tokenizer) if options.tokenizer is not None else None
        reports = [_report(folder, tokenizer, options.prices, plots=options.plots) for folder in options.runs]
    except TokenizerError as error:
        parser.error(f"--tokenizer {error}")
    except PricesError as error:
        parser.error(str(error))
    except RunError as error:
        print(error, file=sys.stderr)
        return USAGE
    return CHECK_FAILED if any(fails(report, options.fail_on) for report in reports) else OK


def _report_parser(*, with_spools: bool) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "llocust report", description="Rebuild every rendering of a run from what was recorded."
    )
    parser.add_argument(
        "runs",
        nargs="*",
        type=Path,
        default=[Path("output/latest")],
        metavar="RUN",
        help="a run folder; output/latest if none is given",
    )
    parser.add_argument(
        "--fail-on", choices=("doubtful", "invalid"), help="exit 3 where a run's verdict is this, or worse"
    )
    parser.add_argument(
        "--tokenizer",
        type=Path,
        metavar="FILE",
        help="count the output tokens of the stored answers with this tokenizer.json, and show them beside the server's",
    )
    parser.add_argument(
        "--prices",
        type=Path,
        metavar="FILE",
        help="a table of what tokens and machines cost, copied into the run folder in place of the one there",
    )
    parser.add_argument(
        "--plots",
        action=argparse.BooleanOptionalAction,
        help="draw the figures as SVG and PNG beside the page, or take away those there; if not given, as the run was told",
    )
    if with_spools:
        parser.add_argument(
            "--spool",
            action="append",
            default=[],
            type=Path,
            metavar="DIR",
            help="a worker's spool, brought here from the host on which the worker died; may be given several times",
        )
    return parser


def _report(folder: Path, tokenizer: Tokenizer | None, prices: Path | None, *, plots: bool | None) -> Report:
    report = write(folder, tokenizer, prices, plots=plots)
    console = Console()
    console.print(summary(report))
    for told in where(folder):
        console.print(told, soft_wrap=True, markup=False, highlight=False)
    return report


def where(folder: Path) -> list[str]:
    """Where the pages of a run are, a line each."""
    lines = [f"Report: {folder / 'report.html'}"]
    models = folder / MODELS_PAGE
    return [*lines, f"Models: {models}"] if models.exists() else lines


def fails(report: Report, fail_on: str | None) -> bool:
    """Whether the verdict is `fail_on`, or worse."""
    return fail_on is not None and _RANK[report.verdict] >= _RANK[fail_on]


def compare_main(argv: list[str]) -> int:
    """Compare two runs; 2 where they cannot be compared."""
    parser = argparse.ArgumentParser("llocust compare", description="Two runs side by side, by the same definitions.")
    parser.add_argument("base", type=Path, metavar="BASE", help="the run folder to compare with")
    parser.add_argument("candidate", type=Path, metavar="CANDIDATE", help="the run folder to compare")
    parser.add_argument(
        "--output",
        type=Path,
        metavar="DIR",
        help="where to write compare.json, .csv, .md and .html; CANDIDATE if not given",
    )
    options = parser.parse_args(argv)
    into = options.output or options.candidate
    try:
        comparison = write_comparison(options.base, options.candidate, into)
    except CompareError as error:
        print("\n".join(error.sentences), file=sys.stderr)
        return USAGE
    except RunError as error:
        print(error, file=sys.stderr)
        return USAGE
    console = Console()
    console.print(comparison_summary(comparison))
    console.print(f"Comparison: {into / 'compare.html'}", soft_wrap=True, markup=False, highlight=False)
    return OK
