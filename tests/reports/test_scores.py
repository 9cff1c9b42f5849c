"""Which lines of quality.jsonl count."""

import pytest
from support.folders import record, write_run
from support.scorelines import score, scorer, write_scores

from harness.run import QUALITY, RunError
from harness.score import Gap
from reports.load import load
from reports.scores import read_scores


def values(scores, name="accuracy"):
    return {request: each.value for request, each in scores.by_request.get(name, {}).items()}


def test_a_run_that_nobody_scored_has_none(tmp_path):
    assert read_scores(tmp_path) is None
    assert load(write_run(tmp_path, [record()])).scores is None


def test_a_loaded_run_has_its_scores(tmp_path):
    folder = write_run(tmp_path, [record()])
    write_scores(folder, scorer(), score("r-w0-000000", 1.0))
    assert values(load(folder).scores) == {"r-w0-000000": 1.0}


def test_the_last_score_of_an_answer_counts(tmp_path):
    write_scores(tmp_path, scorer(), score("a", why="The judge was busy.", passing=True), score("b", 0.0))
    write_scores(tmp_path, score("a", 1.0), score("b", why="No number."))
    assert values(read_scores(tmp_path)) == {"a": 1.0, "b": None}


def test_scores_of_another_version_are_not_mixed_in(tmp_path):
    write_scores(tmp_path, scorer(), score("a", 1.0), score("b", 1.0))
    write_scores(tmp_path, scorer(version=2), score("a", 0.0, digest="accuracy-2"))
    found = read_scores(tmp_path)
    assert values(found) == {"a": 0.0}
    assert [each.version for each in found.scorers] == [2]
    # Who goes back to the first version finds what that has said.
    write_scores(tmp_path, scorer())
    assert values(read_scores(tmp_path)) == {"a": 1.0, "b": 1.0}


def test_a_score_of_nobody_is_left_out(tmp_path):
    write_scores(tmp_path, score("a", 1.0))
    assert read_scores(tmp_path).by_request == {}


def test_repeats_stand_apart(tmp_path):
    write_scores(
        tmp_path,
        scorer("coherence"),
        score("a", 4.0, of="coherence"),
        score("a", 5.0, of="coherence", repeat=True),
    )
    found = read_scores(tmp_path)
    assert values(found, "coherence") == {"a": 4.0}
    assert found.repeats["coherence"]["a"].value == 5.0


def test_texts_are_told_apart_by_target(tmp_path):
    texts = [
        score(None, value, of="perplexity", target=target, text="texts/0")
        for target, value in (("one", 7.0), ("two", 8.0), ("one", 9.0))
    ]
    write_scores(tmp_path, scorer("perplexity"), *texts)
    found = read_scores(tmp_path)
    assert [(each.target, each.value) for each in found.of_texts["perplexity"]] == [("one", 9.0), ("two", 8.0)]
    assert found.by_request == {}


def test_a_gap_lasts_until_its_scorer_begins_again(tmp_path):
    write_scores(tmp_path, Gap(scorer="accuracy", text="No text."), Gap(scorer="coherence", text="No judge."))
    write_scores(tmp_path, Gap(scorer="accuracy", text="Still no text."))
    assert [gap.text for gap in read_scores(tmp_path).gaps] == ["Still no text.", "No judge."]
    write_scores(tmp_path, scorer())
    assert [gap.text for gap in read_scores(tmp_path).gaps] == ["No judge."]


def test_scorers_stand_in_the_order_of_their_table_and_own_ones_last(tmp_path):
    own = scorer("brevity")
    write_scores(tmp_path, own, scorer("coherence"), scorer("accuracy"), scorer("refusal"))
    assert [each.name for each in read_scores(tmp_path).scorers] == ["accuracy", "refusal", "coherence", "brevity"]


def test_half_a_line_is_counted_and_the_rest_read(tmp_path):
    write_scores(tmp_path, scorer(), score("a", 1.0))
    with (tmp_path / QUALITY).open("ab") as file:
        file.write(b'{"line":"score","scorer":"accu\n\xff\n')
    write_scores(tmp_path, score("b", 0.0))
    found = read_scores(tmp_path)
    assert (values(found), found.torn_lines) == ({"a": 1.0, "b": 0.0}, 2)


def test_a_newer_schema_is_refused_with_a_sentence(tmp_path):
    write_scores(tmp_path, scorer(schema=2))
    with pytest.raises(RunError, match=r"quality\.jsonl has schema 2; this version of llocust reads schema 1\."):
        read_scores(tmp_path)


def test_a_newer_schema_of_another_form_is_no_torn_line(tmp_path):
    (tmp_path / QUALITY).write_bytes(b'{"line":"scorer","schema":2,"called":"s"}\n')
    with pytest.raises(RunError, match=r"quality\.jsonl has schema 2; this version of llocust reads schema 1\."):
        read_scores(tmp_path)


def test_a_file_that_cannot_be_read_is_told(tmp_path):
    folder = write_run(tmp_path, [record()])
    (folder / QUALITY).mkdir()
    with pytest.raises(RunError, match=r"quality\.jsonl cannot be read"):
        load(folder)
