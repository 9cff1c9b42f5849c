"""Which format a file has, and files that are packed."""

import gzip
import json

import pytest
from support.sets import asked, mistakes, read

from harness.formats import FORMATS, File, recognise

TALK = json.dumps([{"role": "user", "content": "How?"}])
SHARED = json.dumps({"conversations": [{"from": "human", "value": "How?"}]})


@pytest.mark.parametrize(
    ("source", "data", "name"),
    [
        ("p.txt", "How?", "text"),
        ("p", '{"prompt": "How?"}', "text"),
        ("p.jsonl", '{"prompt": "How?"}', "jsonl"),
        ("p.jsonl.gz", '{"prompt": "How?"}', "jsonl"),
        ("p.jsonl", "{ torn", "jsonl"),
        ("p.jsonl", "", "jsonl"),
        ("p.json", f"[{SHARED}]", "sharegpt"),
        ("p.jsonl", SHARED, "sharegpt"),
        ("p.jsonl", TALK, "conversations"),
        ("p.json", f"[{TALK}]", "conversations"),
        ("P.CSV", "prompt", "csv"),
        ("p.tsv", "prompt", "csv"),
        ("p.parquet", "", "parquet"),
        ("0000", "PAR1...", "parquet"),
    ],
)
def test_by_suffix_and_shape(source, data, name):
    assert recognise(File("p", source, data.encode())).name == name


def test_what_cannot_be_recognised_asks_for_a_name():
    assert mistakes("p.xlsx", b"PK\x03\x04\x00\x00") == [
        (
            "p.xlsx is of no format that can be recognised; name it with --testset-format: "
            "text, jsonl, conversations, sharegpt, csv, parquet."
        )
    ]


@pytest.mark.parametrize("name", FORMATS)
def test_a_file_without_anything_in_it_is_a_mistake_in_each(name):
    (mistake,) = mistakes("p.any", b"", name)

    assert mistake.startswith(("p.any holds no prompt", "p.any: not Parquet"))


@pytest.mark.parametrize("source", ["p.txt.gz", "p.txt"])
def test_a_packed_file_is_unpacked_whatever_it_is_called(source):
    packed, plain = read(source, gzip.compress(b"One?\nTwo?\n")), read("p.txt", b"One?\nTwo?\n")

    assert asked(packed) == asked(plain)
    assert packed.digest == plain.digest


@pytest.mark.parametrize("cut", [1, 8, 30])
def test_a_torn_packed_file_is_a_sentence(cut):
    data = gzip.compress(b"".join(b"prompt %d\n" % number for number in range(99)))[:-cut]
    (mistake,) = mistakes("p.txt.gz", data)

    assert mistake.startswith("p.txt.gz is a torn or damaged gzip file (")
    assert mistake.endswith("); copy it or pack it again.")


def test_a_damaged_packed_file_is_a_sentence():
    data = bytearray(gzip.compress(b"How?" * 50))
    data[-6] ^= 1

    (mistake,) = mistakes("p.txt.gz", bytes(data))
    assert mistake.startswith("p.txt.gz is a torn or damaged gzip file (CRC check failed")
