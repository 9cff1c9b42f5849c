"""A run of three targets beside each other: one paid by the hour, one by tokens, one without a price."""

from pathlib import Path

from msgspec.structs import replace
from support.folders import T0, S, full_window, health, manifest, phases, point, write_point
from support.priced import mark, price

from harness.record import Usage
from harness.run import TargetInfo, write_manifest

TARGETS = [
    TargetInfo(name=name, url=f"http://{name}.example", model=model, dialect="chat")
    for name, model in (("own", "open-9b"), ("bought", "big|<b>"), ("other", "small"))
]
TABLE = """\
currency = "USD"
[targets.own]
per_hour = 36
[models."big|<b>"]
input = 2
output = 10
"""
RIGHT = {"own": 0.8, "bought": 0.9, "other": 0.5}
"""Share of each target's answers that are right."""
STEPS_MS = {"own": 100, "bought": 200, "other": 50}
"""What an answer takes; a tenth of it until the first token."""


def write_beside(folder: Path, users=(1, 2), invalid: int | None = None) -> Path:
    """Each target at each of `users`, one point after the other; the point `invalid` had no CPU to spare."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = [
        point(index=at, users=count, target=target.name, phases={"w0": phases(start_ns=T0 + at * 60 * S)})
        for at, (count, target) in enumerate(((count, target) for count in users for target in TARGETS), 1)
    ]
    write_manifest(folder, manifest(rows, targets=TARGETS, options={"target_mode": "interleaved"}))
    values = {}
    for row in rows:
        records = [
            replace(each, id=f"{row.index}-{each.id}", point=row.index, usage=Usage(prompt=500, output=100))
            for each in full_window(
                row.users, step_ms=STEPS_MS[row.target], t0_ns=T0 + row.index * 60 * S, target=row.target
            )
        ]
        lines = health(cpu_ratio=0.97 if row.index == invalid else 0.2, start_ns=T0 + row.index * 60 * S)
        write_point(folder, row, records, lines)
        values |= {each.id: float(n < RIGHT[row.target] * len(records)) for n, each in enumerate(records)}
    return price(mark(folder, values), TABLE)
