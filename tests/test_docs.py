"""The documentation names all that there is, names nothing that there is not, and its examples can be used."""

import argparse
import ast
import json
import re
import shlex
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest

from harness import metrics, run, score, targets
from harness import record as records
from harness.calibrate import read_command as read_calibrate
from harness.cli import VERBS
from harness.dialects import DIALECTS
from harness.errand import parser as worker_parser
from harness.errand import read_command as read_worker
from harness.init import STARTS
from harness.init import write as write_start
from harness.options import OPTIONS, UsageMistakes, read_some
from harness.options.scored import without_means
from harness.outcome import Outcome
from harness.parser import COMMANDS_OWN, make_parser, variable_of
from harness.quality import judgements
from harness.quality.command import read_command as read_quality
from harness.salvage import salvage
from harness.sampling import OPTION_OF
from harness.screen import status_line
from harness.simulator.options import SimulatorOptions, add_arguments
from harness.sources import CONFIG_FILES
from harness.sweep import read_command
from reports import limits, prices, report
from reports.cli import compare_main, report_main
from reports.rules import DAMAGE, DOUBTS
from service.cli import make_parser as make_serve_parser

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
PAGES = sorted([README, ROOT / "CHANGELOG.md", ROOT / "testsets" / "README.md", *(ROOT / "docs").rglob("*.md")])
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SHELL = ("sh", "")
LOCUSTS_OWN = frozenset({"-f", "--host", "--headless", "-u", "-r", "-t", "--stop-timeout", "--processes"})


def name_of(page):
    return str(page.relative_to(ROOT))


def text_of(name):
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def words_of(name):
    """All that stands between backticks on a page, split at blanks, commas and pipes."""
    prose = FENCE.sub("", text_of(name))
    return {word for span in re.findall(r"`([^`\n]+)`", prose) for word in re.split(r"[\s,|\\]+", span)}


def row_of(name, begins):
    """The one table row of a page whose first cell begins so."""
    rows = [line for line in text_of(name).splitlines() if line.startswith(f"| {begins}")]
    assert len(rows) == 1, f"{begins} has {len(rows)} rows in docs/{name}"
    return rows[0]


# Everything there is, is told


def flags_of(action):
    return [flag for flag in action.option_strings if flag.startswith("--")]


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.key)
def test_every_option_has_a_row_with_its_flags_and_default(option):
    long_flag = next(flag for flag in option.flags if flag.startswith("--"))
    row = row_of("options.md", f"`{long_flag}{'`' if option.switch else ' '}")
    for flag in option.flags:
        assert re.search(rf"`{flag}[` ]", row)
    default = row.replace("\\|", "/").split(" | ")[1]
    assert default.strip("`") == option.default


@pytest.mark.parametrize("option", [*OPTIONS, *COMMANDS_OWN], ids=lambda option: option.key)
def test_every_option_is_named_with_its_environment_variable(option):
    first = next(flag for flag in option.flags if flag.startswith("--"))
    (row,) = (line for line in text_of("options.md").splitlines() if re.match(rf"\| `{first}[` ]", line))
    assert row.split(" | ")[-2].strip() == f"`{variable_of(option)}`"


def test_every_flag_of_the_parser_is_told():
    told = words_of("options.md")
    for action in make_parser()._actions:
        if action.dest != "help":
            assert set(action.option_strings) <= told


def test_every_option_of_a_worker_has_a_row_with_its_default():
    for action in worker_parser()._actions:
        if action.dest != "help":
            row = row_of("workers.md", f"`{flags_of(action)[0]}")
            assert all(f"`{flag}" in row for flag in action.option_strings)
            default = {None: "`locustfiles/chat.py`", False: "off"}.get(action.default, f"`{action.default}`")
            assert row.split(" | ")[1] == default


def test_config_files_are_told():
    assert set(CONFIG_FILES) <= words_of("options.md")


METRICS = {
    "latency": metrics.LATENCIES,
    "stream": metrics.STREAM,
    "client": metrics.CLIENT,
}


@pytest.mark.parametrize("path", [f"{part}.{metric.key}" for part, table in METRICS.items() for metric in table])
def test_every_metric_has_a_row(path):
    row_of("metrics.md", f"`{path}`")


def test_every_metric_of_a_bound_is_told():
    assert set(metrics.SLO_METRICS) <= words_of("metrics.md")
    assert set(metrics.SLO_METRICS) <= words_of("options.md")


