"""What pages are made of, without a server: text, lines of a list, forms, charts, tables, calls."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.rows import NOON, row

from harness.dialects import DIALECTS
from harness.values import duration_s
from reports.compare import Comparison, Difference, PointComparison
from service.pages import chart, form, show, sides, trend
from service.pages.address import address, within
from service.pages.calls import calls, forms, kind
from service.pages.request import MOST_SHOWN, shown
from service.pages.site import coded, render
from service.pages.text import brief, visible
from service.store.nouns import RunRow

# Text


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("plain\ttext\nof two lines", "plain\ttext\nof two lines"),
        ("a\r\nb\rc", "a\nb⟨U+000D⟩c"),
        ("user\u202egpj.exe", "user⟨U+202E⟩gpj.exe"),
        ("\u2066x\u2069\u200f\u061c", "⟨U+2066⟩x⟨U+2069⟩⟨U+200F⟩⟨U+061C⟩"),
        ("zero\u200bwidth\ufeff", "zero⟨U+200B⟩width⟨U+FEFF⟩"),
        ("\x00\x1b[31m\x7f\x9b", "⟨U+0000⟩⟨U+001B⟩[31m⟨U+007F⟩⟨U+009B⟩"),
        ("\U000e0041", "⟨U+E0041⟩"),
        ("\ud800", "⟨U+D800⟩"),
        ("👩\u200d💻 نص 你好", "👩\u200d💻 نص 你好"),
    ],
)
def test_what_cannot_be_seen_is_shown(text, seen):
    assert visible(text) == seen


@given(st.text(st.characters(exclude_categories=[])))
def test_what_is_shown_can_be_encoded_and_turns_nothing_around(text):
    seen = visible(text)
    seen.encode()
    assert not set(seen) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\x00\x1b")
    assert visible(seen) == seen


def test_a_name_is_no_longer_than_a_name_may_be():
    assert brief("x" * 120) == "x" * 120
    assert brief("x" * 121) == "x" * 119 + "…"


def test_code_between_backticks_is_code_and_is_escaped():
    assert coded("Use `<b>` & `x`.") == "Use <code>&lt;b&gt;</code> &amp; <code>x</code>."


# The list


def run_row(**fields):
    return RunRow(**({"id": "20260131T120000000Z-aaaaaa", "submitted": NOON} | fields))


def figures(*points):
    return {"points": [{"users": 1, "verdict": "trusted"} | point for point in points]}


def test_a_line_shows_the_largest_trusted_point():
    points = figures(
        {"users": 8, "verdict": "invalid", "ttft_p50_s": 0.9},
        {"users": 4, "ttft_p50_s": 0.0415, "output_tokens_per_s": 262.0},
        {"users": 1, "ttft_p50_s": 0.01},
    )
    line = show.listed(run_row(figures=points, users=[1, 4, 8], verdict="invalid", state="done"))
    assert (line.ttft, line.at, line.throughput) == ("41.5 ms", "at 4 users", "262 tokens/s")
    assert (line.users, line.is_live, line.has_report) == ("1 4 8", False, True)


def test_a_run_without_a_trusted_point_has_no_figures_in_the_list():
    line = show.listed(run_row(figures=figures({"verdict": "doubtful", "ttft_p50_s": 0.1}), verdict="doubtful"))
    assert (line.ttft, line.at, line.throughput) == ("–", "", "–")


def test_a_run_that_waits_has_nothing_yet():
    line = show.listed(run_row())
    assert (line.state, line.verdict, line.ttft, line.is_live, line.has_report) == ("queued", None, "–", True, False)
    assert line.when == "2026-01-31 12:00 UTC"


def test_throughput_is_in_characters_where_no_tokens_are_counted():
    assert show.throughput(show.PointFigures(users=1, chars_per_s=1234.5)) == "1,234 chars/s"
    assert show.throughput(show.PointFigures(users=1)) == "–"


def test_the_middle_of_many_user_counts_is_left_out():
    assert show.counts([1, 2, 4, 8, 16, 32]) == "1 2 4 8 16 32"
    assert show.counts([1, 2, 4, 8, 16, 32, 64]) == "1 2 4 … 32 64"
    assert show.counts([4, 4]) == "4"
    assert show.counts([]) == "–"


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "0 s"), (59.6, "1 min"), (90, "1 min 30 s"), (3600, "1 h"), (3725, "1 h 2 min 5 s")]
)
def test_how_long_a_run_took(seconds, words):
    ended = NOON.fromtimestamp(NOON.timestamp() + seconds, NOON.tzinfo)
    assert show.took(run_row(begun=NOON, ended=ended)) == words


def test_a_run_that_has_not_ended_took_nobody_knows_how_long():
    assert show.took(run_row(begun=NOON)) == "–"


# Requests


def test_a_request_in_words():
    assert shown(row(1, users=8, phase="window")).words == (
        "2026-01-31 12:00:00 UTC · ok · 8 users · window · TTFT 100 ms · TPOT 10.0 ms · in all 200 ms · 11 tokens"
    )


def test_what_was_not_observed_is_left_out():
    bare = row(
        outcome=None,
        token_count=None,
        time_to_first_token=None,
        time_per_output_token=None,
        total_generation_time=None,
    )
    assert shown(bare).words == "2026-01-31 12:00:00 UTC"


def test_a_long_text_is_cut_and_says_so():
    seen = shown(row(generated_text="x" * (MOST_SHOWN + 1_234), prompt_text=None))
    assert seen.prompt is None
    assert seen.answer == "x" * MOST_SHOWN + "\n… and 1,234 characters more"


# Addresses


def test_an_address_leaves_out_what_is_empty():
    assert address("/ui/runs", text="a&b", model="", state=None) == "/ui/runs?text=a%26b"
    assert address("/ui/compare", run=["x", "y"]) == "/ui/compare?run=x&run=y"
    assert address("/ui/runs") == "/ui/runs"


@pytest.mark.parametrize(
    "path", ["https://evil.example", "//evil.example", "/\\evil.example", "/\t/evil.example", "", "evil", "/\n/x"]
)
def test_nobody_is_sent_elsewhere(path):
    assert within(path) == "/ui/runs"


def test_somebody_is_sent_on():
    assert within("/ui/runs/x?y=1") == "/ui/runs/x?y=1"


# The form


FORM = form.groups(["chat", "mine/own.jsonl"])
GOOD = {"host": "http://127.0.0.1:9", "users": "1, 2 4", "run_time": "2s", "dialect": "chat", "testset": "chat"}


def test_a_form_becomes_a_submission():
    sent = {
        **GOOD,
        "max_tokens": " 64 ",
        "slo": "ttft=500ms tpot=50ms",
        "name": "one",
        "desc": "two",
        "api_key": "sk-1",
    }
    filled = form.fill(FORM, sent)
    assert (filled.mistakes, filled.others) == ({}, [])
    assert filled.submission.model_dump(exclude_none=True, exclude={"api_key"}) == {
        "host": "http://127.0.0.1:9",
        "dialect": "chat",
        "testset": "chat",
        "users": [1, 2, 4],
        "run-time": "2s",
        "max-tokens": 64,
        "slo": {"ttft": "500ms", "tpot": "50ms"},
        "name": "one",
        "desc": "two",
    }
    assert filled.submission.api_key.get_secret_value() == "sk-1"


def test_what_is_left_empty_is_left_out():
    filled = form.fill(FORM, {"host": "http://x", "model": "", "users": "  ", "unknown": "x"})
    assert filled.submission.model_dump(exclude_none=True) == {"host": "http://x"}


def test_all_mistakes_are_told_each_at_its_field():
    sent = {
        "host": "not a url",
        "users": "1 two",
        "run_time": "soon",
        "requests": "0",
        "max_tokens": "-1",
        "slo": "fast",
        "name": "x" * 300,
        "dialect": "klingon",
        "api_key": "sk-secret",
    }
    filled = form.fill(FORM, sent)
    assert filled.submission is None
    assert filled.mistakes.keys() == sent.keys() - {"api_key"}
    assert filled.mistakes["users"] == ["'two' is no whole number of one or more."]
    assert filled.mistakes["slo"] == ["'fast' is no bound such as ttft=500ms."]
    assert "sk-secret" not in str(filled)


@pytest.mark.parametrize("text", ["²", "٣", "1.5", "0", "1e3", "x", "-1"])
def test_what_is_no_number(text):
    with pytest.raises(ValueError, match="no whole number"):
        form.number(text)


@pytest.mark.parametrize(
    "text",
    ["30", "1.5", "90s", "1.5s", "500ms", "2m", "1h20m10s", "soon", "", "s", "1s1m", "-1", "1 s", "٣s", "nan", "1d"],
)
def test_a_time_is_what_the_sweep_takes_for_one(text):
    try:
        duration_s(text)
    except ValueError:
        with pytest.raises(ValueError, match="is no time"):
            form.duration(text)
    else:
        assert form.duration(text) == text


def test_a_number_of_any_length_is_read():
    assert form.number("9" * 10_000) == 9_999_999_999


def test_a_run_needs_a_host_and_one_bound():
    assert form.fill(FORM, {}).mistakes == {"host": ["A run needs a server: give its URL."]}
    assert form.fill(FORM, {**GOOD, "requests": "5"}).mistakes == {"requests": [form.BOTH]}


def test_sentences_of_the_sweep_go_to_the_fields_that_they_name():
    filled = form.place(
        FORM, ["run-time 'x': give a time.", "--users 0: give more.", "There is no set.", "testset: no."]
    )
    assert filled.mistakes == {
        "run_time": ["run-time 'x': give a time."],
        "users": ["--users 0: give more."],
        "testset": ["testset: no."],
    }
    assert filled.others == ["There is no set."]


def test_the_form_knows_every_dialect():
    (dialects,) = (field.choices for field in form.fields(FORM) if field.name == "dialect")
    assert {choice.value for choice in dialects} == DIALECTS.keys()


# Charts


@pytest.mark.parametrize(
    ("value", "top"), [(0, 1), (0.0415, 0.05), (1, 1), (1.01, 1.2), (9, 10), (10, 10), (137, 160), (0.3, 0.32)]
)
def test_an_axis_ends_at_a_round_number(value, top):
    assert chart.ceiling(value) == pytest.approx(top)


@given(st.floats(1e-9, 1e9))
def test_nothing_is_above_the_axis_and_nothing_is_squeezed(value):
    top = chart.ceiling(value)
    assert value <= top * (1 + 1e-9)
    assert top <= value * 1.34  # from just above 6 to 8


def drawn(*values, is_sure=True):
    runs = [chart.Run(str(at), f"run {at}", f"/ui/runs/{at}") for at in range(len(values))]
    series = chart.Series("p50", "first", [chart.Value(value, is_sure) for value in values])
    return chart.draw("TTFT", runs, [series], lambda value: f"{value:g} s")


def test_a_line_from_zero_to_the_top():
    # The area is 180 high, from 192 (zero) to 12 (the ceiling, 4): 1 lies at 192 - 45.
    made = drawn(0.0, 1.0, 4.0)
    (line,) = made.lines
    assert [mark.y for mark in line.marks] == [192.0, 147.0, 12.0]
    assert [mark.x for mark in line.marks] == [66.0, 231.0, 396.0]
    assert line.paths == ["66,192 231,147 396,12"]
    assert [(tick.at, tick.label) for tick in made.ticks] == [
        (192.0, "0 s"),
        (147.0, "1 s"),
        (102.0, "2 s"),
        (57.0, "3 s"),
        (12.0, "4 s"),
    ]
    assert made.words == "3 runs; the last: p50 4 s"


def test_a_run_without_a_value_breaks_the_line():
    (line,) = drawn(1.0, 1.0, None, 1.0).lines
    assert line.paths == ["66,12 176,12"]  # the last stands alone
    assert len(line.marks) == 3
    assert drawn(1.0, 1.0, None).words == "3 runs"


def test_one_run_is_a_mark_in_the_middle():
    (line,) = drawn(1.0).lines
    assert (line.paths, line.marks[0].x) == ([], 231.0)


def test_there_are_few_labels_under_many_runs():
    assert len(drawn(*[1.0] * 100).labels) == 5


# Trends


def reported(number, **fields):
    base = {
        "id": f"r{number}",
        "name": f"run-{number}",
        "begun": NOON,
        "verdict": "trusted",
        "workload": "w",
        "users": [1, 8],
        "options": {"testset": "code"},
        "figures": figures({"users": 8, "ttft_p50_s": 0.1 * number, "output_tokens_per_s": 10.0}, {"users": 1}),
    }
    return run_row(**(base | fields))


def test_workloads_are_named_after_their_newest_run():
    found = trend.workloads([reported(3), reported(2, workload="v"), reported(1), run_row(workload="u")])
    assert found == [("w", "run-3: code, users 1 8 (2 runs)"), ("v", "run-2: code, users 1 8 (1 run)")]


def test_a_point_is_picked_from_every_run_that_has_it():
    runs = [reported(1), reported(2, figures=figures({"users": 2})), reported(3)]
    assert trend.names(runs) == ["1 user", "2 users", "8 users"]
    assert trend.largest(runs) == "8 users"
    assert trend.largest([]) is None
    assert [sample.run.id for sample in trend.pick(runs, "8 users")] == ["r1", "r3"]


def test_charts_are_in_characters_unless_all_runs_have_tokens():
    both = trend.pick([reported(1), reported(2)], "8 users")
    assert [made.title for made in trend.charts(both)] == ["Time to first token", "Output tokens/s"]
    mixed = trend.pick([reported(1), reported(2, figures=figures({"users": 8, "chars_per_s": 5.0}))], "8 users")
    assert trend.charts(mixed)[1].title == "Chars/s"


def test_labels_are_days_or_times_of_one_day():
    next_day = NOON.replace(month=2, day=1)
    assert trend.labels(trend.pick([reported(1), reported(2)], "8 users")) == ["12:00", "12:00"]
    assert trend.labels(trend.pick([reported(1), reported(2, begun=next_day)], "8 users")) == ["31 Jan", "01 Feb"]


# Sides


def difference(key="latency.ttft_s.p50", **fields):
    base = {"label": "TTFT p50", "unit": "s", "better": "lower", "base": 0.1, "candidate": 0.08}
    told = {"difference": -0.02, "ratio": 0.8, "low": -0.03, "high": -0.01}
    return Difference(key=key, **(base | told | fields))


def compared(*metrics, users=8, base="trusted", candidate="trusted"):
    point = PointComparison(
        target="default", users=users, base_verdict=base, candidate_verdict=candidate, metrics=list(metrics)
    )
    return Comparison(
        base={},
        candidate={},
        base_verdict=base,
        candidate_verdict=candidate,
        differs=[],
        points=[point],
        only_base=[],
        only_candidate=[],
    )


def test_a_figure_and_its_difference_stand_in_one_cell():
    (table,) = sides.tables(["A", "B"], [compared(difference())])
    assert (table.name, [head.name for head in table.heads]) == ("8 users", ["A", "B"])
    (line,) = table.lines
    assert line.cells[0] == sides.Cell("100 ms")
    assert line.cells[1] == sides.Cell("80.0 ms", "−20.0 ms (−20 %)", "−30.0 ms to −10.0 ms", "better", "better")


def test_nothing_is_read_from_an_invalid_side_or_without_an_interval():
    (table,) = sides.tables(["A", "B"], [compared(difference(), candidate="invalid")])
    assert (table.lines[0].cells[1].reading, table.lines[0].cells[1].tone) == ("", "invalid")
    (table,) = sides.tables(["A", "B"], [compared(difference(low=None, high=None))])
    cell = table.lines[0].cells[1]
    assert (cell.interval, cell.reading, cell.tone) == ("", "", "")


def test_a_run_that_cannot_be_compared_keeps_its_column():
    (table,) = sides.tables(["A", "B", "C"], [None, compared(difference())])
    assert [cell.value for cell in table.lines[0].cells] == ["100 ms", "–", "80.0 ms"]
    assert [head.verdict for head in table.heads] == ["trusted", None, "trusted"]


def test_points_of_other_users_have_tables_of_their_own():
    made = sides.tables(["A", "B", "C"], [compared(difference(), users=1), compared(difference())])
    assert [table.name for table in made] == ["1 user", "8 users"]
    assert made[0].lines[0].cells[2].value == "–"


def test_what_nobody_observed_has_no_line():
    unseen = difference("x", base=None, candidate=None, difference=None, ratio=None, low=None, high=None)
    (table,) = sides.tables(["A", "B"], [compared(difference(), unseen)])
    assert len(table.lines) == 1


def test_nothing_to_compare():
    assert sides.tables(["A", "B"], [None]) == []


# Calls


DOCUMENT = {
    "paths": {
        "/things/{thing}": {
            "post": {
                "summary": "Post",
                "description": "Put a `thing` there.",
                "parameters": [
                    {
                        "name": "thing",
                        "in": "path",
                        "required": True,
                        "schema": {"type": "string", "examples": ["t-1"]},
                    },
                    {"name": "how", "in": "query", "required": True, "schema": {"enum": ["so", "thus"]}},
                    {"name": "limit", "in": "query", "schema": {"type": "integer", "maximum": 9, "default": 5}},
                ],
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}},
                "responses": {
                    "200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}}
                },
            }
        }
    },
    "components": {
        "schemas": {
            "Thing": {
                "type": "object",
                "description": "A thing.",
                "required": ["size", "parts"],
                "properties": {
                    "size": {"type": "integer", "minimum": 1},
                    "parts": {"type": "array", "items": {"$ref": "#/components/schemas/Part"}},
                    "note": {"anyOf": [{"type": "string"}, {"type": "null"}], "description": "Its note"},
                },
            },
            "Part": {
                "type": "object",
                "required": ["name"],
                "properties": {"name": {"type": "string", "examples": ["it's"]}},
            },
            "Level": {"enum": ["low", "high"]},
        }
    },
}


def test_a_call_is_shown_with_a_line_of_curl_that_could_be_typed():
    (call,) = calls(DOCUMENT, "http://127.0.0.1:8000", with_token=True)
    assert (call.method, call.path, call.anchor) == ("POST", "/things/{thing}", "post-things-thing")
    assert call.curl.replace(" \\\n ", "") == (
        "curl -X POST -H 'Authorization: Bearer TOKEN' 'http://127.0.0.1:8000/things/t-1?how=so'"
        " -H 'Content-Type: application/json'"
        """ -d '{"size": 1, "parts": [{"name": "it'"'"'s"}]}'"""
    )
    assert [each.kind.words for each in call.parameters] == ["string", '"so" | "thus"', "integer, at most 9"]
    assert call.parameters[2].words == "Default: 5."
    assert [(each.name, each.is_needed) for each in call.keys] == [("size", True), ("parts", True), ("note", False)]


def test_forms_are_described_once():
    assert [(made.name, made.kind.words, len(made.keys)) for made in forms(DOCUMENT)] == [
        ("Level", '"low" | "high"', 0),
        ("Part", "object", 1),
        ("Thing", "object", 3),
    ]


def test_types_in_words():
    assert kind({"type": "array", "items": {"$ref": "#/x/Part"}, "maxItems": 3}) == ("list of Part, 3 at most", "Part")
    assert kind({"anyOf": [{"type": "integer"}, {"type": "null"}]}).words == "integer or null"
    assert kind({"type": "string", "format": "date-time"}).words == "time (ISO 8601)"
    assert kind({"const": "x"}).words == json.dumps("x")
    assert kind({}).words == "anything"


# Templates


def test_a_template_that_lacks_something_is_an_error():
    with pytest.raises(Exception, match="undefined"):
        render("trouble.html.jinja", title="x")
