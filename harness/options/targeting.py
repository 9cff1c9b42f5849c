"""Several targets: each made whole from the options that are about one, and what is wrong with them together."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from harness.dialects import dialect_of
from harness.options.resolved import DEFAULT_USERS
from harness.sampling import Sampling
from harness.targets import MIXED, MODES, Said, Target, fewest_users


class Completed(NamedTuple):
    """Targets that lack nothing, as far as they could be read, and a sentence for each mistake."""

    targets: tuple[Target, ...]
    mistakes: list[str]


def complete(resolved: Mapping[str, Any]) -> Completed:
    """`resolved` has what could be read; in the place of a target that could not be is None."""
    typed = resolved.get("targets") or ()
    whole = tuple(_whole(said, place, resolved) for place, said in enumerate(typed, 1) if said is not None)
    mistakes = _sharing(resolved, typed)
    if len(whole) == len(typed):
        mistakes += [*_alike(whole), *_without_host(whole, resolved), *_crowded(whole, resolved)]
    return Completed(whole, mistakes)


class Besides(NamedTuple):
    """Whom the options name besides the targets, by the option's key, and a sentence for each mistake."""

    others: dict[str, Target | None]
    mistakes: list[str]


def asked_besides(resolved: Mapping[str, Any]) -> Besides:
    """Judge and moderation endpoint: nothing is taken over from the targets, least of all a key."""
    found = Besides({}, [])
    for key in ("judge", "moderation"):
        said = resolved.get(key)
        if said is None:
            continue
        wanted = ("host", "model") if key == "judge" else ("host",)
        missing = [word for word in wanted if word not in said]
        found.mistakes.extend(f"--{key} has no {word}: give it one, {word}=…." for word in missing)
        whole = {"dialect": "chat", "host": "", **said, "name": key}
        whole.setdefault("api_key_env", dialect_of(whole["dialect"]).key_env)
        found.others[key] = Target(**whole)
    return found


def _whole(said: Said, place: int, resolved: Mapping[str, Any]) -> Target:
    dialect = said.get("dialect") or resolved.get("dialect") or "chat"
    taken: dict[str, Any] = {
        "name": f"target-{place}",
        "host": resolved.get("host") or "",
        "model": resolved.get("model"),
        "dialect": dialect,
        # A key that was named for all is for all; else each company gets its own.
        "api_key_env": resolved.get("api_key_env") or dialect_of(dialect).key_env,
        "headers": resolved.get("headers") or (),
    }
    return Target(**(taken | dict(said)))


def _sharing(resolved: Mapping[str, Any], typed: Sequence[Said | None]) -> list[str]:
    mode = resolved.get("target_mode")
    mistakes = []
    if mode not in (None, MODES[0]) and len(typed) < 2:
        mistakes.append("--target-mode says how several targets share a run: give --target twice or more.")
    if mode != MIXED and any("weight" in said for said in typed if said is not None):
        mistakes.append("A weight of a --target means something with --target-mode mixed only; leave it out.")
    return mistakes


def _alike(whole: Iterable[Target]) -> list[str]:
    times = Counter(target.name for target in whole)
    return [
        f"--target: {count} are called {name}; give each a name of its own."
        for name, count in times.items()
        if count > 1
    ]


def _without_host(whole: Iterable[Target], resolved: Mapping[str, Any]) -> list[str]:
    if "host" in resolved:
        return []
    return [
        f"--target {each.name} has no host: give it one, or all of them with --host." for each in whole if not each.host
    ]


def _crowded(whole: Sequence[Target], resolved: Mapping[str, Any]) -> list[str]:
    """With too few users there would be a target that nobody asks."""
    users = [count for count in resolved.get("users", DEFAULT_USERS) if count]
    if resolved.get("target_mode") != MIXED or not users or not whole:
        return []
    fewest = fewest_users(tuple(target.weight for target in whole))
    if min(users) >= fewest:
        return []
    return [
        f"--users {min(users)} is too few for --target-mode mixed: by these weights every target has a user from {fewest} on."
    ]


def unsampled(resolved: Mapping[str, Any]) -> list[str]:
    """What of the sampling the APIs of the targets cannot be asked for."""
    dialects = dict.fromkeys(target.dialect for target in resolved.get("targets") or ())
    sampling = Sampling(
        temperature=resolved.get("temperature"),
        top_p=resolved.get("top_p"),
        seed=resolved.get("sampling_seed"),
        stop=tuple(text for text in resolved.get("stop") or () if text is not None),
        ignore_eos=bool(resolved.get("ignore_eos")),
        min_tokens=resolved.get("min_tokens"),
    )
    names = [*dialects] or [resolved.get("dialect") or "chat"]
    return [f"--dialect {name} {why}." for name in names for why in dialect_of(name).refusals(sampling)]
