"""Options of synthetic load: what is read, and what does not go together."""

import msgspec
import pytest
from support.words import piece_tokenizer

from harness.lengths import Bounds, LogNormal, Uniform
from harness.opening import from_manifest, open_run, to_manifest
from harness.options import Options, UsageMistakes, resolve
from harness.run import Yardstick
from harness.tokenizer import Tokenizer

URL = "http://127.0.0.1:8000"


def mistakes(**raw):
    with pytest.raises(UsageMistakes) as caught:
        resolve({"host": URL, **raw})
    return caught.value.mistakes


def test_lengths_are_read():
    options = resolve(
        {
            "host": URL,
            "input_tokens": "lognormal:512,256,max=4096",
            "output_tokens": "uniform:5,20",
            "synthetic_prompts": "50",
            "prefix_share": "0.5",
            "prefix_pool": "4",
        }
    )
    assert options.input_tokens == LogNormal(512, 256, Bounds(1, 4096))
    assert options.output_tokens == Uniform(5, 20)
    assert (options.synthetic_prompts, options.prefix_share, options.prefix_pool) == (50, 0.5, 4)
    assert options.is_synthetic
    assert not Options(host=URL, output_tokens=Uniform(5, 20)).is_synthetic


@pytest.mark.parametrize("text", ["5", "uniform:1,2", "normal:5,1", "lognormal:5,1,min=2", "histogram:a.csv"])
def test_lengths_come_back_from_the_manifest(text):
    options = resolve({"host": URL, "input_chars": text})
    written = msgspec.json.decode(msgspec.json.encode(to_manifest(options)))
    assert from_manifest(msgspec.structs.replace(MANIFEST, options=written)) == options


class _Manifest(msgspec.Struct):
    id: str
    options: dict


MANIFEST = _Manifest("run", {})

INPUT = {"input_tokens": "100"}
TOGETHER = [
    (
        {**INPUT, "input_chars": "100"},
        "--input-tokens and --input-chars exclude each other: give lengths in one of the two.",
    ),
    ({**INPUT, "testset": "chat"}, "--input-tokens makes the prompts: leave out --testset."),
    ({"input_chars": "9", "testset_format": "csv"}, "--input-chars makes the prompts: leave out --testset-format."),
    ({**INPUT, "conversations": "live"}, "--input-tokens makes the prompts: leave out --conversations."),
    (
        {"synthetic_prompts": "9"},
        "--synthetic-prompts is about prompts that are made: add --input-tokens or --input-chars.",
    ),
    ({"prefix_share": "0.5"}, "--prefix-share is about prompts that are made: add --input-tokens or --input-chars."),
    (
        {**INPUT, "prefix_share": "0.5", "salt": "on"},
        "--salt stands in front of a prompt, where --prefix-share would have a common beginning: choose one.",
    ),
    ({**INPUT, "prefix_pool": "2"}, "--prefix-pool needs --prefix-share: it is the number of common beginnings."),
    (
        {"output_tokens": "9", "min_tokens": "5"},
        "--output-tokens and --min-tokens exclude each other: for answers of just that length add --ignore-eos.",
    ),
    (
        {**INPUT, "probe": "off", "model": "m"},
        "--no-probe leaves nobody to ask how long a token is: add --tokenizer FILE, or give --input-chars.",
    ),
]


@pytest.mark.parametrize(("raw", "sentence"), TOGETHER)
def test_what_does_not_go_together(raw, sentence):
    assert mistakes(**raw) == [sentence]


GOOD = [
    {"output_tokens": "9", "testset": "chat"},
    {**INPUT, "images": "photos"},
    {**INPUT, "salt": "on"},
    {**INPUT, "prefix_share": "0", "prefix_pool": "1", "synthetic_prompts": "1000"},
    {"prefix_share": "0", "synthetic_prompts": "1000"},
    {**INPUT, "probe": "off", "model": "m", "tokenizer": "t.json"},
    {"input_chars": "9", "probe": "off", "model": "m"},
]


@pytest.mark.parametrize("raw", GOOD)
def test_what_goes_together(raw):
    assert resolve({"host": URL, **raw}).host == URL


@pytest.mark.parametrize("share", ["-0.1", "1.1", "half", "nan"])
def test_a_share_is_between_nothing_and_all(share):
    assert mistakes(**INPUT, prefix_share=share) == [f"--prefix-share {share!r}: give a share of 0 to 1, such as 0.5."]


def opened(work_dir, **raw):
    options = resolve({"host": URL, "probe": "off", "model": "m", "work_dir": str(work_dir), **raw})
    return open_run(options, kind="sweep", command=[], points=[]).manifest


def test_a_run_tells_what_its_lengths_were_measured_with(tmp_path):
    manifest = opened(tmp_path, input_chars="50")
    assert (manifest.synthetic, manifest.notes) == (Yardstick(source="characters"), [])
    path = piece_tokenizer(tmp_path / "t.json")
    manifest = opened(tmp_path, input_tokens="50", tokenizer=str(path), synthetic_prompts="20")
    assert manifest.synthetic == Yardstick(source="tokenizer", tokenizer=Tokenizer(path).digest)
    assert opened(tmp_path, output_tokens="50").synthetic is None


def test_a_run_tells_how_many_prompts_are_not_just_so_long(tmp_path):
    # A salt alone is longer.
    assert opened(tmp_path, input_chars="5", salt="on").notes == [
        "1,000 synthetic prompts could not be made just so long as was wanted, and are nearly."
    ]
