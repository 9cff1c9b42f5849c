"""What a whole run cost, and what cannot be told of that. Pure."""

import json
from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from harness.run import PRICES, TargetInfo
from reports.cost import row_for, went_out
from reports.frames import Frames
from reports.report import PointReport, Price, PricesReport, TargetCost


def spending(run: Frames, points: Sequence[PointReport]) -> PricesReport | None:
    """The rows that the run is charged by, the cost of each target, and what is missing; None without a table."""
    tariff = run.tariff
    if tariff is None:
        return None
    rows = {target.name: row_for(tariff, target) for target in run.manifest.all_targets}
    priced = [(target, row) for target in run.manifest.all_targets if (row := rows[target.name]) is not None]
    return PricesReport(
        currency=tariff.currency,
        as_of=tariff.as_of,
        source=PRICES if tariff.source is None else f"{PRICES}: {tariff.source}",
        rows=[row for row in tariff.rows if row in rows.values()],
        targets=[_of_target(run, target, row, points) for target, row in priced],
        gaps=list(_gaps(rows, run.manifest.all_targets, points)),
    )


def _of_target(run: Frames, target: TargetInfo, row: Price, points: Sequence[PointReport]) -> TargetCost:
    costs = [point.cost.whole_point for point in points if point.target == target.name and point.cost]
    known = [each for each in costs if each is not None]
    mine = [each.requests for each in run.points if each.point.target == target.name]
    return TargetCost(
        target=target.name,
        model=target.model,
        price=row.name,
        price_of=row.of,
        basis="tokens" if row.per_hour is None else "machine",
        whole_run=sum(known) if known else None,
        unpriced=0 if row.per_hour is not None else sum(_uncounted(requests) for requests in mine),
    )


def _uncounted(requests: pd.DataFrame) -> int:
    counted = requests[["usage_prompt", "usage_output"]].notna().all(axis=1).to_numpy(bool)
    return int((went_out(requests) & ~counted).sum())


def _gaps(
    rows: Mapping[str, Price | None], targets: Sequence[TargetInfo], points: Sequence[PointReport]
) -> Iterator[str]:
    for target in targets:
        if rows[target.name] is None:
            yield (
                f"{PRICES} has no price for {_called(target, targets)}: add [models.{_quoted(target.model)}] or "
                f"[targets.{_quoted(target.name)}] to it."
            )
            continue
        costs = [point.cost for point in points if point.target == target.name and point.cost]
        if any(each.unpriced for each in costs) and all(each.window is None for each in costs):
            yield f"The server tells no token counts of {_called(target, targets)}, so what its tokens cost is not known."
        unscored = sum(each.unscored for each in costs)
        if unscored:
            yield (
                f"Of {_called(target, targets)} {unscored:,} answers have no word of {costs[0].check}, so the cost of a "
                "right answer is not told where they are."
            )


def _called(target: TargetInfo, targets: Sequence[TargetInfo]) -> str:
    return f"the model {target.model}" if len(targets) == 1 else f"the target {target.name} ({target.model})"


def _quoted(name: str) -> str:
    """A key as TOML has it."""
    return json.dumps(name, ensure_ascii=False)
