"""Code of the user's own: found, imported where it may be, and each mistake told in a sentence."""

import sys
from pathlib import Path

import pytest

from harness import dialects, own, userfile
from harness.dialects import is_known
from harness.options import UsageMistakes, resolve

GOOD = "def query_model(prompt, max_resp_tokens):\n    yield prompt\n"
DIALECT = "def encode(ask):\n    return {}\ndef decode(event):\n    yield event.data\n"


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(dialects, "_OTHERS", dict(dialects._OTHERS))
    monkeypatch.setattr(sys, "path", [*sys.path])
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if name.startswith("_own_") or name in ("errors", "house", "house.talk"):
            del sys.modules[name]


def write(name, text):
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def refusal(act, *arguments):
    with pytest.raises(UsageMistakes) as caught:
        act(*arguments)
    return caught.value.mistakes


# query_model


def test_the_function_is_found_and_its_neighbours_are(tmp_path):
    write("there/errors.py", "class FailedQueryError(Exception):\n    pass\n")
    write("there/model_query.py", "from errors import FailedQueryError\n" + GOOD)
    place = len(sys.path)
    function = own.load_query_model("there/model_query.py")
    assert list(function("Why?", 3)) == ["Why?"]
    assert sys.path[place:] == [str(tmp_path / "there")]  # behind all else
    assert own.load_query_model("there/model_query.py") is function  # imported once


def test_its_main_part_is_not_run():
    write("m.py", GOOD + "if __name__ == '__main__':\n    raise SystemExit\n")
    assert callable(own.load_query_model("m.py"))


def test_a_dataclass_in_it_finds_its_module():
    write(
        "m.py",
        "from __future__ import annotations\nimport dataclasses\n@dataclasses.dataclass\nclass A:\n    b: int\n" + GOOD,
    )
    assert list(own.load_query_model("m.py")("Why?", 3)) == ["Why?"]


TAIL = "; mend it, or install what it needs."
WRITES_ONE = "; `llocust init query-model` writes one to begin with."
BAD = [
    ("x = 1\n", "it has no function query_model(prompt, max_resp_tokens)" + WRITES_ONE),
    ("query_model = 3\n", "it has no function query_model(prompt, max_resp_tokens)" + WRITES_ONE),
    (
        "def query_model(prompt):\n    yield ''\n",
        "its query_model() does not take two arguments, prompt and max_resp_tokens" + WRITES_ONE,
    ),
    (
        "async def query_model(prompt, max_resp_tokens):\n    yield ''\n",
        "its query_model() is asynchronous; write it with a plain `def`" + WRITES_ONE,
    ),
    ("x = 1\nimport nowhere\n", "importing it raised ModuleNotFoundError on line 2: No module named 'nowhere'" + TAIL),
    ("def query_model(a, b)\n    pass\n", "importing it raised SyntaxError on line 1: expected ':'" + TAIL),
    ("\n\nraise SystemExit('no key')\n", "importing it raised SystemExit on line 3: no key" + TAIL),
]


@pytest.mark.parametrize(("text", "why"), BAD)
def test_a_file_that_will_not_do(text, why):
    write("m.py", text)
    assert refusal(own.load_query_model, "m.py") == [f"--query-model 'm.py': {why}"]
    assert not [name for name in sys.modules if name.startswith("_own_m_") and "raised" in why]


def test_a_keyword_more_is_no_matter():
    write("m.py", "def query_model(prompt, max_resp_tokens, heat=0.5, *, top=None):\n    yield prompt\n")
    assert list(own.load_query_model("m.py")("Why?", 3)) == ["Why?"]


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ("none.py", "there is no file of that name; give the path of a Python file."),
        (".", "there is a directory of that name; give the path of a Python file."),
    ],
)
def test_a_file_that_is_not_there(given, why):
    assert refusal(own.check_query_model, given) == [f"--query-model {given!r}: {why}"]


def test_a_file_that_is_no_python():
    write("m.txt", GOOD)
    assert refusal(own.load_query_model, "m.txt") == [
        "--query-model 'm.txt': give a file of Python, whose name ends in .py."
    ]


