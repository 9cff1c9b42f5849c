import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.pictures import NoImage, image_of, image_of_url, is_data_url
from harness.png import noise

PNG = noise(4, 4, "x")
JPEG = b"\xff\xd8\xff\xe0" + bytes(20) + b"\xff\xd9"
GIF = b"GIF89a" + bytes(20) + b";"
# The length of a RIFF file counts what follows it: four bytes of name and ten of content.
WEBP = b"RIFF" + (14).to_bytes(4, "little") + b"WEBP" + bytes(range(1, 11))
KINDS = {"image/png": PNG, "image/jpeg": JPEG, "image/gif": GIF, "image/webp": WEBP}


@pytest.mark.parametrize(("media_type", "data"), KINDS.items())
def test_a_kind_is_known_by_how_it_begins(media_type, data):
    image = image_of(data)

    assert image.media_type == media_type
    assert base64.b64decode(image.base64) == data
    assert image.digest == "sha256:" + hashlib.sha256(data).hexdigest()
    assert image.data_url == f"data:{media_type};base64,{image.base64}"


@pytest.mark.parametrize(("media_type", "data"), KINDS.items())
def test_one_without_its_end_is_refused(media_type, data):
    for cut in range(12, len(data)):
        with pytest.raises(NoImage, match=f"^is an {media_type} without its end; copy the file again$"):
            image_of(data[:cut])


@pytest.mark.parametrize("data", [PNG + b"\0" * 9, JPEG + b"\0\0", GIF + b"\0", JPEG + b"camera" * 90, WEBP + b"\0"])
def test_a_little_behind_the_end_does_not_matter(data):
    assert base64.b64decode(image_of(data).base64) == data


@given(st.binary(max_size=40))
def test_anything_else_is_no_image(data):
    with pytest.raises(NoImage, match=r"^is no PNG, JPEG, GIF or WebP image$"):
        image_of(b"~" + data)


def test_a_riff_file_of_another_kind_is_no_image():
    with pytest.raises(NoImage, match=r"^is no PNG"):
        image_of(WEBP.replace(b"WEBP", b"WAVE"))


def test_a_data_url_is_the_image_it_holds():
    assert image_of_url(image_of(PNG).data_url) == image_of(PNG)
    assert image_of_url(image_of(JPEG).data_url.replace("jpeg", "jpg")) == image_of(JPEG)
    assert is_data_url("DATA:image/png;base64,")
    assert not is_data_url("data.png")


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("data:image/png", "is no data URL such as data:image/png;base64,..."),
        ("data:image/png,abc", "is no data URL such as data:image/png;base64,..."),
        ("data:image/png;charset=x,abc", "is no data URL such as data:image/png;base64,..."),
        ("data:image/png;base64,a b=", "is a data URL whose base64 cannot be read"),
        ("data:image/png;base64,", "is no PNG, JPEG, GIF or WebP image"),
        (image_of(PNG).data_url.replace("png", "jpeg"), "is a data URL that says image/jpeg and holds image/png"),
        (image_of(PNG).data_url.replace("image/png", ""), "is a data URL that says nothing and holds image/png"),
    ],
)
def test_a_data_url_that_holds_none_is_told_why(url, why):
    with pytest.raises(NoImage) as caught:
        image_of_url(url)

    assert str(caught.value) == why
