"""What is shown while answers are scored."""

from support.scored import Spoken, asking, said, write_answers

from harness.quality import registry
from harness.quality.cli import score
from harness.quality.screen import ScoreScreen

EVENT = {"event": "score", "scorer": "a", "number": 1, "scorers": 2, "done": 0, "of": 1200}


def test_without_a_terminal_each_scorer_has_a_line_when_it_has_ended(capsys):
    screen = ScoreScreen()
    for event in (EVENT, EVENT | {"done": 1200}, {"event": "gap", "text": "x"}, EVENT | {"scorer": "b", "done": 7}):
        screen.show(event)
    assert capsys.readouterr().out == "a: 1,200 of 1,200\n"
    screen.close()
    assert capsys.readouterr().out == "b: 7 of 1,200\n"


def test_nothing_scored_shows_nothing(capsys):
    ScoreScreen().close()
    assert capsys.readouterr().out == ""


def scored(tmp_path, monkeypatch, **shown):
    spoken = Spoken(applies=lambda answer: answer.target == "c", lacking="Not here.")
    monkeypatch.setitem(registry.FACTORIES, "spoken", lambda _: spoken)
    targets = ["a", "b", "c"]
    rows = [said("x", seq, target=target) for seq, target in enumerate(targets)]
    folder = write_answers(tmp_path, [rows], targets=targets)
    return score(asking(folder, "spoken"), **shown)


def test_gaps_are_said_also_where_nothing_else_is(tmp_path, monkeypatch, capsys):
    assert len(scored(tmp_path, monkeypatch, quiet=True, json_progress=False).gaps) == 2
    out, err = capsys.readouterr()
    assert (out, err) == ("", "spoken, a: Not here.\nspoken, b: Not here.\n")


def test_json(tmp_path, monkeypatch, capsys):
    scored(tmp_path, monkeypatch, quiet=False, json_progress=True)
    out = capsys.readouterr().out.splitlines()
    assert out[0] == '{"event":"score","scorer":"spoken","number":1,"scorers":1,"done":0,"of":3}'
    assert out[-1] == '{"event":"gap","scorer":"spoken","target":"b","text":"Not here."}'
