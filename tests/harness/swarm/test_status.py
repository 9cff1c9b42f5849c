import json
import sys

from harness import launch
from harness.swarm import status
from harness.swarm.status import Announcer


def test_a_line_behind_a_record_separator(capsys):
    Announcer(listening=True).tell("tick", phase="window", ttft_p95_s=None, users=4)
    line = capsys.readouterr().out
    assert (line[0], line.count("\n"), line[-1]) == ("\x1e", 1, "\n")
    assert json.loads(line[1:]) == {"event": "tick", "phase": "window", "ttft_p95_s": None, "users": 4}


def test_parent_and_child_agree_on_the_separator():
    assert launch.SEPARATOR == status.SEPARATOR


def test_without_a_parent_nothing_is_said(capsys):
    Announcer(listening=False).tell("tick")
    assert capsys.readouterr().out == ""


class Gone:
    """A pipe that nobody reads."""

    def __init__(self):
        self.written = 0

    def write(self, _):
        self.written += 1

    def flush(self):
        raise BrokenPipeError


def test_a_parent_that_is_gone_is_noted_and_told_no_more(monkeypatch):
    monkeypatch.setattr(sys, "stdout", gone := Gone())
    announcer = Announcer(listening=True)
    assert not announcer.lost
    announcer.tell("tick")
    assert announcer.lost
    announcer.tell("tick")
    assert gone.written == 1
