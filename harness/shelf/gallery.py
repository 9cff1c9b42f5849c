"""Images in files: those that a set names, and those of a folder. Each is read once, however many prompts show it."""

from importlib.resources.abc import Traversable
from pathlib import Path, PurePath

from harness.formats import shortened
from harness.formats.row import Mistake
from harness.pictures import SUFFIXES, NoImage, image_of
from harness.shelf.root import stay
from harness.testset import Image, TestsetError


class Gallery:
    """The images that a set beside them names, by their paths from there."""

    def __init__(self, folder: Traversable) -> None:
        self._folder = folder
        self._images: dict[str, Image] = {}

    def look(self, name: str) -> Image:
        """Raises Mistake."""
        if name not in self._images:
            self._images[name] = self._read(name)
        return self._images[name]

    @property
    def digests(self) -> list[str]:
        """Of all that were looked at, in the order of their first looks."""
        return [image.digest for image in self._images.values()]

    def _read(self, name: str) -> Image:
        try:
            folder = Path(str(self._folder))
            return image_of(stay(folder / name, folder).read_bytes())
        except NoImage as error:
            raise Mistake(f"the image {name} {error}.") from None
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else str(error)
            raise Mistake(f"the image {name} cannot be read: {why}; paths begin at the folder of the set.") from None


def images_in(folder: Path) -> dict[PurePath, Image]:
    """All images of a folder by their paths, in the order of their names. Raises TestsetError."""
    images: dict[PurePath, Image] = {}
    mistakes: list[str] = []
    for path in _paths(folder):
        try:
            images[path] = image_of(stay(path, folder).read_bytes())
        except NoImage as error:
            mistakes.append(f"{path} {error}.")
        except OSError as error:
            mistakes.append(f"{path} cannot be read: {error.strerror}.")
    if mistakes:
        raise TestsetError(shortened(mistakes))
    if not images:
        raise TestsetError([f"{folder} holds no image; put {', '.join(SUFFIXES)} files into it."])
    return images


def _paths(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES and path.is_file())
    except OSError as error:
        raise TestsetError([f"The folder {str(folder)!r} cannot be read: {error.strerror}."]) from None
