"""What scorers need of this machine, looked at before there is a load whose answers would wait for it."""

from harness import shelf
from harness.options import Options, UsageMistakes
from harness.quality.own import check as check_own
from harness.testset import TestsetError
from harness.ways import find_way


def check_means(options: Options) -> None:
    """Raises UsageMistakes with all that is missing. Nobody is asked."""
    mistakes = _own_scorers(options) + _texts(options)
    for other in (options.judge, options.moderation):
        if other is not None and options.quality:
            try:
                find_way(other)
            except UsageMistakes as error:
                mistakes += [f"--{other.name}: {each}" for each in error.mistakes]
    if mistakes:
        raise UsageMistakes(mistakes)


def _own_scorers(options: Options) -> list[str]:
    try:
        check_own(options)
    except UsageMistakes as error:
        return error.mistakes
    return []


def _texts(options: Options) -> list[str]:
    if options.texts is None:
        return []
    try:
        shelf.find(options.texts)
    except TestsetError as error:
        return [f"--texts: {each}" for each in error.mistakes]
    return []