# In a child


def test_a_good_file_is_checked_without_being_imported_here():
    write("m.py", "print('hello')\n" + GOOD)
    own.check_query_model("m.py")
    assert not [name for name in sys.modules if name.startswith("_own_m_")]
    own.check_query_model(None)


def test_what_the_child_finds_is_told():
    write("m.py", "import sys\nprint('hello')\nx = {}['token']\n")
    (told,) = refusal(own.check_query_model, "m.py")
    assert told == f"--query-model 'm.py': importing it raised KeyError on line 3: 'token'{TAIL}"


def test_a_file_that_ends_python():
    write("m.py", "import os\nos._exit(7)\n")
    assert refusal(own.check_query_model, "m.py") == [
        "--query-model 'm.py': importing it ended Python (exit 7); mend it."
    ]


def test_a_file_that_never_comes_back(monkeypatch):
    monkeypatch.setattr(own, "_IMPORT_LIMIT_S", 0.3)
    write("m.py", "import time\ntime.sleep(60)\n" + GOOD)
    (told,) = refusal(own.check_query_model, "m.py")
    assert told == (
        "--query-model 'm.py': importing it takes more than 0.3 s; ask nobody at import, only in query_model()."
    )


# Dialects


def test_a_dialect_is_adopted_from_a_file_and_from_a_module():
    write("talk.py", DIALECT + "key_env = 'HOUSE_KEY'\n")
    write("house/talk.py", DIALECT)
    options = own.read({"host": "http://h", "model": "m", "dialect": "./talk.py"})
    assert (options.dialect, options.api_key_env) == ("./talk.py", "HOUSE_KEY")
    assert is_known("./talk.py")
    assert own.read({"host": "http://h", "model": "m", "dialect": "house.talk"}).dialect == "house.talk"


def test_dialects_of_targets_are_adopted():
    write("talk.py", DIALECT)
    assert own.adopt_all({"targets": ["name=a host=http://h dialect=./talk.py", 'host=http://i "dialect=chat"']}) == []
    assert is_known("./talk.py")


NO_DIALECT = [
    ("./none.py", "--dialect './none.py': there is no file of that name; give the path of a Python file."),
    (
        "house.none",
        "--dialect 'house.none': importing it raised ModuleNotFoundError: No module named 'house.none'" + TAIL,
    ),
    (
        "./half.py",
        "--dialect './half.py' is no dialect: it has no function decode(event); see `llocust init dialect`.",
    ),
    ("./bad.py", "--dialect './bad.py': importing it raised ZeroDivisionError on line 2: division by zero" + TAIL),
]


@pytest.mark.parametrize(("name", "told"), NO_DIALECT)
def test_a_dialect_that_will_not_do_is_told_with_all_else(name, told):
    write("half.py", "def encode(ask):\n    return {}\n")
    write("bad.py", "x = 1\nx / 0\n")
    write("house/__init__.py", "")
    mistakes = refusal(own.read, {"host": "http://h", "model": "m", "dialect": name, "users": "none"})
    assert mistakes == [told, "--users 'none': give a whole number of one or more."]


# What a run keeps of it


def test_files_are_known_by_their_digests():
    write("talk.py", DIALECT)
    write("m.py", GOOD)
    assert own.digests(own.read({"query_model": "m.py"})) == {
        "--query-model": userfile.digest(userfile.find("m.py", ""))
    }
    by_dialect = own.digests(own.read({"host": "http://h", "model": "m", "dialect": "./talk.py"}))
    assert list(by_dialect) == ["--dialect ./talk.py"]
    assert own.digests(resolve({"host": "http://h"})) == {}


def test_a_file_that_was_changed_is_told():
    write("m.py", GOOD)
    options = own.read({"query_model": "m.py"})
    wanted = own.digests(options)
    own.expect_unchanged(options, wanted)
    write("m.py", GOOD + "\n")
    assert refusal(own.expect_unchanged, options, wanted) == [
        "--query-model: the file here is not the one that the run was begun with: bring that one here, or begin a new run."
    ]
