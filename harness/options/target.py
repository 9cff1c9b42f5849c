"""What is asked: where it is, what it speaks, and how it is entered."""

from harness import values
from harness.dialects import DIALECTS
from harness.options.option import Option

TARGET: tuple[Option, ...] = (
    Option(
        "host",
        ("-H", "--host"),
        values.url,
        "required",
        "base URL of the server, or the full endpoint",
        "URL",
        locusts=True,
    ),
    Option(
        "model", ("--model",), str, "the only one the server lists", "model to ask for, as the server names it", "NAME"
    ),
    Option("dialect", ("--dialect",), values.one_of(*DIALECTS), "chat", "the API that the server speaks", "NAME"),
    Option(
        "api_key_env",
        ("--api-key-env",),
        values.variable,
        "by dialect",
        "environment variable that holds the API key, such as OPENAI_API_KEY for chat; unset or empty: no key is sent",
        "VARIABLE",
    ),
    Option(
        "headers",
        ("--header",),
        values.header,
        "–",
        'a header for every request, "Name: value", or "Name: env:VARIABLE" for a secret; may be repeated',
        "HEADER",
        many=True,
    ),
    Option(
        "probe",
        ("--probe", "--no-probe"),
        values.switch,
        "on",
        "ask the server once for its list of models before the sweep",
        switch=True,
    ),
)
