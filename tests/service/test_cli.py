"""Options and environment of `llocust serve`."""

import subprocess
import sys
from pathlib import Path

import pytest

from service.cli import NotServed, alone, check, make_parser, settings_of
from service.safety.tokens import make
from service.settings import Limits, Settings

ENTRY = make("run").entry


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch):
    for name in ("LLOCUST_TOKENS", "LLOCUST_DATABASE", "LLOCUST_DATA", "LLOCUST_ALLOW_TARGET", "SUPERBENCHMARK_DEBUG"):
        monkeypatch.delenv(name, raising=False)


def read(*words):
    return settings_of(make_parser().parse_args(words))


def test_the_defaults_are_loopback_and_an_embedded_database():
    settings = read()
    assert (settings.host, settings.port, settings.is_loopback, settings.tokens) == ("127.0.0.1", 8000, True, ())
    assert settings.data == Path("llocust-data")
    assert settings.database_url == f"sqlite:///{Path('llocust-data').resolve()}/llocust.db"
    assert settings.limits == Limits()


def test_all_can_be_said():
    settings = read(
        *("--host", "10.0.0.5", "--port", "9000", "--data", "d", "--database", "postgresql://h/x", "--at-once", "2"),
        *("--allow-target", "a", "10.0.0.0/8", "--allow-target", "b"),
        *("--max-body", "1", "--max-requests", "2", "--max-points", "3", "--max-users", "4", "--max-duration", "5"),
        *("--max-tokens", "6", "--max-queue", "7", "--max-listeners", "8", "--max-processes", "9"),
    )
    assert (settings.host, settings.port, settings.data, settings.at_once) == ("10.0.0.5", 9000, Path("d"), 2)
    assert settings.database_url == "postgresql://h/x"
    assert settings.allowed_targets == ("a", "10.0.0.0/8", "b")
    assert settings.limits == Limits(
        body_bytes=1, requests=2, points=3, users=4, duration_s=5, max_tokens=6, queue=7, listeners=8, processes=9
    )


def test_the_environment_says_the_rest(monkeypatch):
    monkeypatch.setenv("LLOCUST_TOKENS", ENTRY)
    monkeypatch.setenv("LLOCUST_DATABASE", "postgresql://of-the-environment/x")
    monkeypatch.setenv("LLOCUST_DATA", "elsewhere")
    monkeypatch.setenv("LLOCUST_ALLOW_TARGET", "a,b c")
    settings = read()
    assert [token.name for token in settings.tokens] == ["run"]
    assert (settings.database_url, settings.data) == ("postgresql://of-the-environment/x", Path("elsewhere"))
    assert settings.allowed_targets == ("a", "b", "c")


def test_a_file_in_the_place_of_the_database_needs_no_database(monkeypatch):
    monkeypatch.setenv("SUPERBENCHMARK_DEBUG", "True")
    settings = read("--database", "postgresql://nowhere/x")
    assert settings.debug_file == Path("test_database.json")
    assert settings.database_url == f"sqlite:///{Path('llocust-data').resolve()}/llocust.db"
    monkeypatch.setenv("SUPERBENCHMARK_DEBUG", "False")
    assert read("--database", "postgresql://nowhere/x").database_url == "postgresql://nowhere/x"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.5", "example.org", "127.0.0.1.example.org", ""])
def test_others_are_let_in_with_tokens_alone(host):
    with pytest.raises(NotServed, match="nothing says whom: set LLOCUST_TOKENS"):
        check(Settings(data=Path("d"), host=host))
    check(Settings(data=Path("d"), host=host, tokens=(make_token(),)))


def make_token():
    from service.safety.tokens import read_tokens

    return read_tokens(ENTRY)[0]


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "localhost", "::1"])
def test_loopback_needs_none(host):
    check(Settings(data=Path("d"), host=host))


@pytest.mark.parametrize(
    "words", [("--port", "x"), ("--max-users", "0"), ("--max-queue", "-1"), ("--make-token", "admin"), ("--nonsense",)]
)
def test_what_is_no_option(words, capsys):
    with pytest.raises(SystemExit) as ended:
        make_parser().parse_args(words)
    assert ended.value.code == 2


def test_one_service_at_a_time(tmp_path):
    with alone(tmp_path), pytest.raises(NotServed, match="Another service uses"), alone(tmp_path):
        pass
    with alone(tmp_path):
        pass


def test_data_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(NotServed, match="cannot be written to"), alone(tmp_path / "file"):
        pass


@pytest.mark.parametrize("absent", ["fastapi", "sqlalchemy", "alembic"])
def test_without_the_extra_there_is_a_sentence(absent):
    code = f"import sys; sys.modules[{absent!r}] = None; sys.argv = ['llocust', 'serve']; import harness.cli; harness.cli.main()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (2, f"`llocust serve` needs {absent}: pip install 'llocust[service]'.\n")
