"""A dialect of the user's own: a module with the functions `encode` and `decode`, and a few names beside them.

Whatever the two raise is an outcome of the one request and no end of the run.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from types import ModuleType
from typing import Any, ClassVar

from harness.call import Call
from harness.complaint import words
from harness.dialects.api import Api
from harness.dialects.ask import Ask
from harness.dialects.piece import Piece, Text
from harness.framing import FRAMINGS
from harness.outcome import Unreadable
from harness.sampling import GREEDY, OPTION_OF, Sampling
from harness.sse import Event

_FUNCTIONS = ("encode", "decode")
_NAMES: dict[str, type | tuple[type, ...]] = {
    "path": str,
    "endings": tuple,
    "listing": str,
    "key_env": str,
    "takes_images": bool,
    "refused_roles": (set, frozenset),
    "samples": dict,
    "accepts": str,
    "framing": str,
    "tells_end": bool,
    "tells_logprobs": bool,
}
"""What a module may say of its API, and as what; what it does not say is as in `OwnDialect`."""


class OwnDialect(Api):
    """Made from a module. `decode` there may give text as strings, and may give nothing at all."""

    name: str
    path: ClassVar[str] = ""
    root: ClassVar[str] = ""
    listing: ClassVar[str] = ""
    key_env: ClassVar[str] = "LLOCUST_API_KEY"
    """Nobody's in particular: the key of a company must not go to some other server by default."""
    tells_end: ClassVar[bool] = False

    def __init__(self, module: ModuleType, name: str) -> None:
        self.name = name
        self._encode: Callable[[Ask], Any] = module.encode
        self._decode: Callable[[Event], Iterable[Any] | None] = module.decode
        self._credentials: Callable[[str | None], Mapping[str, str]] | None = getattr(module, "credentials", None)
        self._file = str(module.__file__)

    def models(self, host: str) -> str | None:
        """None where the module names no `listing`."""
        return super().models(host) if self.listing else None

    def credentials(self, key: str | None) -> dict[str, str]:
        """The module's own, or a bearer token."""
        return super().credentials(key) if self._credentials is None else dict(self._credentials(key))

    def refusals(self, sampling: Sampling) -> list[str]:
        """Options that the module's `samples` has no name for."""
        unnamed = [OPTION_OF[name] for name in sampling.said if name not in self.samples]
        return [f"has no name for {option} in its `samples`: put one there, or leave it out" for option in unnamed]

    def encode(self, ask: Ask) -> Call:
        """The module's request; one with a flaw where it could not make any."""
        try:
            return self._request(ask, self._encode(ask))
        except Exception as error:  # noqa: BLE001 - whatever somebody else's code raises
            flaw = f"encode() of {self.name} {words(error, self._file, self._secrets(ask))}."
        return Call("POST", ask.url, {}, b"", ask.timeouts, flaw)

    def decode(self, event: Event) -> list[Piece]:
        """Raises Unreadable for whatever the module raises."""
        try:
            return [self._piece(said) for said in self._decode(event) or () if said != ""]
        except Unreadable:
            raise
        except Exception as error:
            raise Unreadable(f"decode() of {self.name} {words(error, self._file)}.") from error

    def _request(self, ask: Ask, made: Any) -> Call:
        if isinstance(made, Mapping):
            return self.call(ask, {**made, **self.sampled(ask)})
        if isinstance(made, Call):
            return _marked(made, ask)
        raise TypeError(f"it gave a {type(made).__name__}, and not a dict or a harness.call.Call")

    def _piece(self, said: Any) -> Piece:
        if isinstance(said, str):
            return Text(said)
        if isinstance(said, Piece):
            return said
        raise TypeError(f"it gave a {type(said).__name__}, and not a string or one of harness.dialects.piece")

    @staticmethod
    def _secrets(ask: Ask) -> list[str]:
        return [secret for secret in (ask.key, *ask.headers.values()) if secret]


class Unread(Api):
    """Stands for a dialect of the user's own whose module has not been imported: options can be read, nothing asked."""

    name: ClassVar[str] = "unread"
    path: ClassVar[str] = ""
    key_env: ClassVar[str] = OwnDialect.key_env

    def refusals(self, sampling: Sampling) -> list[str]:  # noqa: ARG002 - as for any API
        """None, before its module has been asked."""
        return []

    tells_logprobs: ClassVar[bool] = True
    """For all that is known."""

    @property
    def greedy(self) -> Sampling | None:
        """As for most."""
        return GREEDY

    def encode(self, ask: Ask) -> Call:
        """Nothing."""
        raise NotImplementedError

    def decode(self, event: Event) -> list[Piece]:
        """Nothing."""
        raise NotImplementedError


def make_dialect(module: ModuleType, name: str) -> OwnDialect:
    """The dialect that the module is, called as the user gave it. Raises ValueError with all that it lacks."""
    mistakes = list(_mistakes(module))
    if mistakes:
        raise ValueError("; ".join(mistakes))
    said = {key: getattr(module, key) for key in _NAMES if hasattr(module, key)}
    kind: type[OwnDialect] = type("OwnDialect", (OwnDialect,), said)
    return kind(module, name)


def _mistakes(module: ModuleType) -> Iterator[str]:
    for function in _FUNCTIONS:
        if not callable(getattr(module, function, None)):
            yield f"it has no function {function}({'ask' if function == 'encode' else 'event'})"
    if not callable(getattr(module, "credentials", dict)):
        yield "its credentials are no function of the key"
    for key, kind in _NAMES.items():
        value = getattr(module, key, None)
        if value is not None and not isinstance(value, kind):
            yield f"its {key} is a {type(value).__name__}"
    framing = getattr(module, "framing", None)
    if isinstance(framing, str) and framing not in FRAMINGS:
        yield f"its framing {framing!r} is none of {', '.join(FRAMINGS)}"


def _marked(call: Call, ask: Ask) -> Call:
    """With the id by which server and record know the request, and the run's own clocks."""
    named = any(name.lower() == "x-request-id" for name in call.headers)
    headers = call.headers if named else {"X-Request-ID": ask.id, **call.headers}
    return replace(call, headers=headers, timeouts=ask.timeouts)
