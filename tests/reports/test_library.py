"""The charts' script is bundled once, kept whole or not at all, and made anew where it cannot be kept."""

import pytest

from reports import library

SCRIPT = "draw('<\\/script>', '数')"


@pytest.fixture
def bundled(monkeypatch, tmp_path):
    """How often it was made, and where it is kept."""
    times = []
    monkeypatch.setattr(library, "_bundle", lambda: times.append(1) or SCRIPT)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return times


def fetch():
    return library.library.__wrapped__()


def test_the_second_process_finds_what_the_first_made(bundled, tmp_path):
    assert [fetch(), fetch()] == [SCRIPT, SCRIPT]
    assert len(bundled) == 1
    (kept,) = (tmp_path / "cache" / "llocust").iterdir()
    assert SCRIPT.encode() in kept.read_bytes()


@pytest.mark.parametrize(
    "harm", [lambda data: data[:-1], lambda data: data.replace(b"draw", b"evil"), lambda data: b""]
)
def test_what_is_not_as_it_was_made_is_made_anew(bundled, tmp_path, harm):
    fetch()
    (kept,) = (tmp_path / "cache" / "llocust").iterdir()
    kept.write_bytes(harm(kept.read_bytes()))
    assert fetch() == SCRIPT
    assert len(bundled) == 2
    assert fetch() == SCRIPT
    assert len(bundled) == 2


def test_where_nothing_can_be_kept_it_is_made_each_time(bundled, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert [fetch(), fetch()] == [SCRIPT, SCRIPT]
    assert len(bundled) == 2


def test_without_a_home_it_is_made_each_time(bundled, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setattr("pathlib.Path.expanduser", lambda self: (_ for _ in ()).throw(RuntimeError("no home")))
    assert fetch() == SCRIPT
    assert len(bundled) == 1


def test_no_script_element_ends_in_it(monkeypatch):
    monkeypatch.setattr("vl_convert.javascript_bundle", lambda **_: "a('</script>')")
    assert "</script" not in library._bundle()
