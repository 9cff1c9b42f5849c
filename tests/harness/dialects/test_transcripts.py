"""What servers really send, after their documentation and their code, and what each event of it says."""

from pathlib import Path

import pytest

from harness.dialects import DIALECTS
from harness.dialects.piece import Counted, Done, Fault, Finish, Piece, Reasoning, Text, ToolCall
from harness.framing import decoder_for
from harness.record import Usage

TRANSCRIPTS = Path(__file__).parent / "transcripts"
TYPES = {".sse": "text/event-stream", ".ndjson": "application/x-ndjson"}

# The pieces of each event, in order; nothing for roles, pings and nulls.
SAID: dict[str, list[list[Piece]]] = {
    "completions/vllm.sse": [
        [Text(" One")],
        [Text(" two"), Finish("length")],
        [Counted(Usage(prompt=4, output=2))],
        [Done()],
    ],
    "completions/transformers.sse": [
        [Text("One")],
        [Text(" two")],
        [Finish("length"), Counted(Usage(prompt=4, output=2))],
    ],
    "completions/faults.sse": [
        [Text("So")],
        [Fault("CUDA out of memory")],
        [Fault("Shutting down")],
        [Fault("worker lost")],
    ],
    "responses/openai.sse": [
        [],
        [],
        [Reasoning("Adding")],
        [],
        [],
        [],
        [Text("Four")],
        [],
        [],
        [ToolCall("add")],
        [ToolCall('{"a":2}')],
        [],
        [Finish("completed"), Counted(Usage(prompt=36, output=11, cached=8, reasoning=5))],
    ],
    "responses/refusal.sse": [[Text("I can't.")], [Finish("content_filter")]],
    "responses/transformers.sse": [
        [],
        [Reasoning("Hm")],
        [ToolCall("add"), ToolCall('{"a":2}')],
        [],
        [Finish("completed"), Counted(Usage(prompt=5, output=3))],
    ],
    "responses/faults.sse": [
        [Fault("The engine died.")],
        [Fault("Out of memory"), Counted(Usage(prompt=5, output=2))],
        [Fault("an error without a message")],
        [Fault("worker lost")],
        [Fault("Overloaded")],
        [Done()],
    ],
    "messages/anthropic.sse": [
        # 12 fresh tokens, 30 written to the cache and 100 read from it; the output count of a beginning is none.
        [Counted(Usage(prompt=142, cached=100))],
        [],
        [],
        [Reasoning("Let me see.")],
        [],
        [],
        [],
        [],
        [Text("Okay")],
        [],
        [ToolCall("get_weather")],
        [],
        [ToolCall('{"location":')],
        [ToolCall(' "Oslo"}')],
        [Finish("tool_use"), Counted(Usage(output=89))],
        [Done()],
    ],
    "messages/vllm.sse": [
        [Counted(Usage(prompt=20))],
        [Text("Hi")],
        [Text(" there")],
        [Finish("max_tokens"), Counted(Usage(prompt=20, output=2))],
        [Done()],
        [Done()],
    ],
    "messages/refusal.sse": [
        [Counted(Usage(prompt=9))],
        [Text("Hello")],
        [Finish("refusal"), Counted(Usage(output=3))],
        [Done()],
    ],
    "messages/faults.sse": [[Fault("Overloaded")], [Fault("api_error")], [Fault("worker lost")]],
    "gemini/google.sse": [
        [Reasoning("Let me see."), Counted(Usage(prompt=8, output=20, reasoning=20))],
        # 1 of the answer and 22 of the thoughts.
        [Text("Four"), Text("."), Counted(Usage(prompt=8, output=23, cached=4, reasoning=22))],
        [ToolCall("add"), ToolCall('{"a":2,"b":"é"}')],
        [ToolCall("2 + 2")],
        [Finish("STOP"), Counted(Usage(prompt=8, output=25, reasoning=22))],
    ],
    "gemini/blocked.sse": [[Finish("PROHIBITED_CONTENT"), Counted(Usage(prompt=8))], [Finish("SAFETY")]],
    "gemini/faults.sse": [[Fault("The model is overloaded.")]],
    "ollama/ollama.ndjson": [
        [Reasoning("Okay")],
        [Text("Four")],
        [ToolCall("add"), ToolCall('{"a":2,"b":"<é>"}'), ToolCall("now"), ToolCall("{}")],
        [Finish("stop"), Counted(Usage(prompt=26, output=282))],
    ],
    "ollama/older.ndjson": [[Text("The")], [Done(), Counted(Usage(output=1))]],
    "ollama/faults.ndjson": [[Fault("an error was encountered while running the model: CUDA error")]],
    "tgi/tgi.sse": [[Text(" a")], [], [Finish("eos_token"), Counted(Usage(prompt=11, output=3))]],
    "tgi/older.sse": [[Text("a"), Finish("length"), Counted(Usage(output=1))], [Text("b")]],
    "tgi/faults.sse": [
        [Fault("Request failed during generation: Server error: CUDA out of memory")],
        [Fault("worker lost")],
    ],
}


@pytest.mark.parametrize("name", SAID)
def test_what_a_transcript_says(name):
    path = TRANSCRIPTS / name
    events = decoder_for(TYPES[path.suffix]).feed(path.read_bytes())
    assert [DIALECTS[path.parent.name].decode(event) for event in events] == SAID[name]


def test_there_is_an_expectation_for_every_transcript():
    there = {str(path.relative_to(TRANSCRIPTS)) for path in TRANSCRIPTS.rglob("*/*") if path.suffix in TYPES}
    assert there == set(SAID)


def test_every_dialect_has_transcripts():
    assert {name.partition("/")[0] for name in SAID} | {"chat"} == set(DIALECTS)
