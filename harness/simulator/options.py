"""The simulator's options: declared once, checked together, then frozen."""

import argparse
import os
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, cast

from harness.simulator.curve import ALWAYS, Curve, parse_curve, parse_share
from harness.simulator.faults import Fault, FaultShare
from harness.simulator.rules import Rule, read_rules

UsageWhen = Literal["always", "asked", "never"]
PromptLogprobs = Literal["all", "echo", "engine", "none"]

_DEFAULT_TTFT_S = 0.1
_DEFAULT_ITL_S = 0.02
_NAMES = ", ".join(Fault)


class OptionsError(Exception):
    """Options that cannot be used; `mistakes` holds one sentence each."""

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__(" ".join(mistakes))
        self.mistakes = mistakes


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatorOptions:
    """All that `serve` needs. Fixed mode where `ttft_s` and `itl_s` are set, the engine model where they are None."""

    host: str = "127.0.0.1"
    port: int = 8000
    models: tuple[str, ...] = ("sim",)
    seed: int = 0
    ttft_s: float | None = None
    itl_s: float | None = None
    jitter_ratio: float = 0.0
    """Spread of a token's due time around its place, as a share of one gap (0..1)."""
    max_batch: int = 8
    step_ms: float = 20.0
    step_ms_per_seq: float = 1.0
    prefill_us: float = 50.0
    tokens: int | None = None
    """Tokens of every answer; None draws them around `tokens_mean`."""
    tokens_mean: int = 64
    reasoning: int = 0
    tool_call: bool = False
    usage: UsageWhen = "asked"
    answers: tuple[Rule, ...] = ()
    accuracy: Curve = ALWAYS
    """Share of the answers of `answers` that are right."""
    refusals: Fraction = Fraction()
    toxic: Fraction = Fraction()
    prompt_logprobs: PromptLogprobs = "all"
    faults: tuple[FaultShare, ...] = ()
    fault_after: int = 3
    stall_s: float = 600.0
    keep_alive_s: int = 5
    tls: bool = False
    tls_ca_file: str | None = None
    api_key_env: str | None = None

    @property
    def fixed(self) -> bool:
        """Whether tokens come at fixed times rather than from the engine model."""
        return self.ttft_s is not None

    @classmethod
    def from_namespace(cls, ns: argparse.Namespace, environ: Mapping[str, str] = os.environ) -> "SimulatorOptions":
        """Options from what `add_arguments` declared. Raises OptionsError with every mistake at once."""
        check = _Check()
        fixed = ns.ttft is not None or ns.itl is not None
        ttft_s = check.number("--ttft", ns.ttft or str(_DEFAULT_TTFT_S), 0)
        itl_s = check.number("--itl", ns.itl or str(_DEFAULT_ITL_S), 0)
        options = cls(
            host=ns.host,
            port=check.whole("--port", ns.port, 0, 65535),
            models=tuple(dict.fromkeys(ns.model or ["sim"])),
            seed=check.whole("--seed", ns.seed, None),
            ttft_s=ttft_s if fixed else None,
            itl_s=itl_s if fixed else None,
            jitter_ratio=check.number("--jitter", ns.jitter, 0, 1),
            max_batch=check.whole("--max-batch", ns.max_batch, 1),
            step_ms=check.number("--step-ms", ns.step_ms, 0.001),
            step_ms_per_seq=check.number("--step-ms-per-seq", ns.step_ms_per_seq, 0),
            prefill_us=check.number("--prefill-us", ns.prefill_us, 0),
            tokens=None if ns.tokens is None else check.whole("--tokens", ns.tokens, 1),
            tokens_mean=check.whole("--tokens-mean", ns.tokens_mean, 1),
            reasoning=check.whole("--reasoning", ns.reasoning, 0),
            tool_call=ns.tool_call,
            usage=cast("UsageWhen", ns.usage),
            answers=check.answers(ns.answers, ns.accuracy, calls=ns.tool_call),
            accuracy=check.accuracy(ns.accuracy),
            refusals=check.share("--refusals", ns.refusals),
            toxic=check.share("--toxic", ns.toxic),
            prompt_logprobs=cast("PromptLogprobs", ns.prompt_logprobs),
            faults=check.faults(ns.fault or []),
            fault_after=check.whole("--fault-after", ns.fault_after, 1),
            stall_s=check.number("--stall", ns.stall, 0),
            keep_alive_s=check.whole("--keep-alive", ns.keep_alive, 0),
            tls=ns.tls or ns.tls_ca_file is not None,
            tls_ca_file=ns.tls_ca_file,
            api_key_env=check.variable("--api-key-env", ns.api_key_env, environ),
        )
        if options.refusals + options.toxic > 1:
            check.mistakes.append("--refusals and --toxic add up to more than 1; lower one of them.")
        if check.mistakes:
            raise OptionsError(check.mistakes)
        return options


