"""Tokens by a tokenizer of the user's own, beside the server's usage."""

import msgspec
import pytest
from support.folders import full_window, point, record, refused, write_run
from support.words import word_tokenizer

from harness.run import RunError
from harness.tokenizer import Tokenizer, TokenizerError
from reports.cli import report_main
from reports.load import load
from reports.write import write


@pytest.fixture(autouse=True)
def plots(monkeypatch):
    """Pictures take seconds."""
    monkeypatch.setattr("reports.write.save_plots", lambda drawn, directory: None)


@pytest.fixture
def words(tmp_path):
    return word_tokenizer(tmp_path / "words.json")


def answers(usage_four=5, usage_two=2):
    """Two that are all text: of four words in 40 ms, of two in 20 ms. One that also thought, one that failed, one silent."""
    return [
        record(0, (100, 120, 140), [4, 4, 3], seq=0, output=usage_four, text="ab cd ef gh"),
        record(10, (100, 120), [3, 4], seq=1, output=usage_two, text="one two"),
        record(20, (100, 120), [4, 4], seq=2, output=9, kinds="rt", text="said"),
        record(30, (100, 120), [3, 4], seq=3, output=2, outcome="cut", text="one two"),
        record(40, (), (), seq=4, output=1, text=""),
        refused(50, seq=5),
    ]


def tokens_of(folder, tokenizer=None):
    (found,) = write(folder, tokenizer).points
    return found.tokens.counted


def test_both_counts_are_shown(tmp_path, words):
    counted = tokens_of(write_run(tmp_path / "run", answers()), Tokenizer(words))
    assert (counted.output.n, counted.output.min, counted.output.max) == (2, 2, 4)
    # 40 ms / (4 - 1) and 20 ms / (2 - 1)
    assert (counted.tpot_s.min, counted.tpot_s.max) == pytest.approx((0.04 / 3, 0.02))
    # 6 words of 7 tokens; the one that is missing ended an answer.
    assert counted.per_usage == pytest.approx(6 / 7)
    assert counted.off_ratio == 0
    assert (counted.tokenizer, counted.digest[:7]) == (str(words), "sha256:")


def test_the_servers_figures_stay_the_servers(tmp_path, words):
    before = write(write_run(tmp_path / "one", answers())).points[0]
    after = write(write_run(tmp_path / "two", answers()), Tokenizer(words)).points[0]
    assert before.tokens.counted is None
    assert msgspec.structs.replace(after.tokens, counted=None) == before.tokens
    assert after.latency == before.latency


def test_a_mismatch_is_flagged(tmp_path, words):
    folder = write_run(tmp_path / "run", answers(usage_four=10, usage_two=4))
    (found,) = write(folder, Tokenizer(words)).points
    # 10 - 4 and 4 - 2, less one each, of 14
    assert found.tokens.counted.off_ratio == pytest.approx(6 / 14)
    (reason,) = [reason for reason in found.reasons if reason.code == "tokens_disagree"]
    assert (reason.level, reason.threshold) == ("note", 0.02)
    assert "0.429 times" in reason.text


def test_counts_that_agree_are_no_doubt(tmp_path, words):
    (found,) = write(write_run(tmp_path / "run", answers()), Tokenizer(words)).points
    assert "tokens_disagree" not in {reason.code for reason in found.reasons}


def test_without_usage_the_counts_stand_alone(tmp_path, words):
    counted = tokens_of(write_run(tmp_path / "run", answers(usage_four=None, usage_two=None)), Tokenizer(words))
    assert counted.output.n == 2
    assert (counted.per_usage, counted.off_ratio) == (None, None)


def test_without_texts_nothing_is_counted(tmp_path, words):
    counted = tokens_of(write_run(tmp_path / "run", full_window(2)), Tokenizer(words))
    assert (counted.output.n, counted.tpot_s.n, counted.per_usage) == (0, 0, None)


def test_counts_stay_with_the_run(tmp_path, words):
    folder = write_run(tmp_path / "run", answers(), point(users=1))
    write(folder, Tokenizer(words))
    first = {name: (folder / name).read_bytes() for name in ("report.json", "report.md", "report.html", "requests.csv")}
    words.unlink()
    write(folder)
    assert {name: (folder / name).read_bytes() for name in first} == first
    assert load(folder).points[0].requests["counted_output"].tolist()[:2] == [4.0, 2.0]
    row = "| 1 user | 3.50 | 3.00 | 2 | 0.857 | 0 % | 10.0 ms | 16.7 ms |"
    assert row in first["report.md"].decode()
    assert "Tokens by a tokenizer of your own" in first["report.html"].decode()


def test_the_command(tmp_path, words, capsys):
    folder = write_run(tmp_path / "run", answers())
    assert report_main([str(folder), "--tokenizer", str(words)]) == 0
    assert (folder / "tokens.json").exists()
    with pytest.raises(SystemExit) as ended:
        report_main([str(folder), "--tokenizer", str(tmp_path / "none.json")])
    assert ended.value.code == 2
    assert "none.json' cannot be read (No such file or directory)" in capsys.readouterr().err


def test_counts_that_cannot_be_read(tmp_path):
    folder = write_run(tmp_path / "run", answers())
    (folder / "tokens.json").write_text("{")
    with pytest.raises(RunError, match=r"tokens\.json holds no counts of tokens .* count again with --tokenizer"):
        load(folder)


def test_what_is_no_tokenizer(tmp_path):
    (tmp_path / "bad.json").write_text('{"model": 1}')
    with pytest.raises(TokenizerError, match=r"bad\.json' is no tokenizer\.json of the `tokenizers` library"):
        Tokenizer(tmp_path / "bad.json")
