"""Notes on what the numbers mean: they do not make them wrong. Pure."""

from reports.facts import Facts
from reports.limits import CACHED_RATIO, EVENTS_PER_READ, SENT_PER_PROMPT, TOKENS_PER_EVENT
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
    """With --salt every prompt is a new one to the server, however often it is sent; what it still caches is told."""
    cached = facts.point.tokens.cached_ratio
    from_cache = reason(
        "prompt_reuse",
        cached,
        above(cached, CACHED_RATIO),
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