class _Check:
    """Reads values and collects what is wrong with them; a wrong one is replaced so that reading can go on."""

    def __init__(self) -> None:
        self.mistakes: list[str] = []

    def number(self, option: str, text: str, minimum: float | None, maximum: float = 1e9) -> float:
        try:
            value = float(text)
        except ValueError:
            self.mistakes.append(f"{option} takes a number, not {text!r}.")
            return 0.0
        # Written so that nan fails too.
        if not ((minimum is None or value >= minimum) and value <= maximum):
            self.mistakes.append(f"{option} must be {_between(minimum, maximum)}, not {text}.")
        return value

    def whole(self, option: str, text: str, minimum: int | None, maximum: int = 10**9) -> int:
        try:
            value = int(text)
        except ValueError:
            self.mistakes.append(f"{option} takes a whole number, not {text!r}.")
            return 0
        if (minimum is not None and value < minimum) or value > maximum:
            self.mistakes.append(f"{option} must be {_between(minimum, maximum)}, not {text}.")
        return value

    def faults(self, texts: list[str]) -> tuple[FaultShare, ...]:
        shares = tuple(share for share in map(self._fault, texts) if share is not None)
        if len({share.fault for share in shares}) < len(shares):
            self.mistakes.append("--fault names the same fault twice; give each one share.")
        if sum(share.share for share in shares) > 1:
            self.mistakes.append("The shares of --fault add up to more than 1; lower one of them.")
        return shares

    def _fault(self, text: str) -> FaultShare | None:
        name, _, share_text = text.partition("=")
        if name not in set(Fault):
            self.mistakes.append(f"--fault knows no {name!r}; choose one of {_NAMES}.")
            return None
        try:
            share = Fraction(share_text or "1")
        except (ValueError, ZeroDivisionError):
            share = Fraction(-1)
        if not 0 <= share <= 1:
            self.mistakes.append(f"--fault {text}: the share must be a number from 0 to 1.")
            return None
        return FaultShare(Fault(name), share)

    def answers(self, path: str | None, accuracy: str | None, *, calls: bool) -> tuple[Rule, ...]:
        if path is None:
            if accuracy is not None:
                self.mistakes.append("--accuracy is about the answers of --answers: give that, too.")
            return ()
        if calls:
            self.mistakes.append("--tool-call leaves no room for --answers; leave one of them out.")
        rules, mistakes = read_rules(path)
        self.mistakes += mistakes
        return rules

    def accuracy(self, text: str | None) -> Curve:
        try:
            return ALWAYS if text is None else parse_curve(text)
        except ValueError as error:
            self.mistakes.append(f"--accuracy takes a share, or shares by requests in hand like 1=0.95,8=0.9: {error}.")
            return ALWAYS

    def share(self, option: str, text: str) -> Fraction:
        try:
            return parse_share(text)
        except ValueError as error:
            self.mistakes.append(f"{option}: {error}.")
            return Fraction()

    def variable(self, option: str, name: str | None, environ: Mapping[str, str]) -> str | None:
        if name is not None and not environ.get(name):
            self.mistakes.append(f"{option} names {name}, which is not set in the environment.")
        return name


def _between(minimum: float | None, maximum: float) -> str:
    if maximum >= 10**9:
        return f"at least {minimum}"
    return f"from {minimum} to {maximum}"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the simulator's options. Numbers stay text here, so that all mistakes can be told together."""
    _add_server(parser.add_argument_group("server"))
    _add_timing(parser.add_argument_group("timing"))
    _add_answers(parser.add_argument_group("answers"))
    _add_planted(parser.add_argument_group("planted answers"))
    _add_faults(parser.add_argument_group("faults"))


def _add_server(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--host", default="127.0.0.1", help="address to listen on (default %(default)s)")
    group.add_argument("--port", default="8000", help="port; 0 takes a free one and prints it (default %(default)s)")
    group.add_argument("--model", nargs="+", action="extend", metavar="NAME", help="model names served (default sim)")
    group.add_argument("--api-key-env", metavar="NAME", help="require the API key held by this environment variable")
    group.add_argument("--keep-alive", default="5", metavar="S", help="close idle connections after (default 5 s)")
    group.add_argument("--tls", action="store_true", help="serve https with a certificate made for the occasion")
    group.add_argument("--tls-ca-file", metavar="PATH", help="where to write that certificate's CA; implies --tls")


def _add_timing(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--ttft", metavar="S", help="fixed mode: first token after this long (default 0.1)")
    group.add_argument("--itl", metavar="S", help="fixed mode: then one token every (default 0.02)")
    group.add_argument("--jitter", default="0", metavar="RATIO", help="fixed mode: spread, as a share of one gap")
    group.add_argument("--max-batch", default="8", metavar="N", help="engine: most requests decoded together")
    group.add_argument("--step-ms", default="20", metavar="MS", help="engine: a step takes (default %(default)s)")
    group.add_argument("--step-ms-per-seq", default="1", metavar="MS", help="engine: and per request in the batch")
    group.add_argument("--prefill-us", default="50", metavar="US", help="engine: and per prompt token admitted")


def _add_answers(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--tokens", metavar="N", help="tokens of every answer")
    group.add_argument("--tokens-mean", default="64", metavar="N", help="mean of tokens drawn (default %(default)s)")
    group.add_argument("--reasoning", default="0", metavar="N", help="send the first N tokens as reasoning")
    group.add_argument("--tool-call", action="store_true", help="answer with one tool call instead of text")
    group.add_argument("--usage", choices=("always", "asked", "never"), default="asked", help="token counts")
    group.add_argument("--seed", default="0", metavar="N", help="answers follow (seed, prompt)")


def _add_planted(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--answers", metavar="FILE", help="what to answer to which prompts, a JSON object a line")
    group.add_argument("--accuracy", metavar="SHARES", help="of these answers so many are right, like 1=0.95,16=0.6")
    group.add_argument("--refusals", default="0", metavar="SHARE", help="so many answers decline to answer")
    group.add_argument("--toxic", default="0", metavar="SHARE", help="so many answers are insults")
    group.add_argument(
        "--prompt-logprobs",
        choices=("all", "echo", "engine", "none"),
        default="all",
        help="ways in which log-probabilities of a prompt are told (default %(default)s)",
    )


def _add_faults(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--fault", action="append", metavar="NAME[=SHARE]", help=f"repeatable; one of {_NAMES}")
    group.add_argument(
        "--fault-after", default="3", metavar="N", help="tokens before a fault in mid-stream (default 3)"
    )
    group.add_argument("--stall", default="600", metavar="S", help="end a stall after (default 600 s)")
