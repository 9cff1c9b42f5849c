"""What is asked: where it is, what it speaks, and how it is entered."""

from harness import targets, values
from harness.dialects import read_name
from harness.options.option import Option

OF_ONE = {
    "host": values.url,
    "model": values.words,
    "dialect": read_name,
    "api_key_env": values.variable,
    "headers": values.header,
}
"""Readers of what is said of one target."""

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
    Option(
        "dialect",
        ("--dialect",),
        read_name,
        "chat",
        "the API that the server speaks; or one of your own: ./my_dialect.py, or my_package.my_dialect",
        "NAME",
    ),
    Option(
        "query_model",
        ("--query-model",),
        str,
        "–",
        "instead of --host: a Python file whose query_model(prompt, max_resp_tokens) asks the server and yields its answer",
        "FILE",
    ),
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
        whole=True,
    ),
    Option(
        "targets",
        ("--target",),
        targets.reader(OF_ONE),
        "–",
        'one of several servers or models, "name=a host=URL model=NAME dialect=NAME weight=N"; what is left out is taken '
        "from the options of the same names; may be repeated",
        "WORDS",
        many=True,
        whole=True,
    ),
    Option(
        "target_mode",
        ("--target-mode",),
        values.one_of(*targets.MODES),
        targets.MODES[0],
        "how several targets share a run: interleaved, one point after another at each user count; sequential, all user "
        "counts of one and then of the next; mixed, at once, each user with one target, by their weights",
        "MODE",
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
