import base64
import hashlib
import json
import re
from html.parser import HTMLParser

import pytest
from support.folders import T0, S, full_window, manifest, phases, point, record, refused, write_point, write_run

from harness.metrics import CLIENT, LATENCIES, STREAM
from harness.outcome import FAILED, Outcome
from harness.run import write_manifest
from reports.build import build
from reports.charts import figures
from reports.compare import compare
from reports.load import load
from reports.render import html, sections, sides
from reports.render.best import best_point, headline
from reports.render.html import render, render_comparison

EVIL = "</script><script>alert('x')</script><img src=http://evil.example/x>&\"'"


class Page(HTMLParser):
    """What a browser would make of a page: elements with their attributes, and the text of each element."""

    def __init__(self, text):
        super().__init__()
        self.elements = []
        self.scripts = []
        self.texts = []
        self._open = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self._open.append(tag)
        if tag == "script":
            self.scripts.append((dict(attrs), []))

    def handle_endtag(self, tag):
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data):
        if self._open and self._open[-1] == "script":
            self.scripts[-1][1].append(data)
        elif self._open and self._open[-1] != "style":
            self.texts.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.texts).split())

    @property
    def specs(self):
        return [json.loads("".join(parts)) for attrs, parts in self.scripts if attrs.get("class") == "spec"]

    @property
    def programs(self):
        return ["".join(parts) for attrs, parts in self.scripts if "type" not in attrs]


def rendered(folder):
    frames = load(folder)
    report = build(frames)
    return render(report, frames, figures(report, frames))


