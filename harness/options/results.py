"""What is kept and shown, and where."""

from harness import values
from harness.metrics import SLO_METRICS
from harness.options.option import Option

RESULTS: tuple[Option, ...] = (
    Option(
        "slo",
        ("--slo",),
        values.slo,
        "–",
        "bounds a request must meet to count as goodput: " + ", ".join(SLO_METRICS) + "; e.g. ttft=500ms tpot=50ms",
        "NAME=T",
        many=True,
    ),
    Option(
        "keep_text", ("--keep-text", "--no-keep-text"), values.switch, "on", "store the generated text", switch=True
    ),
    Option(
        "plots",
        ("--plots", "--no-plots"),
        values.switch,
        "on",
        "draw the report's figures as SVG and PNG beside the page, too",
        switch=True,
    ),
    Option(
        "tokenizer",
        ("--tokenizer",),
        str,
        "–",
        "a tokenizer.json: lengths in tokens are made by it before the run, and answers counted by it afterwards",
        "FILE",
    ),
    Option(
        "prices",
        ("--prices",),
        str,
        "–",
        "a table of what tokens and machines cost, for the costs in the report; `llocust init prices` makes one",
        "FILE",
    ),
    Option(
        "calibrate",
        ("--calibrate",),
        values.switch,
        "off",
        "measure first what this machine adds to the numbers, at the largest user count, and keep it with the run",
        switch=True,
    ),
    Option("work_dir", ("--work-dir",), str, ".", "results go to DIR/output", "DIR"),
    Option("name", ("--name",), str, "sweep", "name of the run, part of its folder's name", "NAME"),
    Option("desc", ("--desc",), str, "empty", "a sentence about the run, kept in the report", "TEXT"),
    Option(
        "fail_on",
        ("--fail-on",),
        values.one_of("doubtful", "invalid"),
        "off",
        "exit 3 when the verdict is this or worse",
        "VERDICT",
    ),
    Option("lang", ("--lang",), values.one_of("en", "zh"), "en", "language of the status line", "LANG"),
)
