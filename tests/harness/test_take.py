"""Sets and images as options ask for them: folders, images that are added, and dialects that carry none."""

import hashlib
from pathlib import Path

import msgspec
import pytest
from support.sets import DOT

from harness import shelf
from harness.dialects import DIALECTS
from harness.options import Options
from harness.pictures import image_of
from harness.png import noise
from harness.targets import Target
from harness.testset import Album, Message, digest, digest_of_all
from harness.testset import TestsetError as Mistakes

OTHER = noise(4, 4, "another")


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def pictures(here):
    folder = here / "pictures"
    folder.mkdir()
    (folder / "b.png").write_bytes(DOT)
    (folder / "a.PNG").write_bytes(OTHER)
    (folder / "b.txt").write_text("What colour is it?\n")
    (folder / "README.md").write_text("Not an image.")
    return folder


def take(**options):
    return shelf.take(Options(host="http://h", **options))


def mistakes(**options):
    with pytest.raises(Mistakes) as caught:
        take(**options)
    return caught.value.mistakes


# A folder of images as a set


def test_a_folder_of_images_is_a_set_with_a_prompt_for_each(pictures):
    testset = take(testset="pictures")

    assert (testset.name, testset.source, testset.has_images) == ("pictures", "pictures", True)
    assert [(each.index, each.id, each.messages) for each in testset.prompts] == [
        (0, "a.PNG", (Message("user", ("Describe this image.", image_of(OTHER))),)),
        (1, "b.png", (Message("user", ("What colour is it?", image_of(DOT))),)),
    ]
    assert take(testset="./pictures/").digest == testset.digest


def test_its_digest_is_of_the_questions_and_the_images(pictures):
    before = take(testset="pictures").digest
    (pictures / "a.txt").write_text("And this?")
    asked = take(testset="pictures").digest
    (pictures / "b.png").write_bytes(OTHER)

    assert len({before, asked, take(testset="pictures").digest}) == 3


def test_what_is_wrong_in_a_folder_is_told_at_once(pictures):
    (pictures / "c.png").write_bytes(b"hello")
    (pictures / "d.jpg").write_bytes(b"\xff\xd8\xff torn")

    assert mistakes(testset="pictures") == [
        "pictures/c.png is no PNG, JPEG, GIF or WebP image.",
        "pictures/d.jpg is an image/jpeg without its end; copy the file again.",
    ]


def test_a_question_that_cannot_be_read_is_a_mistake(pictures):
    (pictures / "b.txt").write_bytes(b"\xff")

    assert mistakes(testset="pictures") == ["pictures/b.txt cannot be read: it is not UTF-8."]


def test_a_folder_without_images_is_a_mistake(here):
    (here / "empty").mkdir()

    assert mistakes(testset="empty") == ["empty holds no image; put .png, .jpg, .jpeg, .gif, .webp files into it."]


@pytest.mark.parametrize("how", [{"testset_format": "text"}, {"testset_columns": {"prompt": "q"}}])
def test_a_folder_has_no_format_and_no_columns(pictures, how):
    assert mistakes(testset="pictures", **how) == [
        "Testset 'pictures' is a folder of images, which has no format and no columns."
    ]


# Images that a set names


def test_images_are_found_beside_the_set_and_read_once(here, pictures):
    Path("pictures/set.jsonl").write_text(
        '{"prompt": "a", "images": ["b.png"]}\n{"prompt": "b", "images": ["b.png"]}\n'
    )
    first, second = take(testset="pictures/set.jsonl").prompts

    assert first.messages[0].images == (image_of(DOT),)
    assert first.messages[0].images[0] is second.messages[0].images[0]


def test_the_digest_is_of_the_file_and_its_images(pictures):
    line = b'{"prompt": "a", "images": ["b.png", "a.PNG"]}\n'
    Path("pictures/set.jsonl").write_bytes(line)

    expected = "\n".join([digest(line), digest(DOT), digest(OTHER)])
    assert take(testset="pictures/set.jsonl").digest == "sha256:" + hashlib.sha256(expected.encode()).hexdigest()


