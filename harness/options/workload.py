"""Which prompts are asked, and in which order."""

from harness import values
from harness.formats import FORMATS
from harness.options.option import Option
from harness.options.resolved import DRAWN_IMAGES
from harness.options.synthetic import SYNTHETIC
from harness.pauses import think_time

WORKLOAD: tuple[Option, ...] = (
    Option(
        "testset", ("--testset", "--test-set"), str, "chat", "a shipped prompt set, or a file of prompts", "NAME|PATH"
    ),
    Option(
        "testset_format",
        ("--testset-format",),
        values.one_of(*FORMATS),
        "–",
        "format of the set, where suffix and shape do not tell it: " + ", ".join(FORMATS),
        "NAME",
    ),
    Option(
        "testset_columns",
        ("--testset-columns",),
        values.columns,
        "–",
        "what the set calls the fields of a prompt, such as prompt=question,expected=answer",
        "FIELD=COLUMN,...",
    ),
    Option("images", ("--images",), str, "–", "folder of images; some of them go with every prompt", "DIR"),
    Option(
        "image_size",
        ("--image-size",),
        values.size,
        "–",
        "instead of --images: images are drawn, so many pixels wide and high, such as 512x512",
        "WxH",
    ),
    Option(
        "image_pool",
        ("--image-pool",),
        values.positive,
        str(DRAWN_IMAGES),
        "how many different images --image-size draws",
        "N",
    ),
    Option(
        "images_per_request",
        ("--images-per-request",),
        values.positive,
        "1",
        "how many of those images go with a prompt, chosen by --seed, user and request",
        "N",
    ),
    *SYNTHETIC,
    Option(
        "conversations",
        ("--conversations",),
        values.one_of("replay", "live"),
        "off",
        "ask the dialogue in a prompt turn by turn: replay sends the answers that the set has as history, live those that "
        "the model gave; off: all of it is one request",
        "HOW",
    ),
    Option(
        "think_time",
        ("--think-time",),
        think_time,
        "–",
        "pause before the next turn of a conversation: 2s, uniform:1s,5s (between these two) or exponential:3s (its mean)",
        "PAUSE",
    ),
    Option(
        "max_turns",
        ("--max-turns",),
        values.positive,
        "–",
        "how many turns of a conversation are asked at most",
        "N",
    ),
    Option(
        "salt",
        ("--salt",),
        values.switch,
        "off",
        "begin every request with a unique prefix, against prefix caches",
        switch=True,
    ),
    Option(
        "canary_every",
        ("--canary-every",),
        values.positive,
        "–",
        "have every N-th request of a user be a canary: one of a few prompts asked at temperature 0, whose answers must not "
        "change with the load",
        "N",
    ),
    Option("canaries", ("--canaries",), str, "canaries", "the prompts that canaries ask, a set or a file", "NAME|PATH"),
    Option("seed", ("--seed",), values.seed, "0", "seed of the order of prompts", "N"),
)
