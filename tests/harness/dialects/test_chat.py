import json
from pathlib import Path

import pytest

from harness.call import Timeouts
from harness.dialects.ask import Ask
from harness.dialects.chat import Chat
from harness.dialects.piece import Counted, Done, Fault, Finish, Reasoning, Text, ToolCall
from harness.dialects.reading import words_of
from harness.outcome import Unreadable
from harness.record import Usage
from harness.sse import Event, SseDecoder
from harness.testset import Message

TRANSCRIPTS = Path(__file__).parent / "transcripts"

# The pieces of each event, in order; nothing for roles, pings and nulls.
SAID = {
    "openai": [
        [],
        [Text("Hi")],
        [Text(" 你🎉")],
        [Finish("stop")],
        [Counted(Usage(prompt=9, output=3, cached=4, reasoning=0))],
        [Done()],
    ],
    "vllm-reasoning": [
        [],
        [Reasoning("Let me")],
        [Reasoning(" see.")],
        [Text("Yes")],
        [Text("."), Finish("length")],
        [Counted(Usage(prompt=5, output=6))],
        [Done()],
    ],
    "openrouter": [
        [Reasoning("Hm")],
        [Text("Yes")],
        [Finish("stop")],
        [Counted(Usage(prompt=7, output=2, reasoning=1))],
        [Done()],
    ],
    "transformers": [
        [],
        [Text("One")],
        [Text(" two")],
        [Finish("length"), Counted(Usage(prompt=11, output=2))],
    ],
    "tools": [
        [ToolCall("weather")],
        [ToolCall('{"city":')],
        [ToolCall('"Oslo"}')],
        [Finish("tool_calls")],
        [Done()],
    ],
    "refusal": [[], [Text("I'm sorry.")], [Finish("stop")], [Done()]],
    "continuous-usage": [
        [Counted(Usage(prompt=4, output=0))],
        [Text("a"), Counted(Usage(prompt=4, output=1))],
        [Text("b"), Finish("stop"), Counted(Usage(prompt=4, output=2))],
        [Done()],
    ],
    "nulls": [[], [], [], [], [Counted(Usage())], [], []],
    "mistral": [
        [],
        [Reasoning("Let me")],
        [Reasoning(" see."), Text("Y")],
        [Text("es"), Finish("stop"), Counted(Usage(prompt=5, output=4))],
        [Done()],
    ],
    "groq": [
        [],
        [Reasoning("Hm")],
        [Text("Yes")],
        [Finish("stop"), Counted(Usage(prompt=7, output=2))],
        [Done()],
    ],
    "moonshot": [[Text("Hi")], [Finish("stop"), Counted(Usage(prompt=8, output=1, cached=3))], [Done()]],
    "deepseek": [
        [],
        [Reasoning("Hm")],
        [Text("Yes")],
        [Finish("stop"), Counted(Usage(prompt=12, output=3, cached=10, reasoning=1))],
        [Done()],
    ],
    "minimax": [[Reasoning("Hm")], [Reasoning("So")], [Text("Yes"), Finish("stop")]],
    "faults": [
        [Text("So")],
        [Fault("The engine died.")],
        [Fault("Overloaded")],
        [Fault("Out of memory")],
        [Fault("Shutting down")],
        [Fault("timeout_error")],
        [Fault("worker lost")],
        [Fault("an error without a message")],
    ],
}


def decode(data: str, name: str = "message"):
    return Chat().decode(Event(name, data))


@pytest.mark.parametrize("name", SAID)
def test_what_a_transcript_says(name):
    events = SseDecoder().feed((TRANSCRIPTS / f"{name}.sse").read_bytes())
    assert [Chat().decode(event) for event in events] == SAID[name]


def test_there_is_an_expectation_for_every_transcript():
    assert {path.stem for path in TRANSCRIPTS.glob("*.sse")} == set(SAID)


def test_a_whole_answer_is_one_event():
    assert decode((TRANSCRIPTS / "answer.json").read_text()) == [
        Reasoning("2+2"),
        Text("Four."),
        ToolCall("add"),
        ToolCall("{}"),
        Finish("stop"),
        Counted(Usage(prompt=6, output=5)),
    ]


def test_blanks_around_the_end_marker():
    assert decode(" [DONE] ") == [Done()]


def test_a_function_call_of_old_is_a_tool_call():
    data = '{"choices":[{"delta":{"function_call":{"name":"add","arguments":"{}"}}}]}'
    assert decode(data) == [ToolCall("add"), ToolCall("{}")]


def test_half_an_emoji_is_text():
    assert decode('{"choices":[{"delta":{"content":"\\ud83c"}}]}') == [Text("\ud83c")]


