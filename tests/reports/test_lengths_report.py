"""Wanted and actual lengths in the report, and what is said where they are not the same."""

import pytest
from support.folders import record, write_run

from harness.record import Wanted
from harness.run import Yardstick
from reports.build import build
from reports.load import load
from reports.render import markdown


def reported(tmp_path, records, **fields):
    frames = load(write_run(tmp_path / "run", records, **fields))
    report = build(frames)
    return report, markdown.render(report, frames)


def asked(prompts, answers, unit="tokens", **fields):
    """Requests a tenth of a second apart, each with a pair of wanted and actual lengths of its prompt and its answer."""
    return [
        record(
            100 * seq,
            seq=seq,
            wanted=Wanted(prompt=prompt[0], output=answer[0], unit=unit),
            prompt_tokens=prompt[1],
            output=answer[1],
            **fields,
        )
        for seq, (prompt, answer) in enumerate(zip(prompts, answers, strict=True))
    ]


def test_without_lengths_there_is_no_block(tmp_path):
    report, text = reported(tmp_path, [record(0)])
    assert report.points[0].lengths is None
    assert report.run["synthetic"] is None
    assert "## Lengths" not in text


def test_wanted_and_actual_tokens(tmp_path):
    records = asked([(100, 110), (200, 220), (300, 360)], [(5, 5), (7, 7), (9, 3)])
    found = reported(tmp_path, records)[0].points[0].lengths
    assert (found.prompt.unit, found.prompt.source, found.output.unit, found.output.source) == (
        *("tokens", "usage"),
        *("tokens", "usage"),
    )
    assert (found.prompt.wanted.p50, found.prompt.actual.p50, found.output.wanted.max) == (200, 220, 9)
    # 1.1, 1.1 and 1.2; 1, 1 and 3 / 9.
    assert found.prompt.ratio == pytest.approx(1.1)
    assert (found.prompt.exact_ratio, found.output.ratio, found.output.exact_ratio) == (0, 1, pytest.approx(2 / 3))


def test_characters_are_those_of_the_request(tmp_path):
    records = asked([(100, 31), (100, 31)], [(5, 5), (5, 5)], unit="characters", prompt_chars=100)
    found = reported(tmp_path, records)[0].points[0].lengths.prompt
    assert (found.unit, found.source, found.actual.p50, found.exact_ratio) == ("characters", "request", 100, 1)


def test_one_of_the_two_may_be_asked_for_alone(tmp_path):
    answers = reported(tmp_path, [record(0, wanted=Wanted(output=3))])[0].points[0].lengths
    assert (answers.prompt, answers.output.exact_ratio) == (None, 1)


def test_without_usage_nothing_is_actual(tmp_path):
    records = [record(0, wanted=Wanted(prompt=10, output=3), output=None)]
    report, text = reported(tmp_path, records)
    found = report.points[0].lengths
    assert (found.prompt.wanted.n, found.prompt.actual.n, found.prompt.ratio, found.prompt.exact_ratio) == (
        1,
        0,
        None,
        None,
    )
    assert "lengths_missed" not in {reason.code for reason in report.points[0].reasons}
    assert "| 1 user | prompts | tokens | 10.0 | – | – | – | 0 |" in text


# Off by more than 5 % at the median, whichever of the two is further off.
MISSED = [
    (105, 20, None, None),
    (106, 20, 0.06, "The median prompt is 1.06 times as long as was wanted."),
    (94, 20, 0.06, "The median prompt is 0.940 times as long as was wanted."),
    (106, 10, 0.5, "The median answer is 0.500 times as long as was wanted."),
]


@pytest.mark.parametrize(("prompt", "answer", "figure", "text"), MISSED)
def test_lengths_that_were_missed_are_noted(tmp_path, prompt, answer, figure, text):
    report, _ = reported(tmp_path, asked([(100, prompt)] * 3, [(20, answer)] * 3))
    found = [reason for reason in report.points[0].reasons if reason.code == "lengths_missed"]
    assert [(each.level, each.figure, each.threshold, each.text) for each in found] == (
        [] if figure is None else [("note", pytest.approx(figure), 0.05, text)]
    )


@pytest.mark.parametrize(("cached", "is_noted"), [(59, False), (61, True)])
def test_a_prefix_that_was_asked_for_may_be_cached(tmp_path, cached, is_noted):
    records = [record(0, prompt_tokens=100, cached=cached, wanted=Wanted(prompt=100))]
    report, _ = reported(tmp_path, records, options={"prefix_share": 0.5})
    # Half of each prompt was to be common, and a tenth is within what anybody may cache.
    assert ("prompt_reuse" in {reason.code for reason in report.points[0].reasons}) is is_noted


YARDSTICKS = {
    "characters": (Yardstick(source="characters"), ""),
    "tokenizer": (Yardstick(source="tokenizer"), "made by the tokenizer's count of their plain text."),
    "usage": (
        Yardstick(source="usage", chars_per_token=4.25, overhead_tokens=12.0, probes=[]),
        "made by the server's own count: 4.25 characters a token, and 12.0 tokens besides",
    ),
}


@pytest.mark.parametrize(("yardstick", "words"), YARDSTICKS.values(), ids=YARDSTICKS)
def test_the_report_says_what_tokens_were_measured_with(tmp_path, yardstick, words):
    report, text = reported(tmp_path, asked([(100, 100)], [(5, 5)]), synthetic=yardstick)
    assert report.run["synthetic"]["source"] == yardstick.source
    assert words in text
    assert ("The prompts were made" in text) is bool(words)
