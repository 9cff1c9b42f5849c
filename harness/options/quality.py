"""What is found out about the answers when the load has ended: `llocust quality` takes these too."""

from harness import values
from harness.options.option import Option
from harness.options.target import OF_ONE
from harness.score import BY_NAME
from harness.targets import reader

DEFAULT_JUDGE_CONCURRENCY = 8
DEFAULT_TOLERANCE = 1e-6


def scorer(text: str) -> str:
    """A scorer's name, or the file of one of the user's own."""
    return text if text.endswith(".py") else values.one_of(*BY_NAME)(text)


QUALITY: tuple[Option, ...] = (
    Option(
        "quality",
        ("--quality", "--scorers"),
        scorer,
        "–",
        "score the stored answers when the load has ended: "
        + ", ".join(BY_NAME)
        + "; or by one of your own: ./my_scorer.py",
        "SCORER",
        many=True,
    ),
    Option(
        "tolerance",
        ("--tolerance",),
        values.tolerance,
        "1e-06",
        "how far a number may be from the expected one and still be right, as a share of that",
        "R",
    ),
    Option(
        "judge",
        ("--judge",),
        reader(OF_ONE),
        "–",
        'the model that judges, for scorers that need one: "host=URL model=NAME dialect=NAME api-key-env=VARIABLE"',
        "WORDS",
    ),
    Option(
        "judge_sample",
        ("--judge-sample",),
        values.positive,
        "–",
        "have so many answers of a point judged, chosen by the seed of the run, instead of all",
        "N",
    ),
    Option("judge_rate", ("--judge-rate",), values.per_second, "–", "ask judges at most so many times a second", "R"),
    Option(
        "judge_concurrency",
        ("--judge-concurrency",),
        values.positive,
        str(DEFAULT_JUDGE_CONCURRENCY),
        "how many questions to judges are under way at once",
        "N",
    ),
    Option(
        "moderation",
        ("--moderation",),
        reader(OF_ONE),
        "–",
        'a moderation endpoint as OpenAI has it, for toxicity-moderation: "host=URL model=NAME api-key-env=VARIABLE"',
        "WORDS",
    ),
    Option(
        "texts",
        ("--texts",),
        str,
        "–",
        "a set of reference texts whose perplexity is asked of every target, in any format of a prompt set",
        "NAME|PATH",
    ),
)