@pytest.mark.parametrize(
    "data",
    [
        "nonsense",
        "[1]",
        '"text"',
        '{"choices":[',
        '{"choices":{}}',
        '{"choices":[{"delta":{"content":5}}]}',
        '{"error":' + "[" * 100_000 + "]" * 100_000 + "}",
    ],
    ids=lambda data: data[:30],
)
def test_what_is_no_chunk_cannot_be_read(data):
    with pytest.raises(Unreadable, match=r"^an event is not a chat completion chunk: \S"):
        decode(data)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ('{"error":{"message":"No such model","code":404}}', "No such model"),
        ('{"error":"slow down"}', "slow down"),
        ('{"detail":"Not Found"}', "Not Found"),
        ('{"detail":[{"loc":["body"],"msg":"missing"}]}', "[{'loc': ['body'], 'msg': 'missing'}]"),
        ('{"error":null,"message":"no"}', "no"),
        ('{"error":{"message":"","type":"t"}}', "t"),
        ('{"error":{"code":17}}', "17"),
        ("{}", "an error without a message"),
        ("", "an error without a message"),
        ("<html>\n <h1>Bad\tGateway</h1>", "<html> <h1>Bad Gateway</h1>"),
        ('"quoted"', '"quoted"'),
    ],
)
def test_the_words_of_an_error(answer, words):
    assert words_of(answer) == words


URLS = [
    ("http://h", "http://h/v1/chat/completions", "http://h/v1/models"),
    ("http://h/", "http://h/v1/chat/completions", "http://h/v1/models"),
    ("http://h:8000", "http://h:8000/v1/chat/completions", "http://h:8000/v1/models"),
    ("https://h", "https://h/v1/chat/completions", "https://h/v1/models"),
    ("http://[::1]:80", "http://[::1]:80/v1/chat/completions", "http://[::1]:80/v1/models"),
    ("http://h/v1", "http://h/v1/chat/completions", "http://h/v1/models"),
    ("http://h/v1/", "http://h/v1/chat/completions", "http://h/v1/models"),
    ("http://h/api/v3", "http://h/api/v3/chat/completions", "http://h/api/v3/models"),
    ("http://h/v1/chat/completions", "http://h/v1/chat/completions", "http://h/v1/models"),
    ("http://h/v1/chat/completions/", "http://h/v1/chat/completions", "http://h/v1/models"),
    ("https://h/chat/completions", "https://h/chat/completions", "https://h/models"),
    (
        "https://gw/openai/deployments/x",
        "https://gw/openai/deployments/x/chat/completions",
        "https://gw/openai/deployments/x/models",
    ),
    (
        "https://gw/openai/deployments/x?api-version=1",
        "https://gw/openai/deployments/x/chat/completions?api-version=1",
        "https://gw/openai/deployments/x/models?api-version=1",
    ),
    ("http://h?v=/1", "http://h/v1/chat/completions?v=/1", "http://h/v1/models?v=/1"),
]


@pytest.mark.parametrize(("host", "endpoint", "models"), URLS)
def test_where_to_ask(host, endpoint, models):
    assert Chat().endpoint(host) == endpoint
    assert Chat().models(host) == models


@pytest.mark.parametrize(("host", "endpoint", "models"), URLS)
def test_an_endpoint_is_its_own_endpoint(host, endpoint, models):
    assert Chat().endpoint(endpoint) == endpoint
    assert Chat().models(endpoint) == models


def ask(**fields) -> Ask:
    given = {
        "id": "5f0c-3-000017",
        "url": "http://h/v1/chat/completions",
        "model": "m",
        "messages": (Message("system", "Be brief."), Message("user", "你好")),
        "max_tokens": 64,
    }
    return Ask(**(given | fields))


def test_what_is_sent():
    call = Chat().encode(ask(timeouts=Timeouts(total_s=7)))
    assert (call.method, call.url, call.timeouts.total_s) == ("POST", "http://h/v1/chat/completions", 7)
    assert json.loads(call.body) == {
        "model": "m",
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "你好"}],
        "max_tokens": 64,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    assert call.headers == {
        "Content-Type": "application/json",
        "Accept": "text/event-stream",
        "X-Request-ID": "5f0c-3-000017",
    }


def test_what_is_sent_for_a_whole_answer():
    call = Chat().encode(ask(stream=False))
    body = json.loads(call.body)
    assert body["stream"] is False
    assert "stream_options" not in body
    assert call.headers["Accept"] == "application/json"


def test_a_key_is_sent_and_nowhere_shown():
    asked = ask(key="sk-123", headers={"X-Secret": "s3cret"})
    call = Chat().encode(asked)
    assert call.headers["Authorization"] == "Bearer sk-123"
    assert call.headers["X-Secret"] == "s3cret"
    for shown in (repr(asked), repr(call)):
        assert "sk-123" not in shown
        assert "s3cret" not in shown


def test_a_header_of_the_user_prevails():
    call = Chat().encode(ask(key="sk-123", headers={"Authorization": "Basic x"}))
    assert call.headers["Authorization"] == "Basic x"
