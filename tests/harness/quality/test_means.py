"""What scorers need is looked at before there is a load."""

import pytest

from harness.options import Options, UsageMistakes
from harness.quality.means import check_means
from harness.targets import Target

JUDGE = Target(name="judge", host="http://j", model="m", dialect="chat", api_key_env="NO_SUCH_KEY")


def mistakes(**options) -> list[str]:
    try:
        check_means(Options(host="http://h", **options))
    except UsageMistakes as error:
        return error.mistakes
    return []


def test_nothing_is_missing(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text("def score(answer):\n    return 1\n")
    assert mistakes() == []
    assert mistakes(quality=("empty", str(path)), texts="short", judge=JUDGE) == []


def test_all_that_is_missing_is_said_at_once(monkeypatch):
    monkeypatch.setenv("J_KEY", "käse")
    judge = Target(name="judge", host="http://j", model="m", dialect="chat", api_key_env="J_KEY")
    found = mistakes(quality=("coherence", "./none.py"), texts="none", judge=judge)
    assert [each.partition(": ")[0] for each in found] == ["--scorers './none.py'", "--texts", "--judge"]
    assert "käse" not in str(found)


@pytest.mark.parametrize("quality", [(), ("coherence",)])
def test_a_judge_is_looked_at_where_there_is_something_to_judge(monkeypatch, quality):
    monkeypatch.setenv("NO_SUCH_KEY", "käse")
    assert bool(mistakes(quality=quality, judge=JUDGE)) is bool(quality)