TOP = [*report.Report.__struct_fields__, *report.PointReport.__struct_fields__]
PARTS = {
    "requests": report.Requests,
    "goodput": report.Goodput,
    "concurrency": report.Concurrency,
    "throughput": report.Throughput,
    "latency": report.Latency,
    "with_failures": report.WithFailures,
    "stream": report.Stream,
    "tokens": report.Tokens,
    "prompts": report.Prompts,
    "lengths": report.Lengths,
    "conversations": report.Conversations,
    "canaries": report.CanaryReport,
    "quality": report.ScoreReport,
    "cost": report.CostReport,
    "client": report.Client,
    "locust": report.LocustCheck,
}


@pytest.mark.parametrize(
    "key",
    [
        *TOP,
        *(f"{part}.{field}" for part, struct in PARTS.items() for field in struct.__struct_fields__),
        *report.Distribution.__struct_fields__,
        *report.Tail.__struct_fields__,
        *report.Length.__struct_fields__,
        *report.TurnReport.__struct_fields__,
        *report.Bounds.__struct_fields__,
        *report.Difference.__struct_fields__,
        *report.QualityReport.__struct_fields__,
        *report.ScorerReport.__struct_fields__,
        *report.TextScore.__struct_fields__,
        *report.PricesReport.__struct_fields__,
        *report.Price.__struct_fields__,
        *report.TargetCost.__struct_fields__,
        *report.Reason.__struct_fields__,
    ],
)
def test_every_key_of_the_report_is_told(key):
    assert key in words_of("metrics.md")


def test_no_part_of_the_report_is_forgotten_by_this_test():
    types = {field.name: str(field.type) for field in msgspec.structs.fields(report.PointReport)}
    of_structs = {name for name, kind in types.items() if re.search(r"\breport\.[A-Z]", kind)}
    assert of_structs - {"requests_all", "reasons"} == PARTS.keys()


@pytest.mark.parametrize("outcome", Outcome)
def test_every_outcome_has_a_row(outcome):
    row_of("outcomes.md", f"`{outcome}`")


def test_outcomes_stand_in_the_order_in_which_they_are_asked():
    assert re.findall(r"^\| `(\w+)` \|", text_of("outcomes.md"), re.MULTILINE) == [str(outcome) for outcome in Outcome]


