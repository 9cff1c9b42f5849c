"""The command that brings prices to a run, and the chapters that they make."""

import csv
import io
import json
from dataclasses import replace

import msgspec
import pytest
from support.beside import write_beside
from support.folders import full_window, point, record, write_run
from support.priced import TABLE, mark, price

from reports.build import build
from reports.cli import report_main
from reports.load import load
from reports.render import costs, markdown
from reports.render import csv as csv_renderer
from reports.render.numbers import money


@pytest.fixture(autouse=True)
def plots(monkeypatch):
    """Pictures take seconds."""
    monkeypatch.setattr("reports.write.save_plots", lambda drawn, directory: None)


@pytest.fixture
def folder(tmp_path):
    return write_run(tmp_path / "run", full_window(8), point(users=8))


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(TABLE)
    return path


def test_prices_are_brought_to_a_run_and_stay(folder, table, capsys):
    assert report_main([str(folder), "--prices", str(table)]) == 0
    assert (folder / "prices.toml").read_text() == TABLE
    first = {path.name: path.read_bytes() for path in folder.glob("report.*")}
    assert len(first) == 3
    table.unlink()
    assert report_main([str(folder)]) == 0
    assert {name: (folder / name).read_bytes() for name in first} == first
    assert json.loads(first["report.json"])["prices"]["currency"] == "USD"
    assert "Report: " in capsys.readouterr().out


def test_a_table_that_cannot_be_used_is_told_whole_and_changes_nothing(folder, table, capsys):
    table.write_text('currency = 1\n[models."tiny"]\ninput = "x"\n')
    with pytest.raises(SystemExit) as ended:
        report_main([str(folder), "--prices", str(table)])
    assert ended.value.code == 2
    told = capsys.readouterr().err
    assert f"{table}: `currency` is 1" in told
    assert f'{table}: [models."tiny"]: it has no `output`' in told
    assert not (folder / "prices.toml").exists()
    assert not (folder / "report.json").exists()


def test_nothing_is_written_into_what_is_no_run_folder(tmp_path, table, capsys):
    (tmp_path / "else").mkdir()
    assert report_main([str(tmp_path / "else"), "--prices", str(table)]) == 2
    assert "is not a run folder" in capsys.readouterr().err
    assert not any((tmp_path / "else").iterdir())


def test_the_chapters_in_markdown(folder):
    # 800 requests of 10 prompt tokens and 9 output tokens: 20 + 90 = 110 millionths each.
    frames = load(price(folder))
    text = markdown.render(build(frames), frames)
    assert "## Cost in USD" in text
    assert "| 8 users | tokens | 0.0880 | 0.0880 | 0.000110 | 0.0122 | 31.7 | – | – | – | – | 0 |" in text
    assert "No scorer said which answers are correct" in text
    assert (
        "- As of 2026-01-31, from prices.toml: made up. They are what the table says, not what anybody charged." in text
    )
    assert "| default | tiny | model tiny | 2.00 | 0.500 | 10.0 | 20.0 | – | 0.0880 USD | 0 |" in text


def test_with_a_check_the_chapter_says_which(folder):
    # Half of 800 answers are right: 0.088 / 400; Wilson 0.4654 to 0.5346.
    frames = load(mark(price(folder), {each.id: float(each.seq % 2) for each in full_window(8)}))
    chapter = costs.costs(build(frames))
    assert chapter.table.lines[0].cells[7:9] == ("0.000220", "0.000206 to 0.000236")
    assert "Which answers are correct is told by accuracy" in chapter.note
    assert "Canaries" not in chapter.note


def test_where_there_are_canaries_it_is_said_which_costs_leave_them_out(folder):
    frames = load(mark(price(folder), {each.id: float(each.seq % 2) for each in full_window(8)}))
    asked = replace(frames, manifest=msgspec.structs.replace(frames.manifest, options={"canary_every": 5}))
    assert (
        "Canaries are no answers: what their tokens cost is in all but the costs of a correct"
        in costs.costs(build(asked)).note
    )


def test_a_price_for_nobody_is_said_and_shows_no_cost(folder):
    report = build(load(price(folder, 'currency = "EUR"\n[models.huge]\nper_hour = 1\n')))
    assert costs.costs(report) is None
    chapter = costs.prices(report)
    assert chapter.table.lines == []
    assert chapter.listed == (
        "Without a date, from prices.toml. They are what the table says, not what anybody charged.",
        'prices.toml has no price for the model tiny: add [models."tiny"] or [targets."default"] to it.',
    )


def test_without_a_table_there_are_no_chapters(folder):
    report = build(load(folder))
    assert (costs.costs(report), costs.prices(report)) == (None, None)


def test_what_points_csv_says(folder, tmp_path):
    (row,) = csv.DictReader(io.StringIO(csv_renderer.render_points(build(load(price(folder)))).decode()))
    assert (row["cost.currency"], float(row["cost.window"])) == ("USD", pytest.approx(0.088))
    assert (row["cost.interval_per_correct.low"], row["cost.interval_per_correct.high"]) == ("", "")
    bare = csv_renderer.render_points(build(load(write_run(tmp_path / "bare", [record()])))).decode()
    assert "cost.window" not in bare


def test_what_a_target_without_a_price_has_in_points_csv(tmp_path):
    rows = list(
        csv.DictReader(io.StringIO(csv_renderer.render_points(build(load(write_beside(tmp_path / "run")))).decode()))
    )
    # own, bought and other; what is a section in some rows is no column of its own.
    assert [row["cost.basis"] for row in rows[:3]] == ["machine", "tokens", ""]
    assert "cost" not in rows[0]


def test_money_is_never_rounded_to_cents():
    assert [money(value, "USD") for value in (0.0000012345, 0.5, 1234.5, 0.0, None)] == [
        "0.00000123 USD",
        "0.500 USD",
        "1,234 USD",
        "0 USD",
        "–",
    ]
