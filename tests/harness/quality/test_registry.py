"""Every scorer there is can be made, and why one cannot is a sentence."""

import subprocess
import sys

import pytest
from support.scored import asking, said, write_answers

from harness.options import UsageMistakes
from harness.quality.answer import Scorer, Unavailable
from harness.quality.registry import FACTORIES, is_own, make
from harness.score import BY_NAME, MEANINGS

LOCAL = [meaning.name for meaning in MEANINGS if meaning.needs in ("", "logprobs")]


@pytest.fixture
def run(tmp_path):
    return asking(write_answers(tmp_path, [[said("x", 1)]]))


def test_there_is_a_factory_for_every_meaning():
    assert FACTORIES.keys() == BY_NAME.keys()


@pytest.mark.parametrize("name", LOCAL)
def test_those_that_ask_nobody_can_be_made(run, name):
    scorer: Scorer = make(name, run)  # type: ignore[assignment]
    assert scorer.meaning.name == name
    assert not scorer.asks


def test_making_nothing_imports_no_library():
    code = (
        "import sys, harness.quality.command, harness.quality.scoring\n"
        "wanted = {'sacrebleu', 'py3langid', 'math_verify', 'profanity_check', 'sklearn', 'sympy', 'locust', 'gevent'}\n"
        "print(sorted(wanted & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def fail_with(monkeypatch, error: Exception) -> None:
    def factory(_):
        raise error

    monkeypatch.setitem(FACTORIES, "chrf", factory)


def test_a_missing_library_is_named(run, monkeypatch):
    fail_with(monkeypatch, ModuleNotFoundError("No module named 'sacrebleu'", name="sacrebleu.metrics"))
    with pytest.raises(Unavailable, match=r"^The library sacrebleu is missing: pip install 'llocust\[quality\]'\.$"):
        make("chrf", run)


def test_a_module_of_ours_that_is_missing_is_a_mistake_of_ours(run, monkeypatch):
    fail_with(monkeypatch, ModuleNotFoundError("No module named 'harness.x'", name="harness.x"))
    with pytest.raises(ModuleNotFoundError):
        make("chrf", run)


def test_what_the_environment_lacks_is_said(run, monkeypatch):
    fail_with(monkeypatch, UsageMistakes(["One.", "Two."]))
    with pytest.raises(Unavailable, match=r"^One\. Two\.$"):
        make("chrf", run)


def test_one_of_the_users_own(run, tmp_path):
    path = tmp_path / "mine.py"
    path.write_text("def score(answer):\n    return 1\n")
    assert make(str(path), run).meaning.name == "mine"
    path = tmp_path / "none.py"
    with pytest.raises(Unavailable, match=r"none\.py': there is no file of that name"):
        make(str(path), run)


@pytest.mark.parametrize(("name", "own"), [("chrf", False), ("./mine.py", True), ("mine.py", True), ("mine", False)])
def test_a_file_is_ones_own(name, own):
    assert is_own(name) is own
