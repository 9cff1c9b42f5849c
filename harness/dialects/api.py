"""Where an API is found, how it is entered, and how its list of models reads. Each dialect says only what differs."""

from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import quote, urlsplit

import msgspec

from harness.call import Call
from harness.dialects.ask import Ask
from harness.sampling import GREEDY, OPTION_OF, Sampling, merged
from harness.sse import Event


class Api:
    """One API of many servers. What stands here is OpenAI's way, which most others follow."""

    path: ClassVar[str]
    """Of the endpoint, below the base."""
    endings: ClassVar[tuple[str, ...]] = ()
    """Ends of addresses that a user may have copied from somewhere, the longer before the shorter; the base is before."""
    root: ClassVar[str] = "/v1"
    """The base of a host that was given without a path."""
    listing: ClassVar[str] = "/models"
    """Of the list of models, below the base."""
    listing_query: ClassVar[str] = ""
    key_env: ClassVar[str] = "OPENAI_API_KEY"
    """The environment variable that holds the key where the user names no other."""
    takes_images: ClassVar[bool] = False
    refused_roles: ClassVar[frozenset[str]] = frozenset()
    """Roles of a conversation that the API has no place for."""
    framing: ClassVar[str | None] = None
    tells_end: ClassVar[bool] = True
    samples: ClassVar[Mapping[str, str]] = {}
    """For the fields of Sampling that the API has a place for, its own names of them."""
    tells_logprobs: ClassVar[bool] = False
    """Whether the API can be asked for the log-probabilities of its tokens."""

    @property
    def greedy(self) -> Sampling | None:
        """How the API is asked for the likeliest tokens, with nothing left to chance; None where it cannot be."""
        return GREEDY if "temperature" in self.samples else None

    def logprobs(self, event: Event) -> list[float]:  # noqa: ARG002 - as for any API
        """Of the tokens of an event, those that the server tells; nothing of any other event, whatever it is."""
        return []

    def sampled(self, ask: Ask) -> dict[str, Any]:
        """What is said of the sampling, in the API's own names; what it has no place for was refused before the run."""
        return {self.samples[name]: value for name, value in ask.sampling.said.items() if name in self.samples}

    def refusals(self, sampling: Sampling) -> list[str]:
        """Why the API cannot be asked to sample so: ends of sentences that begin with the dialect's name."""
        return [
            f"has no place for {OPTION_OF[name]}: leave it out" for name in sampling.said if name not in self.samples
        ]

    def endpoint(self, host: str) -> str:
        """The full URL for a base URL, or for a full one; a query, as gateways want it for a version, stays at the end."""
        parts = urlsplit(host)
        return parts._replace(path=self._base(parts.path) + self.path, fragment="").geturl()

    def models(self, host: str) -> str | None:
        """Where the server lists its models; None where the API has no list."""
        parts = urlsplit(host)
        query = "&".join(each for each in (parts.query, self.listing_query) if each)
        return parts._replace(path=self._base(parts.path) + self.listing, query=query, fragment="").geturl()

    def names(self, body: bytes) -> tuple[str, ...] | None:
        """The models that a list of them names; None where `body` is something else."""
        return names_in(body, "data", "id")

    def offers(self, names: tuple[str, ...], model: str) -> bool:
        """Whether a model that the user named is one of the list's."""
        return model in names

    def credentials(self, key: str | None) -> dict[str, str]:
        """The headers that the API wants to know its callers by."""
        return {} if key is None else {"Authorization": f"Bearer {key}"}

    def admission(self, key: str | None, headers: Mapping[str, str]) -> dict[str, str]:
        """Credentials and the user's own headers, which prevail however they are spelled."""
        return _under(self.credentials(key), headers)

    def call(self, ask: Ask, body: Mapping[str, Any], url: str | None = None) -> Call:
        """The request that carries `body` and the user's own additions, to the endpoint if `url` names no other place."""
        own = {
            "Content-Type": "application/json",
            "Accept": self.accepts if ask.stream else "application/json",
            "X-Request-ID": ask.id,
            **self.credentials(ask.key),
        }
        whole = merged(body, ask.extra) if ask.extra else body
        return Call("POST", url or ask.url, _under(own, ask.headers), msgspec.json.encode(whole), ask.timeouts)

    accepts: ClassVar[str] = "text/event-stream"
    """The content type of a stream."""

    def _base(self, path: str) -> str:
        given = path.rstrip("/")
        for ending in (*self.endings, self.path):
            if given.endswith(ending):
                # A full endpoint says where it is, also where that is not under the root.
                return given.removesuffix(ending)
        return self._rooted(given)

    def _rooted(self, given: str) -> str:
        return given or self.root


def names_in(body: bytes, entries: str, name: str) -> tuple[str, ...] | None:
    """The `name` of each object in the list `entries` of a JSON document; None where it is something else."""
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    listed = found.get(entries) if isinstance(found, dict) else None
    if not isinstance(listed, list):
        return None
    names = [entry.get(name) for entry in listed if isinstance(entry, dict)]
    return tuple(each for each in names if isinstance(each, str))


def has_version(path: str) -> bool:
    """Whether some part of a path is a version, such as v1 or v1beta."""
    return any(part[:1] == "v" and part[1:2].isdigit() for part in path.split("/"))


def below(url: str, tail: str, query: str = "") -> str:
    """`url` with more path, which is escaped, and more query."""
    parts = urlsplit(url)
    queries = "&".join(each for each in (parts.query, query) if each)
    return parts._replace(path=parts.path + quote(tail, safe="/:@"), query=queries).geturl()


def _under(own: dict[str, str], given: Mapping[str, str]) -> dict[str, str]:
    if not given:
        return own
    names = {name.lower() for name in given}
    return {name: value for name, value in own.items() if name.lower() not in names} | dict(given)