def codes_in_code():
    """First arguments of `reason` and `_invalid`, and every `code=`, in the rules and the verdict."""
    found = {rule.__name__ for rule in (*DAMAGE, *DOUBTS)}
    for path in (*(ROOT / "reports" / "rules").glob("*.py"), ROOT / "reports" / "verdict.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                first = node.args[:1] if getattr(node.func, "id", "") in ("reason", "_invalid") else []
                named = [keyword.value for keyword in node.keywords if keyword.arg == "code"]
                found |= {word.value for word in (*first, *named) if isinstance(word, ast.Constant)}
    return found


CODES = sorted(codes_in_code())


@pytest.mark.parametrize("code", CODES)
def test_every_code_of_the_verdict_has_a_row(code):
    row_of("verdict.md", f"`{code}`")


def test_no_row_of_the_verdict_is_about_a_code_that_there_is_not():
    rows = re.findall(r"^\| `(\w+)` \|", text_of("verdict.md"), re.MULTILINE)
    assert sorted(rows) == CODES


class Shown(NamedTuple):
    """Where a limit is told, and how: seconds as milliseconds, all else as it is."""

    code: str
    limit: limits.Limit
    is_time: bool = False


LIMITS = (
    Shown("client_cpu", limits.CLIENT_CPU_RATIO),
    Shown("loop_lag", limits.LOOP_LAG_S, is_time=True),
    Shown("loop_lag", limits.LOOP_LAG_PER_ITL),
    Shown("bounded_stamps", limits.BOUNDED_RATIO),
    Shown("unstamped", limits.UNSTAMPED_LOOP_LAG_S, is_time=True),
    Shown("concurrency_not_reached", limits.CONCURRENCY_RATIO),
    Shown("late_dispatch", limits.LATE_DISPATCH_S, is_time=True),
    Shown("too_few_requests", limits.REQUESTS),
    Shown("window_too_short", limits.WINDOW_PER_E2E),
    Shown("not_steady", limits.HALVES_RATIO),
    Shown("high_errors", limits.FAILED_RATIO),
    Shown("clock_step", limits.CLOCK_STEP_S, is_time=True),
    Shown("bundled", limits.EVENTS_PER_READ),
    Shown("bundled", limits.TOKENS_PER_EVENT),
    Shown("tokens_disagree", limits.TOKENS_OFF_RATIO),
    Shown("lengths_missed", limits.LENGTH_OFF_RATIO),
    Shown("prompt_reuse", limits.SENT_PER_PROMPT),
    Shown("prompt_reuse", limits.CACHED_RATIO),
    Shown("quality_drop", limits.QUALITY_P),
    Shown("canaries_changed", limits.CANARIES_CHANGED_RATIO),
)


@pytest.mark.parametrize("shown", LIMITS, ids=lambda shown: shown.code)
def test_limits_are_those_of_the_table(shown):
    told = row_of("verdict.md", f"`{shown.code}`").split(" | ")[1]
    for level, value in shown.limit._asdict().items():
        if value is not None:
            amount = f"{value * 1000:g} ms" if shown.is_time else f"{value:g}"
            # Up to the level's own name: what comes before it belongs to it.
            assert re.search(rf"[<>] {re.escape(amount)}(?![\d.])[^;]*{level}|[<>] {re.escape(amount)} {level}", told)


def test_no_limit_is_forgotten_by_this_test():
    table = [value for value in vars(limits).values() if isinstance(value, limits.Limit)]
    assert sorted(map(str, table)) == sorted(str(shown.limit) for shown in LIMITS)


@pytest.mark.parametrize("field", records.Record.__struct_fields__)
def test_every_field_of_a_record_is_in_its_table(field):
    table = text_of("run-folder.md").split("| field | type |")[1].split("\n\n")[0]
    firsts = [line.split(" | ")[0] for line in table.splitlines()]
    assert any(f"`{field}`" in cell for cell in firsts)


STORED = (
    run.Manifest,
    run.Anchor,
    run.Process,
    run.Phases,
    run.Point,
    run.Git,
    run.Host,
    run.TestsetInfo,
    run.TargetInfo,
    run.Calibration,
    run.ErrorBar,
    run.Yardstick,
    run.LengthProbe,
    records.Usage,
    records.Lag,
    records.Health,
    records.LocustStats,
    records.LocustEntry,
    score.Scorer,
    score.Score,
    score.Gap,
    judgements.Judgement,
)


@pytest.mark.parametrize("struct", STORED, ids=lambda struct: struct.__name__)
def test_every_stored_key_is_told(struct):
    assert set(struct.__struct_fields__) <= words_of("run-folder.md")


# What is told, there is


def blocks(page, *languages):
    found = FENCE.findall(page.read_text(encoding="utf-8"))
    return [body for language, body in found if language in languages]


class Command(NamedTuple):
    """A line of a shell block."""

    page: str
    words: list[str]

    def __str__(self):
        return f"{self.page}: {' '.join(self.words)}"


# Not what a program prints about itself: `llocust simulate: listening on ...`.
COMMAND_LINE = re.compile(r"(llocust|make|locust)\s+[^\s:]+(\s|$)")
COMMANDS = [
    Command(name_of(page), shlex.split(line, comments=True))
    for page in PAGES
    for body in blocks(page, *SHELL)
    for line in body.splitlines()
    if COMMAND_LINE.match(line)
]


def of_program(program):
    return [command for command in COMMANDS if command.words[0] == program]


@pytest.mark.parametrize("command", of_program("make"), ids=str)
def test_make_targets_exist(command):
    targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert set(command.words[1:]) <= set(targets)


@pytest.fixture
def nowhere(tmp_path, monkeypatch):
    """No config file, and no variable of ours; but what `llocust init` writes."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for what in STARTS:
        write_start([what])


def understand_sweep(arguments, **_):
    request = read_command(arguments)
    if request.resume is None:
        request.resolve()


def understand_demo(arguments, **_):
    read_command(arguments)


def understand_simulate(arguments, **_):
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    SimulatorOptions.from_namespace(parser.parse_args(arguments))


def understand_calibrate(arguments, **_):
    read_calibrate(arguments)


def understand_worker(arguments, **_):
    read_worker(arguments)


def understand_quality(arguments, **_):
    given = read_some(read_quality(arguments).raw)
    assert not list(without_means(given))


def understand_init(arguments, **_):
    written = write_start([*arguments, "--dir", "elsewhere"])
    assert written.path.is_file()


def understand_serve(arguments, **_):
    make_serve_parser().parse_args(arguments)


def understand_by_help(main):
    def understand(arguments, capsys):
        with pytest.raises(SystemExit):
            main(["--help"])
        shown = capsys.readouterr().out
        assert {word for word in arguments if word.startswith("-")} <= set(re.findall(r"--[\w-]+", shown))

    return understand


UNDERSTAND = {
    "sweep": understand_sweep,
    "demo": understand_demo,
    "simulate": understand_simulate,
    "calibrate": understand_calibrate,
    "worker": understand_worker,
    "init": understand_init,
    "quality": understand_quality,
    "serve": understand_serve,
    "report": understand_by_help(partial(report_main, gather=salvage)),
    "compare": understand_by_help(compare_main),
}


@pytest.mark.parametrize("command", of_program("llocust"), ids=str)
def test_llocust_commands_are_understood(command, nowhere, capsys):
    verb, *arguments = command.words[1:]
    assert verb in VERBS
    UNDERSTAND[verb](arguments, capsys=capsys)


@pytest.mark.parametrize("command", of_program("locust"), ids=str)
def test_locust_commands_name_a_file_and_options_that_exist(command):
    words = command.words[1:]
    assert (ROOT / words[words.index("-f") + 1]).is_file()
    ours = {flag for option in OPTIONS for flag in option.flags}
    assert {word for word in words if word.startswith("-")} <= LOCUSTS_OWN | ours


def test_every_verb_is_in_the_readme():
    shown = {command.words[1] for command in of_program("llocust") if command.page == "README.md"}
    assert shown | {"demo"} == VERBS.keys()
    assert "llocust demo" in README.read_text(encoding="utf-8")


def test_the_readme_says_how_to_run_the_tests():
    lines = [line.strip() for body in blocks(README, "sh") for line in body.splitlines()]
    assert "make test" in lines


def anchors(page):
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


LINKS = [
    pytest.param(page, target, id=f"{name_of(page)}: {target}")
    for page in PAGES
    for target in re.findall(r"\]\(([^)\s]+)\)", FENCE.sub("", page.read_text(encoding="utf-8")))
    if "://" not in target
]


@pytest.mark.parametrize(("page", "target"), LINKS)
def test_links_lead_somewhere(page, target):
    path, _, anchor = target.partition("#")
    there = (page.parent / path) if path else page
    assert there.exists()
    if anchor:
        assert anchor in anchors(there)


def test_every_page_can_be_reached_from_the_readme():
    reached, waiting = set(), [README]
    while waiting:
        page = waiting.pop()
        if page not in reached:
            reached.add(page)
            targets = re.findall(r"\]\(([^)#\s]+\.md)[)#]", page.read_text(encoding="utf-8"))
            waiting += [(page.parent / target).resolve() for target in targets if "://" not in target]
    assert {page.resolve() for page in PAGES} <= {page.resolve() for page in reached}


# Examples


# A line that begins with { begins a new value.
JSON_VALUES = [
    pytest.param(value, id=f"{name_of(page)}: {value[:40]}")
    for page in PAGES
    for body in blocks(page, "json")
    for value in re.split(r"^(?=\{)", body, flags=re.MULTILINE)
    if value.strip()
]


@pytest.mark.parametrize("value", JSON_VALUES)
def test_json_is_well_formed(value):
    json.loads(value)


def test_the_record_shown_is_one_and_whole():
    body, *_ = blocks(ROOT / "docs" / "run-folder.md", "json")
    record = records.from_line(body.encode())
    assert set(json.loads(body)) == set(records.Record.__struct_fields__)
    assert len(record.at_us) == len(record.chars) == len(record.kinds)
    assert record.text is not None
    assert len(record.text) == sum(record.chars)


NOTHING = {
    "users": 1,
    "ok": 0,
    "failed": 0,
    "latency_s": None,
    "chars_per_s_stream": None,
    "chars_per_s_total": None,
    "ttft_p95_s": None,
}


def test_the_status_line_shown_is_of_the_form_that_is_printed():
    shown = [line for body in blocks(README, "text") for line in body.splitlines() if "[users]" in line]
    labels = re.findall(r"\[[^]]+\]", status_line(NOTHING, "00:00:00", "en"))
    assert len(shown) == 1
    assert re.findall(r"\[[^]]+\]", shown[0]) == labels
    number = r"\d+(\.\d+)?"
    values = (r"\d+", r"\d+/\d+", f"{number} s", number, number, f"{number} s")
    line = " ".join(f"{re.escape(label)} {value}" for label, value in zip(labels, values, strict=True))
    assert re.fullmatch(rf"\d\d:\d\d:\d\d {line}", shown[0])


def test_the_table_shown_has_the_heads_and_cells_of_the_summary():
    (body,) = (body for body in blocks(README, "text") if "TTFT" in body and "verdict" in body)
    upper, lower, _, *rows = body.split("Best at")[0].splitlines()
    source = (ROOT / "reports" / "render" / "screen.py").read_text(encoding="utf-8")
    heads = re.findall(r'_Column\("([^"]+)"', source.split("_COLUMNS = (")[1].split("\n)\n")[0])
    over = [head.split("\\n")[0].split() for head in heads if "\\n" in head]
    under = [head.split("\\n")[-1].split() for head in heads]
    assert upper.split() == [word for head in over for word in head]
    assert lower.split() == [*(word for head in under for word in head), "verdict"]
    assert len(rows) == 5
    # A cell is a number with its unit, if any, or a word.
    assert all(
        len(re.findall(r"[\d.,/]+(?: (?:ms|s|%)(?= ))?|trusted|doubtful|invalid", row)) == len(heads) + 1
        for row in rows
    )


def test_the_config_file_shown_is_understood(nowhere):
    (body,) = blocks(ROOT / "docs" / "options.md", "toml")
    Path("llocust.toml").write_text(body, encoding="utf-8")
    options = read_command([]).resolve()
    assert (options.host, options.users, options.run_time_s) == ("http://127.0.0.1:8000", (1, 2, 4, 8), 60)
    assert options.slo == {"ttft": 0.5, "tpot": 0.05}
    assert (options.temperature, options.stop, options.extra_body) == (0, ("\n\n", "END"), {"top_k": 1})
    assert (options.keep_text, options.salt) == (False, True)


def test_the_file_of_targets_shown_is_understood(nowhere):
    (body,) = blocks(ROOT / "docs" / "targets.md", "toml")
    Path("bench.toml").write_text(body, encoding="utf-8")
    options = read_command(["--config", "bench.toml"]).resolve()
    assert [(each.name, each.host, each.weight) for each in options.targets] == [
        ("stable", "http://127.0.0.1:8000", 3),
        ("canary", "http://127.0.0.1:8001", 1),
    ]
    assert options.targets[1].headers == ("X-Variant: canary", "X-Key: env:CANARY_KEY")
    assert (options.target_mode, options.users, options.max_tokens) == ("mixed", (4, 8), 64)


def test_the_table_of_prices_shown_is_understood():
    (body,) = blocks(ROOT / "docs" / "costs.md", "toml")
    found = prices.parse(body, "prices.toml")
    assert [(row.of, row.name) for row in found.rows] == [("model", "example-large"), ("target", "own-box")]


def test_every_key_of_a_price_is_told():
    keys = {"currency", "as_of", *report.Price.__struct_fields__} - {"name", "of"}
    assert keys <= words_of("costs.md")


def test_the_mistakes_shown_are_those_that_are_told(nowhere):
    (shown,) = (body for body in blocks(ROOT / "docs" / "options.md", "text") if body.startswith("bench.toml"))
    Path("bench.toml").write_text("usres = 4\nmax-tokens = 0\n[load]\nseed = 1\n", encoding="utf-8")
    with pytest.raises(UsageMistakes) as info:
        read_command(["--host", "http://h", "--config", "bench.toml"]).resolve()
    assert info.value.mistakes == shown.splitlines()


def test_the_keys_of_a_target_are_told():
    for key in targets.KEYS:
        row_of("targets.md", f"`{key}` ")


SAMPLING_ROWS = {field: row_of("dialects.md", f"`{option}`") for field, option in OPTION_OF.items()}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_names_of_what_is_sampled_are_those_that_are_sent(dialect):
    (heads,) = (line for line in text_of("dialects.md").splitlines() if line.startswith("| option | `chat`"))
    (column,) = (at for at, head in enumerate(heads.split(" | ")) if f"`{dialect}`" in head)
    for field, row in SAMPLING_ROWS.items():
        cell = row.removesuffix(" |").split(" | ")[column]
        sent = DIALECTS[dialect].samples.get(field)
        assert cell.split(",")[0] == ("–" if sent is None else f"`{sent}`")


PYTHON = [pytest.param(body, id=name_of(page)) for page in PAGES for body in blocks(page, "python")]


@pytest.mark.parametrize("body", PYTHON)
def test_python_imports_what_there_is(body):
    for node in ast.walk(ast.parse(body)):
        if isinstance(node, ast.ImportFrom):
            # Read rather than imported: Locust patches the process that imports it.
            spec = find_spec(node.module)
            assert spec is not None
            assert spec.origin is not None
            source = Path(spec.origin).read_text(encoding="utf-8")
            assert all(re.search(rf"\b{alias.name}\b", source) for alias in node.names)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_tests_that_are_named_are_there(page):
    for path, name in re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", page.read_text(encoding="utf-8")):
        assert f"\ndef {name}(" in (ROOT / path).read_text(encoding="utf-8")


def test_nothing_is_left_to_be_done_in_the_documentation():
    for page in PAGES:
        assert not re.search(r"TODO|FIXME|XXX|TBD", page.read_text(encoding="utf-8"))
