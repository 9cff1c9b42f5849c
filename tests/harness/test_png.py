"""Files are taken apart here by the rules of the format, with Python's own zlib as the judge."""

import hashlib
import struct
import zlib

import pytest

from harness.png import draw, noise


def chunks(data):
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    at, found = 8, []
    while at < len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        name, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        assert data[at + 8 + length : at + 12 + length] == struct.pack(">I", zlib.crc32(name + body))
        found.append((name, body))
        at += 12 + length
    return found


def test_four_colours_take_two_bits_a_pixel():
    # Five pixels of two bits are ten bits, two bytes a row: 0 1 2 3 | 1, then 3 2 1 0 | 2.
    packed = bytes([0b00_01_10_11, 0b01_000000, 0b11_10_01_00, 0b10_000000])
    palette = [(0, 0, 0), (1, 1, 1), (2, 2, 2), (3, 3, 3)]
    found = dict(chunks(draw(5, 2, palette, packed)))

    assert struct.unpack(">IIBBBBB", found[b"IHDR"]) == (5, 2, 2, 3, 0, 0, 0)
    assert found[b"PLTE"] == bytes([0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3])
    assert zlib.decompress(found[b"IDAT"]) == b"\0" + packed[:2] + b"\0" + packed[2:]
    assert found[b"IEND"] == b""


@pytest.mark.parametrize(("width", "height"), [(1, 1), (3, 2), (512, 512), (361, 363)])
def test_noise_has_sixteen_colours_and_half_a_byte_a_pixel(width, height):
    names, bodies = zip(*chunks(noise(width, height, "s")), strict=True)

    assert names == (b"IHDR", b"PLTE", b"IDAT", b"IEND")
    assert struct.unpack(">IIB", bodies[0][:9]) == (width, height, 4)
    assert len(bodies[1]) == 16 * 3
    assert len(zlib.decompress(bodies[2])) == height * (1 + (width + 1) // 2)


def test_a_seed_makes_the_same_bytes_on_every_machine():
    assert hashlib.sha256(noise(64, 64, "0/drawn/0")).hexdigest() == (
        "349d1e37a87809177a5f0d8b1b696847c2a0ad46396641f0a6ac62bc51ab2be0"
    )
    assert noise(64, 64, "a") != noise(64, 64, "b")
