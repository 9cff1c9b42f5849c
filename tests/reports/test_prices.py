"""The table of prices: what it may say, and what is said of one that says something else."""

from importlib.resources import files

import pytest
from support.folders import record, write_run
from support.priced import TABLE

from harness.run import RunError
from reports import prices
from reports.frames import Tariff
from reports.prices import PricesError
from reports.report import Price


def test_a_table_is_read():
    assert prices.parse(TABLE + '\n[targets."own box"]\nper_hour = 3\nsource = " lease "\n', "p.toml") == Tariff(
        currency="USD",
        as_of="2026-01-31",
        source="made up",
        rows=[
            Price(name="tiny", of="model", input=2.0, cached_input=0.5, output=10.0, reasoning=20.0),
            Price(name="own box", of="target", per_hour=3.0, source="lease"),
        ],
    )


def test_what_may_be_left_out():
    table = 'currency = " € "\nsource = ""\nas_of = "2026-01-31"\n[models."a/b.c"]\ninput = 0\noutput = 0\n'
    found = prices.parse(table, "p.toml")
    assert (found.currency, found.as_of, found.source) == ("€", "2026-01-31", None)
    assert found.rows == [Price(name="a/b.c", of="model", input=0.0, output=0.0)]


def mistakes(text):
    with pytest.raises(PricesError) as caught:
        prices.parse(text, "p.toml")
    return caught.value.mistakes


def test_all_mistakes_are_told_at_once():
    text = """
as_of = 2026-01-31T12:00:00
source = 3
curency = "USD"
targets = 1
[models.a]
input = "2"
output = -1
[models.b]
input = true
output = nan
price = 1
source = 4
[models.c]
per_hour = inf
cached_input = 1
[models.d]
cached_input = 1
[models]
e = 5
"""
    assert mistakes(text) == [
        "p.toml: `curency` is not a key; there are currency, as_of, source, models, targets.",
        "p.toml: `as_of` is a datetime; give the day of the prices, such as 2026-01-31.",
        "p.toml: `source` is 3; give a text.",
        'p.toml: it has no `currency`; say what the prices are in, currency = "USD".',
        "p.toml: [models.\"a\"]: `input` is '2'; give a number of zero or more.",
        'p.toml: [models."a"]: `output` is -1; give a number of zero or more.',
        'p.toml: [models."b"]: `price` is not a price; there are input, cached_input, output, reasoning, per_hour, source.',
        'p.toml: [models."b"]: `input` is True; give a number of zero or more.',
        'p.toml: [models."b"]: `output` is nan; give a number of zero or more.',
        'p.toml: [models."b"]: `source` is 4; give a text.',
        'p.toml: [models."c"]: `per_hour` is inf; give a number of zero or more.',
        'p.toml: [models."c"]: it has both `per_hour` and `cached_input`; give what its time costs, or its tokens.',
        'p.toml: [models."d"]: it has no `input` and no `output`; give input and output (0 for what is free), or per_hour.',
        'p.toml: [models."e"] is 5; give a table of prices.',
        'p.toml: `targets` is 1; give a table for each name, [targets."NAME"].',
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("currency = ", "p.toml is not TOML: "),
        ("currency = 'USD'", "p.toml: it has no prices; give a table for each model"),
        (
            "currency = ' '\n[models.a]\nper_hour = 1",
            "p.toml: `currency` is ' '; give a name of a few letters, or a sign, such as USD or €.",
        ),
        ("currency = '<b>'\n[models.a]\nper_hour = 1", "p.toml: `currency` is '<b>'; give a name"),
        ("currency = 'allthetea'\n[models.a]\nper_hour = 1", "p.toml: `currency` is"),
        ("currency = 'USD'\nas_of = 'spring'\n[models.a]\nper_hour = 1", "p.toml: `as_of` is 'spring'; give the day"),
        ("currency = 'USD'\n[models.a]\ninput = 1", 'p.toml: [models."a"]: it has no `output`; give input and output'),
    ],
)
def test_a_mistake_by_itself(text, told):
    (mistake,) = mistakes(text)
    assert mistake.startswith(told)


def test_a_file_that_is_none(tmp_path):
    with pytest.raises(PricesError, match=r"^--prices .*none.toml cannot be read: No such file or directory\.$"):
        prices.read(tmp_path / "none.toml")
    (tmp_path / "latin.toml").write_bytes('currency = "£"'.encode("latin-1"))
    with pytest.raises(PricesError, match=r"latin.toml is not TOML: it is not encoded in UTF-8\.$"):
        prices.read(tmp_path / "latin.toml")


def test_the_table_is_kept_byte_for_byte_over_the_one_before(tmp_path):
    (tmp_path / "mine.toml").write_text(f"# mine\n{TABLE}")
    folder = write_run(tmp_path / "run", [record()])
    assert prices.load(folder) is None
    for text in (TABLE, f"# mine\n{TABLE}"):
        (tmp_path / "mine.toml").write_text(text)
        prices.keep(folder, tmp_path / "mine.toml")
        assert (folder / "prices.toml").read_text() == text
    assert prices.load(folder) == prices.read(tmp_path / "mine.toml")


def test_a_wrong_table_replaces_nothing(tmp_path):
    folder = write_run(tmp_path / "run", [record()])
    (folder / "prices.toml").write_text(TABLE)
    (tmp_path / "wrong.toml").write_text("currency = 1")
    with pytest.raises(PricesError):
        prices.keep(folder, tmp_path / "wrong.toml")
    assert (folder / "prices.toml").read_text() == TABLE


def test_a_table_in_the_folder_that_cannot_be_used_is_said(tmp_path):
    folder = write_run(tmp_path / "run", [record()])
    (folder / "prices.toml").write_text("currency = 1")
    with pytest.raises(
        RunError, match=r"`currency` is 1; [\s\S]*Put another table in its place with --prices, or remove"
    ):
        prices.load(folder)


def test_the_table_that_init_writes_can_be_used():
    found = prices.parse(
        (files("harness") / "templates" / "prices.toml.txt").read_text(encoding="utf-8"), "prices.toml"
    )
    assert (found.currency, found.as_of, found.source) == ("USD", "2026-01-31", None)
    assert [(row.of, row.name) for row in found.rows] == [
        ("model", "example-model-large"),
        ("model", "example-model-small"),
        ("target", "example-own-machine"),
    ]


def test_a_price_is_one_that_can_be_reckoned_with():
    """A whole number of 400 digits is no float, and costs beyond all numbers could not be told."""
    table = f'currency = "USD"\n[models.a]\ninput = {10**400}\noutput = 1e300\n'
    with pytest.raises(PricesError) as caught:
        prices.parse(table, "p.toml")
    assert caught.value.mistakes == [
        'p.toml: [models."a"]: `input` is more than 1,000,000,000,000; give a number that is a price.',
        'p.toml: [models."a"]: `output` is more than 1,000,000,000,000; give a number that is a price.',
    ]
