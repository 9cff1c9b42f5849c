"""`llocust report` and `llocust compare`: the reading side's command lines. Needs neither Locust nor a network."""

import argparse
import sys
from pathlib import Path

from rich.console import Console

from harness.run import RunError
from reports.compare import CompareError
from reports.render.screen import comparison_summary, summary
from reports.report import Report
from reports.write import write, write_comparison

OK, USAGE, CHECK_FAILED = 0, 2, 3
_RANK = {"trusted": 0, "doubtful": 1, "invalid": 2}


def report_main(argv: list[str]) -> int:
    """Rebuild the renderings of runs; 2 where one cannot be read, 3 where --fail-on says so."""
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
    options = parser.parse_args(argv)
    try:
        reports = [_report(folder) for folder in options.runs]
    except RunError as error:
        print(error, file=sys.stderr)
        return USAGE
    return CHECK_FAILED if any(fails(report, options.fail_on) for report in reports) else OK


def _report(folder: Path) -> Report:
    report = write(folder)
    console = Console()
    console.print(summary(report))
    console.print(f"Report: {folder / 'report.html'}", soft_wrap=True, markup=False, highlight=False)
    return report


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
