"""Images that options add to every prompt: out of a folder, or drawn."""

from pathlib import Path

from harness.options import Options
from harness.pictures import image_of
from harness.png import noise
from harness.shelf.gallery import images_in
from harness.testset import Album, Image, TestsetError


def make_album(options: Options) -> Album | None:
    """None where no option asks for images. Raises TestsetError."""
    images = _images(options)
    if images is None:
        return None
    wanted = options.images_per_request
    if wanted > len(images):
        where = "--image-pool" if options.images is None else options.images
        raise TestsetError([f"--images-per-request {wanted}: there are only {len(images)} images in {where}."])
    return Album(images, wanted)


def _images(options: Options) -> tuple[Image, ...] | None:
    if options.images is not None:
        return tuple(images_in(Path(options.images)).values())
    if options.image_size is None:
        return None
    width, height = options.image_size
    return tuple(
        image_of(noise(width, height, f"{options.seed}/drawn/{number}")) for number in range(options.image_pool)
    )
