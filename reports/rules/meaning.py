"""Notes on what the numbers mean: they do not make them wrong. Pure."""

from reports.facts import Facts
from reports.limits import (
    CACHED_RATIO,
    EVENTS_PER_READ,
    LENGTH_OFF_RATIO,
    SENT_PER_PROMPT,
    TOKENS_OFF_RATIO,
    TOKENS_PER_EVENT,
    Limit,
)
from reports.render.numbers import ratio, significant
from reports.report import Reason
from reports.rules.generator import loop_lag_limit
from reports.rules.reason import above, reason
from reports.stats import share


def bundled(facts: Facts) -> Reason | None:
    """Events that share a read are the server's doing only while our loop was prompt."""
    remedy = "Read ITL as the gap between events, and TPOT as the time per token."
    tokens = facts.point.tokens.per_event
    by_tokens = reason(
        "bundled",
        tokens,
        above(tokens, TOKENS_PER_EVENT),
        f"The server sends {significant(tokens)} tokens in one event, and ITL is per event.",
        remedy,
    )
    if by_tokens is not None or above(facts.point.client.loop_lag_s.p99, loop_lag_limit(facts)) is not None:
        return by_tokens
    events = facts.events_per_read
    return reason(
        "bundled",
        events,
        above(events, EVENTS_PER_READ),
        f"{significant(events)} content events arrive together on average, and ITL is per event.",
        remedy,
    )


def prompt_reuse(facts: Facts) -> Reason | None:
    """With --salt every prompt is a new one to the server, however often it is sent; what it still caches is told.

    A conversation is sent again with every turn of it: that a server remembers it is no doubt of anybody's. Nor is what
    --prefix-share made common to many.
    """
    cached = facts.cached_ratio if facts.point.conversations is None else None
    from_cache = reason(
        "prompt_reuse",
        cached,
        above(cached, _beyond(CACHED_RATIO, facts.prefix_share)),
        f"The server took {ratio(cached)} of the prompt tokens from its cache.",
        "Use a larger test set, or --salt, where answers from a cache are not what you want to measure.",
    )
    if from_cache is not None or facts.salted:
        return from_cache
    prompts = facts.point.prompts
    figure = share(prompts.sent, prompts.distinct)
    return reason(
        "prompt_reuse",
        figure,
        above(figure, SENT_PER_PROMPT),
        f"{prompts.sent} requests were sent with {prompts.distinct} different prompts, which a server may cache.",
        "Use a larger test set, or --salt.",
    )


def _beyond(limit: Limit, asked_for: float) -> Limit:
    return Limit(note=None if limit.note is None else limit.note + asked_for)


_ABOUT_LENGTHS = {
    "prompt": "Where a tokenizer made the prompts, the server counts its chat template besides; without one they are made "
    "by its own count.",
    "answer": "Add --ignore-eos where the server knows it (vLLM, SGLang); elsewhere lengths of answers are upper bounds.",
}


def lengths_missed(facts: Facts) -> Reason | None:
    """Of the two lengths, the one that is further off."""
    found = facts.point.lengths
    if found is None:
        return None
    ratios = {
        what: length.ratio
        for what, length in (("prompt", found.prompt), ("answer", found.output))
        if length is not None and length.ratio is not None
    }
    if not ratios:
        return None
    what = max(ratios, key=lambda each: abs(ratios[each] - 1))
    off = round(abs(ratios[what] - 1), 9)  # 1.05 - 1 is a little more than 0.05 to a computer
    return reason(
        "lengths_missed",
        off,
        above(off, LENGTH_OFF_RATIO),
        f"The median {what} is {significant(ratios[what])} times as long as was wanted.",
        _ABOUT_LENGTHS[what],
    )


def tokens_disagree(facts: Facts) -> Reason | None:
    """Asked only where a tokenizer was given. Which of the two is right, the report cannot know."""
    counted = facts.point.tokens.counted
    if counted is None:
        return None
    return reason(
        "tokens_disagree",
        counted.off_ratio,
        above(counted.off_ratio, TOKENS_OFF_RATIO),
        f"The tokenizer counts {significant(counted.per_usage)} times the tokens that the server's usage says.",
        "See that the tokenizer is the model's; if it is, the server counts what is not in its text, or counts wrongly.",
    )


def no_usage(facts: Facts) -> Reason | None:
    """Asked only where something succeeded."""
    source, ok = facts.point.tokens.source, facts.point.requests.ok
    if source == "usage" or not ok:
        return None
    counted = facts.point.tokens.output.n
    return Reason(
        code="no_usage",
        level="note",
        figure=counted / ok,
        threshold=1,
        text="The server gave no token counts."
        if source == "none"
        else f"The server gave token counts for {counted} of {ok} requests; figures per token rest on those.",
        remedy="Compare by characters, or make the server send usage in its streams.",
    )