def test_images_that_are_none_are_told_with_file_and_line(pictures):
    Path("pictures/no.png").write_bytes(b"hello")
    Path("set.jsonl").write_text(
        '{"prompt": "a", "images": ["pictures/no.png"]}\n{"prompt": "b", "images": ["b.png"]}\n'
        '{"prompt": "c", "images": ["pictures"]}\n{"prompt": "d", "images": ["nul\\u0000.png"]}\n'
    )

    found = mistakes(testset="set.jsonl")
    assert found[:3] == [
        "set.jsonl:1: the image pictures/no.png is no PNG, JPEG, GIF or WebP image.",
        "set.jsonl:2: the image b.png cannot be read: No such file or directory; paths begin at the folder of the set.",
        "set.jsonl:3: the image pictures cannot be read: Is a directory; paths begin at the folder of the set.",
    ]
    assert found[3].startswith("set.jsonl:4: the image nul\0.png cannot be read: ")


# Images that options add


def test_images_of_a_folder_go_with_every_prompt(pictures):
    testset = take(testset="short", images="pictures", images_per_request=2)

    assert testset.album == Album((image_of(OTHER), image_of(DOT)), 2)
    assert testset.prompts == shelf.find("short").prompts


def test_images_are_drawn_by_size_number_and_seed():
    drawn = take(testset="short", image_size=(8, 6), image_pool=3, seed=7).album
    assert drawn == Album(tuple(image_of(noise(8, 6, f"7/drawn/{number}")) for number in range(3)), 1)


def test_the_digest_tells_what_is_added(pictures):
    plain = take(testset="short").digest
    one = take(testset="short", images="pictures").digest
    two = take(testset="short", images="pictures", images_per_request=2).digest

    assert len({plain, one, two}) == 3
    assert two == digest_of_all([plain, "2 a request", digest(OTHER), digest(DOT)])


def test_more_images_than_there_are_cannot_be_shown(pictures):
    assert mistakes(images="pictures", images_per_request=3) == [
        "--images-per-request 3: there are only 2 images in pictures."
    ]
    assert mistakes(image_size=(8, 8), image_pool=2, images_per_request=3) == [
        "--images-per-request 3: there are only 2 images in --image-pool."
    ]


def test_a_folder_that_is_not_there_is_told_beside_other_mistakes():
    assert mistakes(testset="nothing.csv", images="gone") == [
        shelf._unknown("nothing.csv", shelf.shipped()),
        "The folder 'gone' cannot be read: No such file or directory.",
    ]


def test_a_prompt_without_a_user_cannot_show_images(pictures):
    Path("set.jsonl").write_text('{"prompt": "a"}\n{"messages": [{"role": "system", "content": "b"}]}\n')

    assert mistakes(testset="set.jsonl", images="pictures") == [
        "Images were asked for, and set/1 has no message of the user that could show them."
    ]


# Dialects


def test_a_dialect_without_images_is_refused():
    able = ", ".join(sorted(name for name, dialect in DIALECTS.items() if dialect.takes_images))
    sentence = (
        "--dialect completions carries no images, and there are some in what is to be sent; "
        f"choose a dialect that does ({able}), or a set without images."
    )

    assert mistakes(dialect="completions", testset="vision") == [sentence]
    assert mistakes(dialect="completions", image_size=(8, 8)) == [sentence]
    both = tuple(Target(name=name, host="h", dialect=name, api_key_env="K") for name in ("chat", "completions"))
    assert mistakes(targets=both, testset="vision") == [sentence]
    asked = mistakes(dialect="query_model", query_model="m.py", testset="vision")
    assert asked == [sentence.replace("--dialect completions", "--query-model")]
    assert take(dialect="completions", testset="short").prompts


def test_a_named_format_and_columns_are_used():
    Path("set.data").write_text("q;a\nWhy?;So.\n")
    testset = take(testset="set.data", testset_format="csv", testset_columns={"prompt": "q", "expected": "a"})

    assert [(each.messages[0].content, each.expected) for each in testset.prompts] == [("Why?", "So.")]


def test_options_with_images_survive_a_manifest():
    options = Options(host="http://h", image_size=(512, 300), testset_columns={"prompt": "q"})

    assert msgspec.convert(msgspec.json.decode(msgspec.json.encode(options)), Options) == options
