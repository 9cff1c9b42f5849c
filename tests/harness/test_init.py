import ast
import tomllib
from datetime import date

import pytest

from harness.init import STARTS, write
from harness.options import UsageMistakes

EXPECTED = {
    "query-model": {"query_model"},
    "dialect": {"encode", "decode"},
    "locustfile": {"MyUser"},
    "scorer": {"score"},
}


@pytest.mark.parametrize("what", EXPECTED)
def test_a_file_is_written_and_is_python(tmp_path, what):
    written = write([what, "--dir", str(tmp_path / "new")])
    assert written.path == tmp_path / "new" / STARTS[what].file
    assert str(written.path) in written.command
    names = {
        node.name for node in ast.walk(ast.parse(written.path.read_text(encoding="utf-8"))) if hasattr(node, "name")
    }
    assert EXPECTED[what] <= names


def test_every_file_is_looked_into():
    assert {*EXPECTED, "prices"} == {*STARTS}


def test_prices_are_an_example_that_can_be_read_and_is_nobodys(tmp_path):
    written = write(["prices", "--dir", str(tmp_path)])
    assert written.command == f"llocust report output/latest --prices {tmp_path}/prices.toml"
    text = written.path.read_text(encoding="utf-8")
    table = tomllib.loads(text)
    assert "This is an example, and no truth" in " ".join(text.split())
    assert (table["as_of"], table["source"]) == (date(2026, 1, 31), "")
    assert all(name.startswith("example-") for rows in (table["models"], table["targets"]) for name in rows)


def test_here_it_is_typed_as_a_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert write(["dialect"]).command == "llocust sweep --host URL --dialect ./my_dialect.py --model NAME"


def test_what_is_there_is_never_written_over(tmp_path):
    path = tmp_path / "model_query.py"
    path.write_text("mine")
    with pytest.raises(UsageMistakes) as caught:
        write(["query-model", "--dir", str(tmp_path)])
    assert caught.value.mistakes == [f"{path} is there already, and stays as it is; give another place with --dir."]
    assert path.read_text() == "mine"


def test_a_place_where_nothing_can_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageMistakes) as caught:
        write(["dialect", "--dir", str(tmp_path / "file" / "sub")])
    assert str(caught.value).endswith("cannot be written: Not a directory; give another place with --dir.")


@pytest.mark.parametrize("argv", [[], ["house"], ["dialect", "--into", "x"]])
def test_what_there_is_is_told(argv):
    with pytest.raises(UsageMistakes, match=r"`llocust init --help` tells what there is\.$"):
        write(argv)