def one_of_each():
    """One request of every outcome."""
    failures = [outcome for outcome in Outcome if outcome in FAILED]
    return [
        record(0, seq=1),
        record(10, (), seq=2, output=None, outcome="dropped", sent_ns=None, ended_us=None),
        record(20, seq=3, output=None, outcome="aborted"),
        *(refused(30 + n, outcome, seq=10 + n, fault=f"what {outcome} said") for n, outcome in enumerate(failures)),
    ]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Two points of ten seconds: a good one of one user, and one of every outcome at four."""
    folder = tmp_path_factory.mktemp("run")
    rows = [point(1, 1), point(2, 4, phases={"w0": phases(start_ns=T0 + 20 * S)})]
    write_manifest(folder, manifest(rows, options={"slo": {"ttft": 0.2}, "users": [1, 4]}))
    write_point(folder, rows[0], full_window())
    write_point(folder, rows[1], [record(20_000, seq=500, point=2), *_later(one_of_each())])
    return folder


def _later(records):
    import msgspec

    moved = [("begun_ns", 20 * S), ("sent_ns", 20 * S)]
    return [
        msgspec.structs.replace(
            each,
            point=2,
            **{name: getattr(each, name) + by for name, by in moved if getattr(each, name) is not None},
        )
        for each in records
    ]


@pytest.fixture(scope="module")
def report(run):
    return build(load(run))


@pytest.fixture(scope="module")
def page(run):
    return Page(rendered(run))


# The page needs nothing else, and obeys nobody else


def test_nothing_is_loaded_from_anywhere(page):
    loading = {"src", "href", "srcset", "data", "action", "formaction", "poster", "background"}
    assert [(tag, name) for tag, attrs in page.elements for name in attrs if name in loading] == []
    assert {tag for tag, _ in page.elements} & {"link", "img", "iframe", "object", "embed", "base"} == set()
    assert "url(" not in html._text("page.css")
    assert "@import" not in html._text("page.css")


def test_only_our_two_scripts_may_run_and_nothing_may_be_fetched(page):
    policy = next(attrs["content"] for tag, attrs in page.elements if attrs.get("http-equiv"))
    digests = [base64.b64encode(hashlib.sha256(program.encode()).digest()).decode() for program in page.programs]
    assert policy == (
        f"default-src 'none'; script-src 'sha256-{digests[0]}' 'sha256-{digests[1]}'; "
        "style-src 'unsafe-inline'; img-src data: blob:"
    )


def test_the_library_is_in_the_page_once(page):
    assert len(page.programs) == 2
    assert "window.vegaEmbed" in page.programs[0]
    assert "window.vegaEmbed" not in page.programs[1]


def test_every_chart_has_its_specification_its_place_and_its_words(page):
    places = [attrs for tag, attrs in page.elements if attrs.get("class") == "chart"]
    # 3 latencies, 3 throughputs, the trade-off, 2 distributions, 2 timelines, the errors, 2 of health.
    assert len(places) == len(page.specs) == 14
    assert all(attrs["role"] == "img" and len(attrs["aria-label"]) > 40 for attrs in places)
    assert [tag for tag, _ in page.elements].count("figcaption") == 14


def test_charts_take_the_ink_of_the_page(page):
    assert {spec["config"]["axis"]["labelColor"] for spec in page.specs} == {"currentColor"}
    assert {spec["config"]["background"] for spec in page.specs} == {"transparent"}


def test_the_page_is_light_and_dark(page):
    assert "@media (prefers-color-scheme: dark)" in html._text("page.css")
    assert "@media print" in html._text("page.css")


def test_the_same_folder_gives_the_same_bytes(run):
    assert rendered(run) == rendered(run)


# What came from outside stays text


@pytest.fixture(scope="module")
def evil(tmp_path_factory):
    folder = tmp_path_factory.mktemp("evil")
    rows = [point(1, 1, target=EVIL), point(2, 1, target="plain")]
    fields = {"model": EVIL, "name": EVIL, "description": EVIL, "url": EVIL, "notes": [EVIL], "command": [EVIL]}
    write_manifest(folder, manifest(rows, **fields, options={EVIL: EVIL}, network={EVIL: EVIL}, probe=EVIL))
    records = [record(0, target=EVIL, model=EVIL), refused(10, seq=1, target=EVIL, fault=EVIL)]
    write_point(folder, rows[0], records)
    write_point(folder, rows[1], records)
    return folder


def test_text_from_outside_makes_no_element(evil):
    text = rendered(evil)
    page = Page(text)
    assert "alert('x')</script>" not in text
    assert "img" not in {tag for tag, _ in page.elements}
    assert len(page.programs) == 2


def test_text_from_outside_is_shown_as_it_is(evil):
    text = Page(rendered(evil)).text
    # Name and model in the title, model, description, notes, ... : a dozen places at least.
    assert text.count(EVIL) >= 12


def test_text_from_outside_reaches_charts_unharmed(evil):
    names = {row["label"] for spec in Page(rendered(evil)).specs for rows in spec["datasets"].values() for row in rows
             if "label" in row}  # fmt: skip
    assert f"1 user, {EVIL}" in names


def test_comparisons_escape_too(evil):
    report = build(load(evil))
    text = render_comparison(compare(report, report))
    assert "img" not in {tag for tag, _ in Page(text).elements}
    assert EVIL in Page(text).text


def test_chinese_stays_chinese(tmp_path):
    folder = write_run(tmp_path / "run", [record()], description="两张显卡，负载测试")
    assert "两张显卡，负载测试" in rendered(folder)


# What the page says


def test_every_metric_is_defined(page):
    for metric in (*LATENCIES, *STREAM, *CLIENT):
        assert metric.definition in page.text
        assert metric.key in page.text


def test_every_outcome_that_occurred_is_shown(report, page):
    table = sections.outcomes(report)
    assert {line.cells[0] for line in table.lines} == set(Outcome)
    assert table.lines[0].cells == ("ok", "100 (100)", "2 (2)")
    assert all(line.cells[1:] == ("0 (0)", "1 (1)") for line in table.lines[1:])
    assert all(str(outcome) in page.text for outcome in Outcome)


def test_what_failed_requests_said_is_counted(tmp_path):
    records = [
        refused(0, seq=1, fault="no room"),
        refused(1, seq=2, fault="no room"),
        refused(2, "cut", seq=3, fault="reset"),
        refused(3, "cut", seq=4),
    ]
    frames = load(write_run(tmp_path / "run", records))
    assert sections.faults(frames) == [
        ("server_5xx", "no room", 2, "r-w0-000001"),
        ("cut", "reset", 1, "r-w0-000003"),
    ]


def test_every_reason_is_given_with_figure_limit_and_remedy(report, page):
    assert report.verdict == "invalid"
    reasons = [*report.reasons, *(reason for each in report.points for reason in each.reasons)]
    assert len(reasons) > 4
    for reason in reasons:
        assert " ".join(reason.text.split()) in page.text
        assert reason.remedy in page.text
        if reason.figure is not None:
            assert f"Found {html._number(reason.figure)}, limit {html._number(reason.threshold)}." in page.text


def test_what_was_run_is_all_there(page):
    for words in (
        "Model tiny",
        "URL http://127.0.0.1:8000/v1/chat/completions",
        "Test set chat: 100 prompts from chat.jsonl",
        f"{'ab' * 32}",
        "Users 1, 4",
        "Measured window 10.0 s for each point",
        "llocust 0.1.0, locust 2.47.0",
        "Command llocust sweep",
        "Machine bench: a CPU, 8 cores, 16.0 GiB, Linux 6.8 x86_64; 1 load process",
        "users 1 4",
        "slo ttft=0.2",
        "salt no",
    ):
        assert words in page.text


def test_the_summary_of_a_point_golden(report):
    table = sections.summary(report)
    # full_window(): 100 requests of 99.8 ms with events at 10, 20 ... 90 ms, so nine of four characters and one token:
    # 36 characters / 99.8 ms = 361 a stream; 100 requests, 900 tokens, 3600 characters in 10 s.
    assert dict(zip(table.heads, table.lines[0].cells, strict=True)) == {
        "Point": "1 user",
        "Sent": "100",
        "OK": "100",
        "Failed": "0",
        "Aborted": "0",
        "TTFT p50": "10.0 ms",
        "TTFT p95": "10.0 ms",
        "TTFT p99": "10.0 ms",
        "ITL p50": "10.0 ms",
        "ITL p99": "10.0 ms",
        "TPOT p50": "10.0 ms",
        "E2E p50": "99.8 ms",
        "E2E p99": "99.8 ms",
        "Chars/s per stream": "361",
        "Total chars/s": "360",
        "Output tokens/s": "90.0",
        "Requests/s": "10.0",
        "Goodput": "100 %",
        "In flight, mean": "0.998",
    }


def test_what_was_not_observed_is_a_dash(tmp_path):
    report = build(load(write_run(tmp_path / "run", [refused(n, seq=n) for n in range(3)])))
    cells = dict(zip(sections.summary(report).heads, sections.summary(report).lines[0].cells, strict=True))
    assert (cells["TTFT p50"], cells["ITL p99"], cells["TPOT p50"], cells["Chars/s per stream"]) == ("–",) * 4
    assert "Goodput" not in cells
    ttft = sections.details(report)[0].figures.lines[0]
    assert ttft.cells == ("TTFT", "0", *("–",) * 8)


def test_a_point_that_was_interrupted_before_its_window_is_there(tmp_path):
    row = point(1, 2, state="interrupted", phases={"w0": phases()})
    row.phases["w0"].window_ns = row.phases["w0"].cooldown_ns = row.phases["w0"].end_ns = None
    text = Page(
        rendered(write_run(tmp_path / "run", [record(-500, phase="settle")], row, state="interrupted", ended=None))
    ).text
    assert "this run is interrupted" in text
    assert "2 users: invalid (interrupted)" in text
    assert "Measured window –" in text


def test_a_run_without_points_is_a_page(tmp_path):
    tmp_path.joinpath("run").mkdir()
    write_manifest(tmp_path / "run", manifest([]))
    assert "No point was run" in Page(rendered(tmp_path / "run")).text


def test_locusts_numbers_stand_beside_ours(report, run):
    table = sections.locust_table(report, load(run))
    assert table.lines[0].cells == ("1 user", "100", "100", "0", "0", "99.8 ms", "–", "99.8 ms", "–", "yes")


def test_beside_locust_only_what_locust_saw_is_counted(tmp_path):
    # Two answers of 100 ms, a failure after 400 ms, and one aborted after 9 s, of which Locust is not told.
    records = [
        record(0, seq=1, e2e_ms=100),
        record(1, seq=2, e2e_ms=100),
        refused(2, seq=3, e2e_ms=400),
        record(3, seq=4, e2e_ms=9000, outcome="aborted"),
    ]
    frames = load(write_run(tmp_path / "run", records))
    # The 95th percentile of 100, 100, 400 lies at rank 1.9: 100 + 0.9 * 300.
    cells = ("1 user", "3", "3", "1", "1", "100 ms", "–", "370 ms", "–", "yes")
    assert sections.locust_table(build(frames), frames).lines[0].cells == cells


# The sentence at the top


def test_the_headline_golden(report):
    assert headline(report) == (
        "Best at 1 user: 360 characters/s (90.0 output tokens/s) in all, first token after 10.0 ms in the median and "
        "10.0 ms at p99, 361 characters/s for each stream; 100 % of the requests succeeded."
    )


def test_an_invalid_point_is_never_the_headline(tmp_path):
    # Ten users were wanted, one was there: more characters than nothing, but not to be quoted.
    report = build(load(write_run(tmp_path / "run", full_window(), point(1, 10))))
    assert report.points[0].verdict == "invalid"
    assert best_point(report) is None
    assert headline(report) == (
        "Every point with a success is invalid: its figures are shown in grey and should not be quoted."
    )


def test_without_a_success_there_is_no_figure(tmp_path):
    report = build(load(write_run(tmp_path / "run", [refused()])))
    assert headline(report) == "No request of any window succeeded: there is no figure to quote."


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "–"), (0.8, "0.8"), (30.0, "30"), (0.0267, "0.0267"), (500, "500"), (12345.0, "12,345"), (0, "0")],
)
def test_figures_and_limits_pretend_no_digits(value, text):
    assert html._number(value) == text


# Two runs side by side


@pytest.fixture(scope="module")
def comparison(tmp_path_factory):
    base = write_run(tmp_path_factory.mktemp("base"), full_window())
    slower = [record(n * 100, (40, 50, 60), seq=n, e2e_ms=99.8) for n in range(100)]
    candidate = write_run(tmp_path_factory.mktemp("candidate"), slower, model="other")
    frames = load(base), load(candidate)
    return compare(*map(build, frames), *frames)


def test_a_comparison_reads_what_is_certain_and_only_that(comparison):
    (pair,) = sides.pairs(comparison)
    rows = {line.cells[0]: line for line in pair.table.lines}
    # First token at 10 and at 40 ms, always: the interval of the difference is 30 ms to 30 ms.
    assert rows["TTFT p50"].cells == (
        *("TTFT p50", "10.0 ms", "40.0 ms", "+30.0 ms", "+30.0 ms to +30.0 ms", "×4.00", "worse"),
    )
    assert rows["TTFT p50"].verdict == "worse"
    assert rows["E2E p50"].cells[-1] == "no clear difference"
    assert rows["TTFT p99"].cells[-1] == "–"


def test_nothing_is_read_from_a_pair_with_an_invalid_side(tmp_path):
    base = build(load(write_run(tmp_path / "base", full_window(), point(1, 10))))
    frames = load(tmp_path / "base")
    (pair,) = sides.pairs(compare(base, base, frames, frames))
    assert {line.cells[-1] for line in pair.table.lines} == {"–"}
    assert {line.verdict for line in pair.table.lines} == {"invalid"}


def test_a_comparison_is_a_page_of_its_own(comparison):
    text = render_comparison(comparison)
    page = Page(text)
    assert text == render_comparison(comparison)
    assert len(page.specs) == 6
    assert "model tiny other" in page.text
    assert re.search(r"The base is \w+ ?, the candidate is \w+ ?\.", page.text)
    assert not any(name in attrs for _, attrs in page.elements for name in ("src", "href"))
