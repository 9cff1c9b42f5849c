"""One story told by each API, written down by hand from its documentation: bytes of a stream, or a whole answer.

told("messages", [Said("Hi"), Counts(...), End("stop")])      the stream, as bytes
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple


class Said(NamedTuple):
    text: str


class Thought(NamedTuple):
    text: str


class Called(NamedTuple):
    """A tool call: its name, and the pieces of its arguments."""

    name: str
    arguments: tuple[str, ...]

    @property
    def parsed(self) -> dict:
        return json.loads("".join(self.arguments))


class Counts(NamedTuple):
    prompt: int
    output: int
    cached: int
    reasoning: int


class End(NamedTuple):
    """The answer is complete, for a reason in the words of chat completions."""

    reason: str
    counts: Counts | None


class Failed(NamedTuple):
    message: str


class Quiet(NamedTuple):
    """Nothing is said, so that nobody hangs up."""


Step = Said | Thought | Called | End | Failed | Quiet
REASONS = {
    "chat": {"stop": "stop", "length": "length", "tool_calls": "tool_calls"},
    "completions": {"stop": "stop", "length": "length"},
    "responses": {"stop": "completed", "length": "max_output_tokens", "tool_calls": "completed"},
    "messages": {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use"},
    "gemini": {"stop": "STOP", "length": "MAX_TOKENS", "tool_calls": "STOP"},
    "ollama": {"stop": "stop", "length": "length", "tool_calls": "stop"},
    "tgi": {"stop": "eos_token", "length": "length"},
}


def js(value) -> str:
    return json.dumps(value, ensure_ascii=False)


def data(value) -> bytes:
    return f"data: {js(value)}\n\n".encode()


def named(name: str, /, **value) -> bytes:
    return f"event: {name}\ndata: {js({'type': name, **value})}\n\n".encode()


@dataclass
class Teller:
    """Renders steps; a subclass is an API. What it cannot say it leaves out."""

    name: str = ""

    def tell(self, steps: Sequence[Step]) -> bytes:
        ways: dict[type, Callable] = {
            Said: self.said, Thought: self.thought, Called: self.called, End: self.end, Failed: self.failed,
            Quiet: self.quiet,
        }  # fmt: skip
        return self.begin(steps) + b"".join(ways[type(step)](step) for step in steps)

    def begin(self, steps: Sequence[Step]) -> bytes:
        return b""

    def quiet(self, step: Quiet) -> bytes:
        return b": keep-alive\n\n"

    def reason(self, end: End) -> str:
        return REASONS[self.name][end.reason]


def openai_usage(counts: Counts) -> dict:
    return {
        "prompt_tokens": counts.prompt,
        "completion_tokens": counts.output,
        "total_tokens": counts.prompt + counts.output,
        "prompt_tokens_details": {"cached_tokens": counts.cached},
        "completion_tokens_details": {"reasoning_tokens": counts.reasoning},
    }


class ChatTeller(Teller):
    def chunk(self, delta, finish=None, **more) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return data({"id": "c1", "object": "chat.completion.chunk", "model": "m", "choices": [choice], **more})

    def begin(self, steps):
        return self.chunk({"role": "assistant", "content": ""})

    def said(self, step):
        return self.chunk({"content": step.text})

    def thought(self, step):
        return self.chunk({"reasoning_content": step.text})

    def called(self, step):
        begun = {"index": 0, "id": "c", "type": "function", "function": {"name": step.name, "arguments": ""}}
        parts = [{"index": 0, "function": {"arguments": part}} for part in step.arguments]
        return b"".join(self.chunk({"tool_calls": [part]}) for part in (begun, *parts))

    def end(self, step):
        told = self.chunk({}, self.reason(step))
        if step.counts is not None:
            told += data({"choices": [], "usage": openai_usage(step.counts)})
        return told + b"data: [DONE]\n\n"

    def failed(self, step):
        return data({"error": {"message": step.message, "type": "server_error"}})


class CompletionsTeller(Teller):
    def said(self, step):
        return data({"object": "text_completion", "choices": [{"index": 0, "text": step.text, "finish_reason": None}]})

    def thought(self, step):
        return b""

    called = thought

    def end(self, step):
        told = data({"choices": [{"index": 0, "text": "", "finish_reason": self.reason(step)}]})
        if step.counts is not None:
            told += data({"choices": [], "usage": openai_usage(step.counts)})
        return told + b"data: [DONE]\n\n"

    def failed(self, step):
        return data({"error": {"message": step.message, "type": "server_error"}})


class ResponsesTeller(Teller):
    def begin(self, steps):
        return named("response.created", response={"id": "r1", "object": "response", "status": "in_progress"})

    def said(self, step):
        return named("response.output_text.delta", item_id="i", content_index=0, delta=step.text, logprobs=[])

    def thought(self, step):
        return named("response.reasoning_text.delta", item_id="i", content_index=0, delta=step.text)

    def called(self, step):
        item = {"type": "function_call", "id": "f", "call_id": "c", "name": step.name, "arguments": ""}
        delta = "response.function_call_arguments.delta"
        whole = "".join(step.arguments)
        return (
            named("response.output_item.added", output_index=1, item=item)
            + b"".join(named(delta, item_id="f", delta=part) for part in step.arguments)
            + named("response.function_call_arguments.done", item_id="f", name=step.name, arguments=whole)
            + named("response.output_item.done", output_index=1, item={**item, "arguments": whole})
        )

    def end(self, step):
        reason = self.reason(step)
        response: dict = {"object": "response", "status": "completed", "error": None, "incomplete_details": None}
        if reason != "completed":
            response |= {"status": "incomplete", "incomplete_details": {"reason": reason}}
        if step.counts is not None:
            prompt, output, cached, reasoning = step.counts
            response["usage"] = {
                "input_tokens": prompt,
                "input_tokens_details": {"cached_tokens": cached},
                "output_tokens": output,
                "output_tokens_details": {"reasoning_tokens": reasoning},
            }
        return named(f"response.{response['status']}", response=response)

    def failed(self, step):
        response = {
            "object": "response",
            "status": "failed",
            "error": {"code": "server_error", "message": step.message},
        }
        return named("response.failed", response=response)


class MessagesTeller(Teller):
    def begin(self, steps):
        counts = next((step.counts for step in steps if isinstance(step, End)), None)
        message: dict = {"id": "m1", "type": "message", "role": "assistant", "content": [], "stop_reason": None}
        if counts is not None:
            # What comes from the cache is no part of the input tokens.
            fresh = counts.prompt - counts.cached
            message["usage"] = {
                "input_tokens": fresh,
                "cache_creation_input_tokens": 0,
                "cache_read_input_tokens": counts.cached,
                "output_tokens": 1,
            }
        return named("message_start", message=message) + named("ping")

    def block(self, block, *deltas) -> bytes:
        told = [named("content_block_delta", index=0, delta=delta) for delta in deltas]
        begun = named("content_block_start", index=0, content_block=block)
        return begun + b"".join(told) + named("content_block_stop", index=0)

    def said(self, step):
        return self.block({"type": "text", "text": ""}, {"type": "text_delta", "text": step.text})

    def thought(self, step):
        signed = {"type": "signature_delta", "signature": "EqQB"}
        return self.block(
            {"type": "thinking", "thinking": ""}, {"type": "thinking_delta", "thinking": step.text}, signed
        )

    def called(self, step):
        deltas = [{"type": "input_json_delta", "partial_json": part} for part in ("", *step.arguments)]
        return self.block({"type": "tool_use", "id": "t", "name": step.name, "input": {}}, *deltas)

    def end(self, step):
        told: dict = {"delta": {"stop_reason": self.reason(step), "stop_sequence": None}}
        if step.counts is not None:
            told["usage"] = {"output_tokens": step.counts.output}
        return named("message_delta", **told) + named("message_stop")

    def failed(self, step):
        return named("error", error={"type": "overloaded_error", "message": step.message})

    def quiet(self, step):
        return named("ping") + b": keep-alive\n\n"


class GeminiTeller(Teller):
    def chunk(self, part, finish=None, **more) -> bytes:
        candidate: dict = {"content": {"parts": [part], "role": "model"}, "index": 0}
        if finish is not None:
            candidate["finishReason"] = finish
        return data({"candidates": [candidate], "modelVersion": "m", **more})

    def said(self, step):
        return self.chunk({"text": step.text})

    def thought(self, step):
        return self.chunk({"text": step.text, "thought": True})

    def called(self, step):
        return self.chunk({"functionCall": {"name": step.name, "args": step.parsed}, "thoughtSignature": "CiQB"})

    def end(self, step):
        more = {}
        if step.counts is not None:
            prompt, output, cached, reasoning = step.counts
            more["usageMetadata"] = {
                "promptTokenCount": prompt,
                "cachedContentTokenCount": cached,
                "candidatesTokenCount": output - reasoning,
                "thoughtsTokenCount": reasoning,
                "totalTokenCount": prompt + output,
            }
        return self.chunk({"text": ""}, self.reason(step), **more)

    def failed(self, step):
        return data({"error": {"code": 503, "message": step.message, "status": "UNAVAILABLE"}})


class OllamaTeller(Teller):
    def line(self, message, **more) -> bytes:
        told = {"model": "m", "created_at": "2026-01-31T12:00:00Z", "message": {"role": "assistant", **message}}
        return (js({**told, "done": False, **more}) + "\n").encode()

    def said(self, step):
        return self.line({"content": step.text})

    def thought(self, step):
        return self.line({"content": "", "thinking": step.text})

    def called(self, step):
        return self.line({"content": "", "tool_calls": [{"function": {"name": step.name, "arguments": step.parsed}}]})

    def end(self, step):
        more: dict = {"done": True, "done_reason": self.reason(step), "total_duration": 7}
        if step.counts is not None:
            more |= {"prompt_eval_count": step.counts.prompt, "eval_count": step.counts.output}
        return self.line({"content": ""}, **more)

    def failed(self, step):
        return (js({"error": step.message}) + "\n").encode()

    def quiet(self, step):
        return b"\n"


class TgiTeller(Teller):
    def event(self, text, special=False, **more) -> bytes:
        told = {"index": 1, "token": {"id": 5, "text": text, "logprob": -0.5, "special": special}}
        # TGI puts no blank after the colon.
        return f"data:{js({**told, 'generated_text': None, 'details': None, **more})}\n\n".encode()

    def said(self, step):
        return self.event(step.text)

    def thought(self, step):
        return b""

    called = thought

    def end(self, step):
        details: dict = {"finish_reason": self.reason(step), "seed": None}
        if step.counts is not None:
            details |= {"generated_tokens": step.counts.output, "input_length": step.counts.prompt}
        return self.event("</s>", special=True, generated_text="All of it once more.", details=details)

    def failed(self, step):
        return data({"error": step.message, "error_type": "generation"})


TELLERS = {
    "chat": ChatTeller, "completions": CompletionsTeller, "responses": ResponsesTeller, "messages": MessagesTeller,
    "gemini": GeminiTeller, "ollama": OllamaTeller, "tgi": TgiTeller,
}  # fmt: skip
STREAM_TYPES = {"ollama": "application/x-ndjson"}


def told(dialect: str, steps: Sequence[Step]) -> bytes:
    """The stream in which the API of this dialect tells the story."""
    return TELLERS[dialect](dialect).tell(steps)
